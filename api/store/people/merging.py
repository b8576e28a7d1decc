"""Move the rows of one person to another. Call the functions that write in a transaction."""

from datetime import datetime

from api.store.crm.person_records import move_records
from api.store.engine.database import is_postgres
from api.store.engine.rows import is_possible_id
from api.store.engine.sql import document, execute, in_list
from api.store.people.former_addresses import move_former_addresses
from api.store.people.groups import add_people, leave_groups, lock_group

IN_CAMPAIGNS = (
    "id IN (SELECT send.id FROM enrollment JOIN send ON send.enrollment_id = enrollment.id"
    " WHERE enrollment.person_id = $1)"
)
OUTSIDE = "person_id = $1 AND enrollment_id IS NULL"
WAITING = "status || '' NOT IN ('SENT', 'FAILED', 'BOUNCED')"
AT_ONCE = (
    ("send", IN_CAMPAIGNS),
    ("enrollment", "person_id = $1"),
    ("send", f"{OUTSIDE} AND {WAITING}"),
    ("task", "person_id = $1 AND (enrollment_id IS NOT NULL OR status || '' = 'OPEN')"),
)
"""What moves with the decision, as tables with SQL conditions that use an index: what campaigns have made, whose number
the campaigns limit, and what still happens. Emails of campaigns are found by their enrollments."""
LATER = (("send", OUTSIDE, "id"), ("task", "person_id = $1", "id"), ("event", "person_id = $1", "position, id"))
"""What moves in chunks, because a person can have any number: tables with a condition and the order of an index."""


async def lock_people(*person_ids: str) -> None:
    """Lock people who are merged or erased, always in the same order, so that no other transaction writes for them."""
    if is_postgres():
        ids = [each for each in person_ids if is_possible_id(each)]
        await execute(f"SELECT id FROM person WHERE {in_list('id', 1)} ORDER BY id FOR UPDATE", ids)


async def campaigns_of_both(first_id: str, second_id: str) -> list[str]:
    """Return the names of the campaigns in which one of the people is active, and the other one is or was.

    The merged person would get the campaign's emails twice, or get more emails of a campaign that a reply has ended.
    """
    rows = await execute(
        "SELECT name FROM campaign WHERE id IN (SELECT mine.campaign_id FROM enrollment AS mine"
        " JOIN enrollment AS other ON other.campaign_id = mine.campaign_id AND other.person_id = $2"
        " WHERE mine.person_id = $1 AND (mine.ended_at IS NULL OR other.ended_at IS NULL)) ORDER BY name, id",
        first_id,
        second_id,
    )
    return [row["name"] for row in rows]


async def unfinished_source(person_id: str) -> str | None:
    """Return the id of a person who was merged into this one, and whose rows have not all moved yet."""
    merged = await execute("SELECT data FROM event WHERE person_id = $1 AND kind = 'PEOPLE_MERGED'", person_id)
    for source_id in sorted({str(document(row["data"]).get("from")) for row in merged}):
        for table, condition, _ in LATER:
            if await execute(f"SELECT 1 AS found FROM {table} WHERE {condition} LIMIT 1", source_id):
                return source_id
    return None


async def move_history(source_id: str, target_id: str, limit: int) -> int:
    """Give up to ``limit`` rows of one person to the other. Returns how many moved."""
    number = 0
    for table, condition, order in LATER:
        if number < limit:
            rows = f"SELECT id FROM {table} WHERE {condition} ORDER BY {order} LIMIT $3"
            statement = f"UPDATE {table} SET person_id = $2 WHERE id IN ({rows}) RETURNING id"
            number += len(await execute(statement, source_id, target_id, limit - number))
    return number


async def lock_remaining(person_id: str) -> bool:
    """Lock a person to whom events move. Returns False if they were merged or erased meanwhile."""
    await lock_people(person_id)
    return bool(await execute("SELECT id FROM person WHERE id = $1 AND erased_at IS NULL", person_id))


async def move_rows(workspace_id: str, source_id: str, target_id: str) -> None:
    """Give the other person what moves at once: campaigns, what waits, groups, imports, addresses and CRM records."""
    for table, condition in AT_ONCE:
        await execute(f"UPDATE {table} SET person_id = $2 WHERE {condition}", source_id, target_id)
    statement = "SELECT people_group_id, added_at FROM group_member WHERE person_id = $1 ORDER BY people_group_id"
    memberships = await execute(statement, source_id)
    await leave_groups([source_id])
    for row in memberships:
        if await lock_group(row["people_group_id"]) is not None:
            await add_people(workspace_id, row["people_group_id"], [target_id], row["added_at"])
    await execute(
        "INSERT INTO imported_person (people_import_id, person_id) SELECT people_import_id, CAST($2 AS varchar)"
        " FROM imported_person WHERE person_id = $1 ON CONFLICT DO NOTHING",
        source_id,
        target_id,
    )
    await move_former_addresses(source_id, target_id)
    for table in ("first_email", "launch_choice", "imported_person", "former_address"):
        await execute(f"DELETE FROM {table} WHERE person_id = $1", source_id)
    await move_records(source_id, target_id)


async def hide(person_id: str, now: datetime) -> None:
    """Empty the row of a person who was merged, so that nobody finds it. ``now`` is UTC.

    The row stays: before a database deletes it, it looks for its emails among all emails.
    """
    await execute(
        "UPDATE person SET email = '', email_key = 'merged:' || id, first_name = '', last_name = '', title = '',"
        " company = '', zone = NULL, own_fields = '{}', bounced_at = NULL, replied_at = NULL, erased_at = $2"
        " WHERE id = $1",
        person_id,
        now,
    )
