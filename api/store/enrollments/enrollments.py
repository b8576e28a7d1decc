"""Finish or end many enrollments in a few statements, and find enrollments that have ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.campaigns import CampaignCode
from api.codes.refusals.people import PersonCode
from api.store.engine.database import is_postgres
from api.store.engine.sql import Row, Texts, execute, execute_planned_now, in_list, in_texts, instant, is_found

PERMANENT_END_REASONS = (
    ReasonCode.REPLIED,
    PersonCode.BOUNCED,
    PersonCode.UNSUBSCRIBED,
    ReasonCode.REMOVED,
    ReasonCode.SUCCEEDED,
)
"""Reasons that keep a person from being launched into the same campaign again, unless the launch asks for it.

TASK_EXPIRED and CAMPAIGN_ENDED are not among them, because the person is not the cause.
"""

PENDING_EMAIL = (
    "send WHERE send.enrollment_id = enrollment.id"
    " AND send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING')"
)
OPEN_TASK = "task WHERE task.enrollment_id = enrollment.id AND task.done_at IS NULL"


async def statuses(enrollment_ids: Sequence[str]) -> dict[str, str]:
    """Return the status of enrollments, by id. It is ENDED for everyone in a campaign that is being ended."""
    rows = await execute(
        "SELECT enrollment.id, CASE WHEN ending_at IS NULL THEN enrollment.status ELSE 'ENDED' END AS status"
        f" FROM enrollment JOIN campaign ON campaign.id = campaign_id WHERE {in_texts('enrollment.id', 1)}",
        Texts(enrollment_ids),
    )
    return {row["id"]: row["status"] for row in rows}


async def finish(enrollment_ids: list[str], now: datetime) -> Sequence[Row]:
    """Finish the enrollments that have no pending email and no open task. Returns them.

    Steps are always scheduled up to the next task, so no step remains after the last email or task is done. An
    enrollment that an edit has not recalculated yet is not finished, because the edit may add a step. Nor is one that
    waits for a send option, or whose campaign is being ended.
    """
    mine, ids = in_texts("id", 1), Texts(sorted(set(enrollment_ids)))
    if is_postgres():
        # Lock the rows: two transactions that each settle one of the last two emails would not see each other's change.
        await execute(f"SELECT id FROM enrollment WHERE {mine} ORDER BY id FOR NO KEY UPDATE", ids)
    return await execute(
        f"UPDATE enrollment SET status = 'FINISHED', ended_at = $2 WHERE {mine} AND status = 'ACTIVE'"
        " AND waits_from IS NULL"
        f" AND NOT {is_found(PENDING_EMAIL)} AND NOT {is_found(OPEN_TASK)}"
        " AND revision = (SELECT CASE WHEN campaign.ending_at IS NULL THEN campaign.revision END FROM campaign"
        " WHERE campaign.id = enrollment.campaign_id)"
        " RETURNING id, workspace_id, campaign_id, person_id",
        ids,
        now,
    )


async def succeed_finished(enrollment_id: str) -> bool:
    """Mark a finished enrollment as a success. Returns False if it is not finished."""
    rows = await execute(
        "UPDATE enrollment SET status = 'SUCCEEDED' WHERE id = $1 AND status = 'FINISHED' RETURNING id", enrollment_id
    )
    return bool(rows)


@dataclass(frozen=True, slots=True)
class EndedRows:
    """The rows that ``end_enrollments`` has changed."""

    enrollments: Sequence[Row]
    sends: Sequence[Row]
    tasks: Sequence[Row]


async def end_enrollments(
    enrollment_ids: list[str], now: datetime, status: str, reason: str, send_reason: str, detail: str
) -> EndedRows:
    """End the active enrollments: cancel open tasks, and mark emails as failed whose transmission has not started.

    The emails of finished enrollments that were retried fail too. An email in transmission cannot be stopped.
    Call inside a transaction.
    """
    ids = sorted(set(enrollment_ids))
    tasks, sends = await _end_rows(ids, now, send_reason, detail)
    enrollments = await execute(
        f"UPDATE enrollment SET status = $2, end_reason = $3, ended_at = $4 WHERE {in_list('id', 1)}"
        " AND status = 'ACTIVE' RETURNING id, workspace_id, campaign_id, person_id",
        ids,
        str(status),
        reason,
        now,
    )
    if reason in (*PERMANENT_END_REASONS, CampaignCode.CAMPAIGN_ENDED):
        # The status stays FINISHED. The reason keeps their emails in doubt from being sent again automatically.
        await execute(
            f"UPDATE enrollment SET end_reason = $2 WHERE {in_list('id', 1)} AND status = 'FINISHED'"
            " AND end_reason IS NULL",
            ids,
            reason,
        )
    # The update has locked the enrollments. Stop the emails and tasks that others scheduled for them before that.
    new_tasks, new_sends = await _end_rows([row["id"] for row in enrollments], now, send_reason, detail)
    return EndedRows(enrollments, [*sends, *new_sends], [*tasks, *new_tasks])


async def _end_rows(
    enrollment_ids: list[str], now: datetime, reason: str, detail: str
) -> tuple[Sequence[Row], Sequence[Row]]:
    """Cancel open tasks, and mark emails as failed whose transmission has not started. Returns both."""
    about = (
        "id, workspace_id, enrollment_id, person_id, step_id,"
        " (SELECT campaign_id FROM enrollment WHERE enrollment.id = enrollment_id) AS campaign_id"
    )
    # PostgreSQL looks up each row by key, also before it has statistics. ``||`` keeps it from the indexes on status.
    pending = f"{in_list('enrollment_id', 1)} AND status || '' IN"
    tasks = await execute(
        f"UPDATE task SET status = 'CANCELLED', done_at = $2 WHERE {pending} ('OPEN') RETURNING {about}",
        enrollment_ids,
        now,
    )
    sends = await execute(
        "UPDATE send SET status = 'FAILED', failed_at = $4, held = false, reason = $2, detail = $3,"
        " attempt_id = NULL, lease_until = NULL"
        f" WHERE {pending} ('SCHEDULED', 'DEFERRED', 'CLAIMED') RETURNING {about}",
        enrollment_ids,
        reason,
        detail,
        now,
    )
    return tasks, sends


class EarlierEnding(NamedTuple):
    """When (UTC) and why a campaign last ended for a person."""

    at: datetime
    reason: str


async def lock_open_enrollments(campaign_id: str, person_ids: list[str]) -> None:
    """Lock these people's enrollments in a campaign: no other transaction ends them before this one ends.

    The statement looks up each person by the index enrollment_once. For one list of people, PostgreSQL would keep a
    plan from the beginning of a launch, when the campaign is empty, and read the whole campaign for each chunk. A plan
    from the time when the table was empty would read the whole table for each person.
    """
    if is_postgres():
        one = "SELECT id FROM enrollment WHERE campaign_id = $1 AND person_id = wanted.id AND ended_at IS NULL LIMIT 1"
        await execute_planned_now(
            "SELECT id FROM enrollment WHERE id = ANY(ARRAY("
            f"SELECT found.id FROM unnest($2::text[]) AS wanted(id) CROSS JOIN LATERAL ({one}) AS found"
            ")) AND ended_at IS NULL ORDER BY id FOR SHARE",
            campaign_id,
            person_ids,
        )


async def earlier_endings(campaign_id: str, person_ids: list[str]) -> dict[str, EarlierEnding]:
    """Return those of these people for whom the campaign has ended for a reason in PERMANENT_END_REASONS."""
    reasons = ", ".join(f"'{reason}'" for reason in PERMANENT_END_REASONS)
    rows = await execute(
        f"SELECT person_id, ended_at, end_reason FROM enrollment WHERE campaign_id = $1 AND {in_list('person_id', 2)}"
        f" AND end_reason IN ({reasons}) ORDER BY ended_at, id",
        campaign_id,
        person_ids,
    )
    return {row["person_id"]: EarlierEnding(instant(row["ended_at"]), row["end_reason"]) for row in rows}


async def people_in_campaign(campaign_id: str, person_ids: list[str]) -> set[str]:
    """Return those of these people who are in a campaign."""
    statement = "SELECT person_id FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL AND "
    rows = await execute(statement + in_list("person_id", 2), campaign_id, person_ids)
    return {row["person_id"] for row in rows}
