"""Audiences of background launches: a numbered list of people, stored just before the transaction of the launch.

"Everyone" means the people who are committed when the launch starts. Times and ids of people cannot define this,
because both are made before the commit, and transactions do not commit in their order.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from api.ids import new_id
from api.store.engine.bulk import insert
from api.store.engine.database import is_postgres
from api.store.engine.sql import Row, execute, in_byte_order, in_list, numbered, of_workspace
from api.store.launches.launch_choices import delete_choices
from api.store.people.suppressions import UNSUBSCRIBED_AT


async def store_next_people(launch_id: str, workspace_id: str, already: int, people: int) -> int:
    """Store the next people of the workspace as a launch's audience, after the first ``already`` people.

    Returns how many are stored then. On PostgreSQL one statement stores everyone, as of one moment.
    """
    limit = None if is_postgres() else people
    await execute(
        "INSERT INTO launch_audience (launch_id, position, person_id)"
        " SELECT $1, $2 + row_number() OVER (ORDER BY id), id FROM"
        " (SELECT id FROM person WHERE workspace_id = $3 AND erased_at IS NULL"
        " AND id > coalesce((SELECT person_id FROM launch_audience WHERE launch_id = $1 AND position = $2), '')"
        " ORDER BY id LIMIT $4) AS person",
        launch_id,
        already,
        workspace_id,
        limit,
    )
    return await last_position(launch_id)


async def store_people(launch_id: str, person_ids: Sequence[str], already: int) -> None:
    """Store these ids, in their order, as a launch's audience, after the first ``already`` people."""
    await execute(
        "INSERT INTO launch_audience (launch_id, position, person_id)"
        f" SELECT $1, $2 + number, value FROM {numbered('$3')}",
        launch_id,
        already,
        person_ids,
    )


async def audiences_without_launch(before_id: str) -> list[str]:
    """Return those ids of launches before ``before_id`` that have an audience but no launch."""
    rows = await execute(
        "SELECT DISTINCT launch_id FROM launch_audience WHERE launch_id < $1"
        " AND NOT EXISTS (SELECT 1 FROM launch WHERE launch.id = launch_id) ORDER BY launch_id",
        before_id,
    )
    return [row["launch_id"] for row in rows]


async def last_position(launch_id: str) -> int:
    """Return the number of the last person of an audience; 0 if the audience is empty."""
    (row,) = await execute(
        "SELECT coalesce(max(position), 0) AS last FROM launch_audience WHERE launch_id = $1", launch_id
    )
    return int(row["last"])


async def next_people(launch_id: str, workspace_id: str, processed: int, people: int) -> Sequence[Row]:
    """Return the people of the audience after the first ``processed``: the given person_id, and the person's columns.

    ``id`` is null if the workspace has no such person.
    """
    return await execute(
        f"SELECT person_id, person.id AS id, zone, {UNSUBSCRIBED_AT} IS NOT NULL AS unsubscribed,"
        " bounced_at IS NOT NULL AS bounced FROM launch_audience"
        " LEFT JOIN person ON person.id = person_id"
        f" AND {of_workspace(2, 'person.workspace_id')} AND erased_at IS NULL"
        " WHERE launch_id = $1 AND position > $3 AND position <= $4 ORDER BY position",
        launch_id,
        workspace_id,
        processed,
        processed + people,
    )


COLUMNS = f"person.id AS id, {UNSUBSCRIBED_AT} IS NOT NULL AS unsubscribed, bounced_at IS NOT NULL AS bounced"


async def people_after(workspace_id: str, last_id: str, people: int) -> Sequence[Row]:
    """Return the next people of the workspace, in the order of their ids: id, unsubscribed and bounced."""
    order = in_byte_order("id")
    found = f"workspace_id = $1 AND erased_at IS NULL AND {order} > $2 ORDER BY {order} LIMIT $3"
    return await execute(f"SELECT {COLUMNS} FROM person WHERE {found}", workspace_id, last_id, people)


async def people_with_ids(workspace_id: str, person_ids: Sequence[str]) -> Sequence[Row]:
    """Return people by id: id, unsubscribed and bounced."""
    statement = f"SELECT {COLUMNS} FROM person WHERE {of_workspace(1)} AND {in_list('id', 2)} AND erased_at IS NULL"
    return await execute(statement, workspace_id, list(person_ids))


async def mark_processed(launch_id: str, processed: int, upto: int, began: datetime) -> bool:
    """Store that people up to ``upto`` are processed, and lock the launch until the transaction ends.

    Returns False if someone has paused, resumed or cancelled the launch, or another process has taken it over.
    ``began`` is when the launch started or was last resumed.
    """
    rows = await execute(
        "UPDATE launch SET processed = $3 WHERE id = $1 AND status = 'RUNNING' AND processed = $2"
        " AND coalesce(resumed_at, launched_at) = $4 RETURNING id",
        launch_id, processed, upto, began,
    )  # fmt: skip
    return bool(rows)


async def left_out_by_code(launch_id: str) -> dict[str, int]:
    """Count the people who were left out, by reason."""
    rows = await execute("SELECT code, count(*) AS people FROM left_out WHERE launch_id = $1 GROUP BY code", launch_id)
    return Counter({row["code"]: int(row["people"]) for row in rows})


async def delete_processed(launch_id: str, processed: int) -> None:
    """Delete the processed part of an audience."""
    await execute("DELETE FROM launch_audience WHERE launch_id = $1 AND position <= $2", launch_id, processed)


async def leave_out(launch_id: str, workspace_id: str, codes: Mapping[str, str]) -> None:
    """Leave people out, each for the reason with this code. Call in the transaction that processes them."""
    about = {"workspace_id": workspace_id, "launch_id": launch_id}
    for code in sorted(set(codes.values())):
        people = [person_id for person_id, why in codes.items() if why == code]
        await insert("left_out", {**about, "code": code}, [{"id": new_id("out"), "person_id": each} for each in people])


async def leave_out_the_rest(launch_id: str, workspace_id: str, *, reason: str) -> int:
    """Leave out all remaining people of the audience, for one reason. Returns how many.

    Call in the transaction that ends the launch.
    """
    # Eight digits, starting with 1: the ids sort in the order of the audience.
    await execute(
        "INSERT INTO left_out (id, workspace_id, launch_id, person_id, code)"
        " SELECT $2 || '_' || CAST(10000000 + position AS text), $3, launch_id, person_id, $4"
        " FROM launch_audience WHERE launch_id = $1",
        launch_id,
        new_id("out"),
        workspace_id,
        reason,
    )
    (row,) = await execute("SELECT count(*) AS people FROM launch_audience WHERE launch_id = $1", launch_id)
    await execute("DELETE FROM launch_audience WHERE launch_id = $1", launch_id)
    await delete_first_emails(launch_id)
    await delete_choices(launch_id)
    return int(row["people"])


async def delete_first_emails(launch_id: str) -> None:
    """Delete the first emails that a rep has written for people of a launch that is over."""
    await execute("DELETE FROM first_email WHERE launch_id = $1", launch_id)
