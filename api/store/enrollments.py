"""How enrollments come to their end: many in a few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from api.store.engine.database import is_postgres
from api.store.engine.sql import Row, among, instant, run

ENDED_FOR_GOOD = ("REPLIED", "BOUNCED", "UNSUBSCRIBED", "REMOVED")
"""Reasons for which a campaign that ended for a person is not launched again by the way.

Not those that say nothing of the person: TASK_EXPIRED, and CAMPAIGN_ENDED, which ended it for everyone.
"""


async def statuses(enrollment_ids: Sequence[str]) -> dict[str, str]:
    """Return the status of enrollments, by id."""
    rows = await run(f"SELECT id, status FROM enrollment WHERE {among('id', 1)}", list(enrollment_ids))
    return {row["id"]: row["status"] for row in rows}


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

    So do emails that a person has retried for someone who had finished. An email in transmission has left our hands.
    Call inside a transaction.
    """
    ids = sorted(set(enrollment_ids))
    whose = f"SELECT id FROM enrollment WHERE {among('id', 1)} AND status IN ('ACTIVE', 'FINISHED')"
    tasks, sends = await _stop_rows(whose, ids, now, send_reason, detail)
    enrollments = await run(
        f"UPDATE enrollment SET status = $2, end_reason = $3, ended_at = $4 WHERE {among('id', 1)}"
        " AND status = 'ACTIVE' RETURNING id, workspace_id, campaign_id, person_id",
        ids,
        str(status),
        reason,
        now,
    )
    if reason in ENDED_FOR_GOOD:  # how it ended stays on record; what came after that is recorded beside it
        await run(
            f"UPDATE enrollment SET end_reason = $2 WHERE {among('id', 1)} AND status = 'FINISHED'"
            " AND end_reason IS NULL",
            ids,
            reason,
        )
    # Whoever has carried one of them on meanwhile is done now, for they are ours: what is new stops as well.
    mine = f"SELECT id FROM enrollment WHERE {among('id', 1)}"
    new_tasks, new_sends = await _stop_rows(mine, [row["id"] for row in enrollments], now, send_reason, detail)
    return Stopped(enrollments, [*sends, *new_sends], [*tasks, *new_tasks])


async def _stop_rows(
    whose: str, ids: list[str], now: datetime, reason: str, detail: str
) -> tuple[Sequence[Row], Sequence[Row]]:
    """Cancel open tasks, and let emails fail that have not begun to leave. Returns both."""
    about = (
        "id, workspace_id, enrollment_id, person_id, step_id,"
        " (SELECT campaign_id FROM enrollment WHERE enrollment.id = enrollment_id) AS campaign_id"
    )
    tasks = await run(
        f"UPDATE task SET status = 'CANCELLED', done_at = $2 WHERE enrollment_id IN ({whose}) AND task.status = 'OPEN'"
        f" RETURNING {about}",
        ids,
        now,
    )
    sends = await run(
        "UPDATE send SET status = 'FAILED', held = false, reason = $2, detail = $3, attempt_id = NULL,"
        f" lease_until = NULL WHERE enrollment_id IN ({whose})"
        f" AND send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED') RETURNING {about}",
        ids,
        reason,
        detail,
    )
    return tasks, sends


class EndedBefore(NamedTuple):
    """When and why a person's campaign has ended the last time."""

    at: datetime
    reason: str


async def keep_enrollments(campaign_id: str, person_ids: list[str]) -> None:
    """Let nobody end the campaign for these people before the transaction ends."""
    if is_postgres():
        await run(
            f"SELECT id FROM enrollment WHERE campaign_id = $1 AND {among('person_id', 2)} AND ended_at IS NULL"
            " ORDER BY id FOR SHARE",
            campaign_id,
            person_ids,
        )


async def ended_before(campaign_id: str, person_ids: list[str]) -> dict[str, EndedBefore]:
    """Return those of these people whose campaign has ended for good before: by a reply, a bounce and so on."""
    reasons = ", ".join(f"'{reason}'" for reason in ENDED_FOR_GOOD)
    rows = await run(
        f"SELECT person_id, ended_at, end_reason FROM enrollment WHERE campaign_id = $1 AND {among('person_id', 2)}"
        f" AND end_reason IN ({reasons}) ORDER BY ended_at, id",
        campaign_id,
        person_ids,
    )
    return {row["person_id"]: EndedBefore(instant(row["ended_at"]), row["end_reason"]) for row in rows}


async def those_in_campaign(campaign_id: str, person_ids: list[str]) -> set[str]:
    """Return those of some people who are in a campaign."""
    statement = "SELECT person_id FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL AND "
    rows = await run(statement + among("person_id", 2), campaign_id, person_ids)
    return {row["person_id"] for row in rows}


async def finished_with_emails(campaign_id: str, after: str, people: int) -> list[str]:
    """Return the next enrollments of those who have finished a campaign and have an email to come, by their ids."""
    rows = await run(
        "SELECT id FROM enrollment WHERE campaign_id = $1 AND status = 'FINISHED' AND id > $2"
        " AND EXISTS (SELECT 1 FROM send WHERE send.enrollment_id = enrollment.id"
        " AND send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED'))"
        " ORDER BY id LIMIT $3",
        campaign_id,
        after,
        people,
    )
    return [row["id"] for row in rows]
