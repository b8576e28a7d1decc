"""How enrollments come to their end: many in a few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.store.database import is_postgres
from api.store.sql import Row, among, run


async def finish(enrollment_ids: list[str], now: datetime) -> Sequence[Row]:
    """Finish those of which nothing is pending and no task is open. Returns them.

    Whoever carries a person on schedules up to the next task, so nothing is left behind what has come to its end. Who
    is still to be resolved by an edit is not finished: it may bring another step.
    """
    mine = among("id", 1)
    if is_postgres():
        # One after the other: two last emails that are settled side by side would not see each other.
        await run(f"SELECT id FROM enrollment WHERE {mine} ORDER BY id FOR NO KEY UPDATE", sorted(set(enrollment_ids)))
    return await run(
        f"UPDATE enrollment SET status = 'FINISHED', ended_at = $2 WHERE {mine} AND status = 'ACTIVE'"
        # Counts, each by its key: for NOT EXISTS, PostgreSQL may read whole tables.
        " AND (SELECT count(*) FROM send WHERE enrollment_id = enrollment.id"
        " AND send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING')) = 0"
        " AND (SELECT count(*) FROM task WHERE enrollment_id = enrollment.id AND done_at IS NULL) = 0"
        " AND revision = (SELECT campaign.revision FROM campaign WHERE campaign.id = enrollment.campaign_id)"
        " RETURNING id, workspace_id, campaign_id, person_id",
        sorted(set(enrollment_ids)),
        now,
    )


@dataclass(frozen=True, slots=True)
class Stopped:
    """Rows that ending enrollments has changed."""

    enrollments: Sequence[Row]
    sends: Sequence[Row]
    tasks: Sequence[Row]


async def stop(
    enrollment_ids: list[str], now: datetime, status: str, reason: str, send_reason: str, detail: str
) -> Stopped:
    """End those that are active: their open tasks are cancelled, and emails that have not begun to leave fail.

    An email in transmission has left our hands. Call inside a transaction.
    """
    ids = sorted(set(enrollment_ids))
    active = f"enrollment_id IN (SELECT id FROM enrollment WHERE {among('id', 1)} AND status = 'ACTIVE')"
    tasks = await run(
        f"UPDATE task SET status = 'CANCELLED', done_at = $2 WHERE {active} AND task.status = 'OPEN'"
        " RETURNING id, enrollment_id, step_id",
        ids,
        now,
    )
    sends = await run(
        "UPDATE send SET status = 'FAILED', held = false, reason = $2, detail = $3, attempt_id = NULL,"
        " lease_until = NULL"
        f" WHERE {active} AND send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED')"
        " RETURNING id, enrollment_id, step_id",
        ids,
        send_reason,
        detail,
    )
    enrollments = await run(
        f"UPDATE enrollment SET status = $2, end_reason = $3, ended_at = $4 WHERE {among('id', 1)}"
        " AND status = 'ACTIVE' RETURNING id, workspace_id, campaign_id, person_id",
        ids,
        str(status),
        reason,
        now,
    )
    return Stopped(enrollments, sends, tasks)
