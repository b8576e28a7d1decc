"""Groups of people. Call the functions that write in a transaction: the group's number of people is kept in it."""

from collections.abc import Sequence
from datetime import datetime

from api.ids import new_id
from api.models import GroupMember, PeopleGroup
from api.store.engine.bulk import insert
from api.store.engine.database import is_postgres
from api.store.engine.listing.listing import Count, Listing
from api.store.engine.sql import execute, in_byte_order, in_list

MAX_PEOPLE = 200_000
"""The most people of a group: as many as one launch takes by id."""


def groups(workspace_id: str) -> Listing:
    """Return the groups of a workspace, as they were created."""
    return Listing(PeopleGroup).equal(workspace_id=workspace_id)


def members(group_id: str) -> Listing:
    """Return the people of a group, as they were added."""
    return Listing(GroupMember).equal(people_group_id=group_id)


async def size(group_id: str) -> Count:
    """Count the people of a group, by the number that it keeps."""
    rows = await execute("SELECT people FROM people_group WHERE id = $1", group_id)
    return Count(int(rows[0]["people"]) if rows else 0, exact=True)


async def lock_group(group_id: str) -> int | None:
    """Lock a group until the transaction ends. Returns its number of people; None if it was deleted."""
    lock = "FOR NO KEY UPDATE" if is_postgres() else ""
    rows = await execute(f"SELECT people FROM people_group WHERE id = $1 {lock}", group_id)
    return int(rows[0]["people"]) if rows else None


async def add_people(workspace_id: str, group_id: str, person_ids: Sequence[str], now: datetime) -> int:
    """Add people to a locked group, except those who are in it. Returns how many are new. ``now`` is UTC."""
    columns = {"workspace_id": workspace_id, "people_group_id": group_id, "added_at": now}
    rows = [{"id": new_id("mem"), "person_id": person_id} for person_id in person_ids]
    added = len(await insert("group_member", columns, rows, skip_duplicates=True))
    await execute("UPDATE people_group SET people = people + $2 WHERE id = $1", group_id, added)
    return added


async def remove_person(group_id: str, person_id: str) -> bool:
    """Remove a person from a locked group. Returns False if the person was not in it."""
    removed = await execute(
        "DELETE FROM group_member WHERE people_group_id = $1 AND person_id = $2 RETURNING id", group_id, person_id
    )
    await execute("UPDATE people_group SET people = people - $2 WHERE id = $1", group_id, len(removed))
    return bool(removed)


async def leave_groups(person_ids: Sequence[str]) -> None:
    """Remove people from all their groups."""
    statement = f"SELECT people_group_id, person_id FROM group_member WHERE {in_list('person_id', 1)}"
    rows = await execute(f"{statement} ORDER BY people_group_id, person_id", list(person_ids))
    for row in rows:
        if await lock_group(row["people_group_id"]) is not None:
            await remove_person(row["people_group_id"], row["person_id"])


async def person_ids(group_id: str) -> list[str]:
    """Return the ids of the people of a group, in the order of their ids."""
    rows = await execute(
        f"SELECT person_id FROM group_member WHERE people_group_id = $1 ORDER BY {in_byte_order('person_id')}", group_id
    )
    return [row["person_id"] for row in rows]
