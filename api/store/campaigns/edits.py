"""Edits of running campaigns: find the people to recalculate, and write their changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from api.store.campaigns import holds
from api.store.campaigns.campaign_state import lock_campaign
from api.store.campaigns.holds import as_records
from api.store.dispatch.transmissions import UNSENT_STATUS
from api.store.emails import sent_contents
from api.store.emails.written_texts import keep_texts
from api.store.engine.database import is_postgres
from api.store.engine.sql import Row, execute, in_list
from api.store.enrollments.waiting_people import WAITS_FOR_OPTION

TASK_COLUMNS = holds.TASK_COLUMNS | {"name": "text", "details": "text", "priority": "text", "type": "text"}
USES_PLANNED_TIME = "send.status || '' = 'SCHEDULED' AND attempts = 0 AND NOT by_hand"
"""SQL condition: the email's time comes from its send option, and no process has claimed or tried it.

``status || ''`` keeps PostgreSQL from reading all waiting emails by the index on status. It looks up each row by key.
"""


async def people_to_recalculate(campaign_id: str, revision: int, after: str, people: int) -> Sequence[Row]:
    """Return the next people in a campaign whose plan is of another revision: id and person_id."""
    return await execute(
        "SELECT id, person_id FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL AND revision <> $2"
        " AND person_id > $3 ORDER BY person_id LIMIT $4",
        campaign_id,
        revision,
        after,
        people,
    )


async def people_in(campaign_id: str, after: str, people: int) -> Sequence[Row]:
    """Return the next people in a campaign: id and person_id."""
    return await people_to_recalculate(campaign_id, -1, after, people)


async def waits_without_send_at(campaign_id: str, step_id: str) -> bool:
    """Say whether anyone waits for a step's automatic email, or has its open task, and was launched without a send-at.

    It looks up each person's row by its key.
    """
    rows = await execute(
        "SELECT 1 AS found FROM enrollment LEFT JOIN send ON send.enrollment_id = enrollment.id AND send.step_id = $2"
        " LEFT JOIN task ON task.enrollment_id = enrollment.id AND task.step_id = $2"
        " WHERE enrollment.campaign_id = $1 AND enrollment.ended_at IS NULL AND send_at IS NULL"
        " AND ((send.status || '' IN ('SCHEDULED', 'CLAIMED') AND attempts = 0 AND NOT by_hand)"
        " OR task.status || '' = 'OPEN') LIMIT 1",
        campaign_id,
        step_id,
    )
    return bool(rows)


async def release_claims_of(enrollment_ids: list[str]) -> None:
    """Release these people's claimed emails, whose transmission has not started, so that they follow the edit."""
    mine = f"{in_list('enrollment_id', 1)} AND status || '' = 'CLAIMED'"
    # Skip rows that another process has locked. ``enrollments_with_email`` then finds the emails still claimed.
    lock = "FOR UPDATE SKIP LOCKED" if is_postgres() else ""
    await execute(
        f"UPDATE send SET status = {UNSENT_STATUS}, attempt_id = NULL, lease_until = NULL"
        f" WHERE id IN (SELECT id FROM send WHERE {mine} {lock}) AND status || '' = 'CLAIMED'",
        enrollment_ids,
    )


async def enrollments_with_email(enrollment_ids: list[str], status: str) -> set[str]:
    """Return those of these enrollments that have an email with a status."""
    mine = f"{in_list('enrollment_id', 1)} AND status || '' = $2"
    rows = await execute(f"SELECT enrollment_id FROM send WHERE {mine}", enrollment_ids, status)
    return {row["enrollment_id"] for row in rows}


async def move_emails(rows: list[Mapping[str, Any]]) -> set[str]:
    """Write the new times of waiting emails. Returns the ids of the emails that were still waiting."""
    return await holds.move_emails(rows, USES_PLANNED_TIME)


async def withdraw_emails(ids: list[str]) -> set[str]:
    """Delete waiting emails that the plan no longer schedules. Returns the ids of those that were still waiting."""
    await keep_texts(ids, USES_PLANNED_TIME)
    rows = await execute(f"DELETE FROM send WHERE {in_list('id', 1)} AND {USES_PLANNED_TIME} RETURNING id", ids)
    await sent_contents.erase([row["id"] for row in rows])
    return {row["id"] for row in rows}


async def fail_emails(ids: list[str], now: datetime, reason: str, detail: str) -> set[str]:
    """Mark waiting emails of a removed step as failed at ``now`` (UTC). Returns the ids of those that still waited."""
    rows = await execute(
        "UPDATE send SET status = 'FAILED', failed_at = $4, held = false, reason = $2, detail = $3"
        f" WHERE {in_list('id', 1)} AND status IN ('SCHEDULED', 'DEFERRED') RETURNING id",
        ids,
        reason,
        detail,
        now,
    )
    return {row["id"] for row in rows}


async def change_tasks(rows: list[Mapping[str, Any]]) -> set[str]:
    """Write the new dates and content of open tasks. Returns the ids of those that were still open."""
    records = as_records(TASK_COLUMNS, rows)
    changed = await execute(
        "UPDATE task SET due_date = r.due_date, planned_date = r.planned_date, expires_at = r.expires_at,"
        " paused_seconds = r.paused_seconds,"
        " explanation = r.explanation, name = r.name, details = r.details, priority = r.priority,"
        " type = r.type"
        f" FROM {records.table(1)}"
        " WHERE task.id = r.id AND status = 'OPEN' RETURNING task.id",
        records,
    )
    return {row["id"] for row in changed}


async def withdraw_tasks(ids: list[str]) -> set[str]:
    """Delete tasks that the plan no longer schedules. Returns the ids of those that were not done."""
    rows = await execute(f"DELETE FROM task WHERE {in_list('id', 1)} AND done_at IS NULL RETURNING id", ids)
    return {row["id"] for row in rows}


async def cancel_tasks(ids: list[str], now: Any) -> set[str]:
    """Cancel the tasks of a removed step that are not done. Returns their ids."""
    rows = await execute(
        f"UPDATE task SET status = 'CANCELLED', done_at = $2 WHERE {in_list('id', 1)} AND done_at IS NULL RETURNING id",
        ids,
        now,
    )
    return {row["id"] for row in rows}


async def mark_recalculated(enrollment_ids: list[str], revision: int) -> None:
    """Store the revision of these people's plans. They do not wait for a send option any more."""
    await execute(
        f"UPDATE enrollment SET revision = $2, waits_from = NULL, waits_for = NULL WHERE {in_list('id', 1)}",
        enrollment_ids,
        revision,
    )


async def close(campaign_id: str, revision: int) -> bool:
    """Mark an edit as carried out. Returns False if people remain. Call in a transaction."""
    await lock_campaign(campaign_id)
    # A separate statement: it sees emails put on hold by a transaction that held the lock on the campaign before.
    rows = await execute(
        "UPDATE campaign SET editing = false WHERE id = $1 AND revision = $2"
        " AND NOT EXISTS (SELECT 1 FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL AND revision <> $2)"
        " AND (paused_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM send"
        " JOIN enrollment ON enrollment.id = send.enrollment_id WHERE held AND campaign_id = $1"
        f" AND NOT {WAITS_FOR_OPTION}))"
        " RETURNING id",
        campaign_id,
        revision,
    )
    return bool(rows)
