"""The audiences of launches in the background: a numbered list of people, stored by the transaction that starts one.

What is committed when a launch starts decides whom it means. No clock decides it, and no id: ids are made before the
commit, and several processes do not commit in the order of their ids.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from api.ids import new_id
from api.store.engine.sql import Records, Row, run
from api.store.suppressions import SINCE

CHUNK = 10_000
"""Ids that one statement stores."""


async def store_everyone(launch_id: str, workspace_id: str) -> int:
    """Store everyone in the workspace as the audience of a launch. Returns how many. Call where the launch is made."""
    await run(
        "INSERT INTO launch_audience (launch_id, position, person_id)"
        " SELECT $1, row_number() OVER (ORDER BY id), id FROM person WHERE workspace_id = $2",
        launch_id,
        workspace_id,
    )
    (row,) = await run("SELECT count(*) AS people FROM launch_audience WHERE launch_id = $1", launch_id)
    return int(row["people"])


async def store_people(launch_id: str, person_ids: Sequence[str]) -> int:
    """Store these ids as the audience of a launch, in their order. Returns how many. Call where the launch is made."""
    for start in range(0, len(person_ids), CHUNK):
        chunk = person_ids[start : start + CHUNK]
        rows = Records(
            {"person_id": "text", "position": "int"}, [(each, at) for at, each in enumerate(chunk, start + 1)]
        )
        await run(
            "INSERT INTO launch_audience (launch_id, position, person_id)"
            f" SELECT $1, r.position, r.person_id FROM {rows.table(2)}",
            launch_id,
            rows,
        )
    return len(person_ids)


async def next_people(launch_id: str, workspace_id: str, processed: int, people: int) -> Sequence[Row]:
    """Return the people of the audience after the first ``processed``: person_id as it was given, and the person.

    ``id`` is null where the workspace has no such person.
    """
    return await run(
        f"SELECT person_id, person.id AS id, zone, {SINCE} IS NOT NULL AS unsubscribed,"
        " bounced_at IS NOT NULL AS bounced FROM launch_audience"
        " LEFT JOIN person ON person.id = person_id AND person.workspace_id = $2"
        " WHERE launch_id = $1 AND position > $3 AND position <= $4 ORDER BY position",
        launch_id,
        workspace_id,
        processed,
        processed + people,
    )


async def take_people(launch_id: str, processed: int, upto: int, began: datetime) -> bool:
    """Note that people up to ``upto`` are processed, and keep the launch until the transaction ends.

    Returns False where it is no longer the caller's: someone has paused, resumed, cancelled or taken it over.
    ``began`` is when the launch began or was last resumed.
    """
    rows = await run(
        "UPDATE launch SET processed = $3 WHERE id = $1 AND status = 'RUNNING' AND processed = $2"
        " AND coalesce(resumed_at, launched_at) = $4 RETURNING id",
        launch_id, processed, upto, began,
    )  # fmt: skip
    return bool(rows)


async def left_out_by_code(launch_id: str) -> dict[str, int]:
    """Count who was left out, by the reason."""
    rows = await run("SELECT code, count(*) AS people FROM left_out WHERE launch_id = $1 GROUP BY code", launch_id)
    return Counter({row["code"]: int(row["people"]) for row in rows})


async def forget_people(launch_id: str, processed: int) -> None:
    """Delete the part of an audience that is done."""
    await run("DELETE FROM launch_audience WHERE launch_id = $1 AND position <= $2", launch_id, processed)


async def leave_out_the_rest(launch_id: str, workspace_id: str, *, reason: str) -> int:
    """Leave out everyone in the audience whose turn has not come, for one reason. Returns how many.

    Call in the transaction that ends the launch.
    """
    # Eight digits that begin with a 1, so that the ids ascend in the order of the audience.
    await run(
        "INSERT INTO left_out (id, workspace_id, launch_id, person_id, code)"
        " SELECT $2 || '_' || CAST(10000000 + position AS text), $3, launch_id, person_id, $4"
        " FROM launch_audience WHERE launch_id = $1",
        launch_id,
        new_id("out"),
        workspace_id,
        reason,
    )
    (row,) = await run("SELECT count(*) AS people FROM launch_audience WHERE launch_id = $1", launch_id)
    await run("DELETE FROM launch_audience WHERE launch_id = $1", launch_id)
    return int(row["people"])
