"""Emails on hold: the waiting emails of a paused campaign. Dispatch ignores them until they are released.

The open tasks of these people are on hold too: they do not expire.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from api.store.campaigns.campaign_state import CampaignState
from api.store.dispatch.transmissions import UNSENT_STATUS
from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, Row, execute, in_list
from api.store.enrollments.fact_changes import FACTS_CHANGED
from api.store.enrollments.waiting_people import WAITS_FOR_OPTION
from api.store.tasks.tasks import hold_tasks

EMAIL_COLUMNS = {
    "id": "text",
    "due_at": "timestamptz",
    "planned_at": "timestamptz",
    "planned_date": "date",
    "planned_time": "text",
    "zone": "text",
    "allowed_times_id": "text",
    "explanation": "jsonb",
}
TASK_COLUMNS = {
    "id": "text",
    "due_date": "date",
    "planned_date": "date",
    "expires_at": "timestamptz",
    "paused_seconds": "bigint",
    "explanation": "jsonb",
}
ENROLLMENT_COLUMNS = {"id": "text", "resumed": "jsonb"}
NOT_ON_HOLD = "status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED') AND NOT held"


@dataclass(frozen=True, slots=True)
class HoldChunk:
    """Result of one chunk: whether some of its emails are locked elsewhere, and after whom the next chunk begins."""

    in_hand: bool
    after: str | None


async def hold(campaign_id: str, after: str, people: int) -> HoldChunk:
    """Put the waiting emails of the next people in the campaign on hold. Call in a transaction that found it paused.

    It goes person by person, because no index orders a campaign's emails by due time. Dispatch puts two kinds of emails
    on hold itself: one that is due before its person's turn here, and one that was retried for a person who has
    finished the campaign.
    """
    rows = await execute(
        "SELECT id, person_id FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL AND person_id > $2"
        " ORDER BY person_id LIMIT $3",
        campaign_id,
        after,
        people,
    )
    mine = f"{in_list('enrollment_id', 1)} AND {NOT_ON_HOLD}"
    # Skip rows that another process has locked, so that neither waits for the other. The caller tries them again.
    lock = "FOR UPDATE SKIP LOCKED" if is_postgres() else ""
    ids = [row["id"] for row in rows]
    await hold_tasks(ids)
    await execute(
        f"UPDATE send SET held = true, status = CASE WHEN status = 'CLAIMED' THEN {UNSENT_STATUS} ELSE status END,"
        " attempt_id = CASE WHEN status = 'CLAIMED' THEN NULL ELSE attempt_id END"
        f" WHERE id IN (SELECT id FROM send WHERE {mine} {lock}) AND {NOT_ON_HOLD}",
        ids,
    )
    left = await execute(f"SELECT 1 AS found FROM send WHERE {mine} LIMIT 1", ids)
    return HoldChunk(bool(left), rows[-1]["person_id"] if len(rows) == people else None)


async def enrollments_on_hold(campaign_id: str, after: str, people: int, *, waiting: bool = True) -> list[str]:
    """Return the next enrollments of a campaign that have emails on hold, by their ids.

    Without ``waiting``, emails do not count that wait for a send option.
    """
    others = "" if waiting else f" AND NOT {WAITS_FOR_OPTION}"
    rows = await execute(
        "SELECT DISTINCT enrollment_id FROM send JOIN enrollment ON enrollment.id = send.enrollment_id"
        f" WHERE held AND campaign_id = $1 AND enrollment_id > $2{others} ORDER BY enrollment_id LIMIT $3",
        campaign_id,
        after,
        people,
    )
    return [row["enrollment_id"] for row in rows]


async def overdue_enrollments(enrollment_ids: list[str], now: datetime) -> list[str]:
    """Return those of these enrollments that have an overdue email."""
    rows = await execute(
        f"SELECT DISTINCT enrollment_id FROM send WHERE {in_list('enrollment_id', 1)}"
        " AND status IN ('SCHEDULED', 'DEFERRED') AND due_at < $2 ORDER BY enrollment_id",
        enrollment_ids,
        now,
    )
    return [row["enrollment_id"] for row in rows]


async def count_held_by_campaign(campaign_ids: list[str]) -> dict[str, int]:
    """Count the emails on hold by campaign."""
    rows = await execute(
        "SELECT campaign_id, count(*) AS emails FROM send JOIN enrollment ON enrollment.id = send.enrollment_id"
        f" WHERE held AND {in_list('campaign_id', 1)} GROUP BY campaign_id",
        campaign_ids,
    )
    return {row["campaign_id"]: int(row["emails"]) for row in rows}


async def lock_schedules(enrollment_ids: list[str]) -> None:
    """Lock these people until the transaction ends, so that no other schedules their steps or moves their emails."""
    if is_postgres():
        # Lock tasks, emails, enrollments: the order of completing a task, settling an email and ending a campaign.
        mine, waiting = in_list("enrollment_id", 1), "status IN ('SCHEDULED', 'DEFERRED')"
        await execute(
            f"SELECT id FROM task WHERE {mine} AND done_at IS NULL ORDER BY id FOR NO KEY UPDATE", enrollment_ids
        )
        await execute(f"SELECT id FROM send WHERE {mine} AND {waiting} ORDER BY id FOR NO KEY UPDATE", enrollment_ids)
        await lock_enrollments(enrollment_ids)


async def lock_enrollments(enrollment_ids: list[str]) -> None:
    """Lock these enrollments until the transaction ends: no other transaction schedules their next steps."""
    if is_postgres():
        await execute(
            f"SELECT id FROM enrollment WHERE {in_list('id', 1)} ORDER BY id FOR NO KEY UPDATE", enrollment_ids
        )


async def write_resume(
    sends: list[Mapping[str, Any]], tasks: list[Mapping[str, Any]], resumed: list[Mapping[str, Any]]
) -> list[tuple[Row, date, date]]:
    """Write the changes of a resume: times of waiting emails, dates of open tasks, and resumes of enrollments.

    Returns the tasks that got another due date, with the old and the new one.
    """
    moved: list[tuple[Row, date, date]] = []
    if sends:
        await move_emails(sends, "status IN ('SCHEDULED', 'DEFERRED')")
    if tasks:
        dates, new = as_records(TASK_COLUMNS, tasks), {task["id"]: task["due_date"] for task in tasks}
        about = "id, workspace_id, person_id, enrollment_id, step_id, due_date"
        for row in await execute(f"SELECT {about} FROM task WHERE {in_list('id', 1)} AND status = 'OPEN'", list(new)):
            before = row["due_date"] if is_postgres() else date.fromisoformat(row["due_date"])
            if before != new[row["id"]]:
                moved.append((row, before, new[row["id"]]))
        await execute(
            "UPDATE task SET due_date = r.due_date, planned_date = r.planned_date, expires_at = r.expires_at,"
            " paused_seconds = r.paused_seconds,"
            f" explanation = r.explanation FROM {dates.table(1)} WHERE task.id = r.id AND status = 'OPEN'",
            dates,
        )
    if resumed:
        records = as_records(ENROLLMENT_COLUMNS, resumed)
        await execute(
            f"UPDATE enrollment SET resumed = r.resumed FROM {records.table(1)} WHERE enrollment.id = r.id", records
        )
    return moved


async def move_emails(rows: list[Mapping[str, Any]], condition: str) -> set[str]:
    """Write the new times of those emails for which a condition still holds. Returns their ids."""
    records = as_records(EMAIL_COLUMNS, rows)
    moved = await execute(
        "UPDATE send SET due_at = r.due_at, planned_at = r.planned_at, planned_date = r.planned_date,"
        " planned_time = r.planned_time, zone = r.zone, allowed_times_id = r.allowed_times_id,"
        f" explanation = r.explanation FROM {records.table(1)}"
        f" WHERE send.id = r.id AND {condition} RETURNING send.id",
        records,
    )
    return {row["id"] for row in moved}


def as_records(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Records:
    """Return rows as values of a statement. JSON documents become text."""
    documents = {name for name, kind in columns.items() if kind == "jsonb"}
    return Records(
        columns, [[json.dumps(row[name]) if name in documents else row[name] for name in columns] for row in rows]
    )


async def release(enrollment_ids: list[str]) -> int:
    """Release these people's emails on hold, unless they wait for a send option. Returns the number of emails."""
    rows = await execute(
        f"UPDATE send SET held = false WHERE held AND {in_list('enrollment_id', 1)} AND NOT {WAITS_FOR_OPTION}"
        " RETURNING id",
        enrollment_ids,
    )
    return len(rows)


async def release_all(campaign_id: str) -> None:
    """Release a campaign's emails on hold with their present times, unless they wait for a send option."""
    await execute(
        "UPDATE send SET held = false WHERE held AND id IN (SELECT send.id FROM send JOIN enrollment"
        f" ON enrollment.id = send.enrollment_id WHERE held AND campaign_id = $1 AND NOT {WAITS_FOR_OPTION})",
        campaign_id,
    )


async def fail_held(enrollment_ids: list[str], now: datetime, reason: str, detail: str) -> Sequence[Row]:
    """Mark these people's emails on hold as failed at ``now`` (UTC). Returns the emails."""
    return await execute(
        "UPDATE send SET held = false, status = 'FAILED', failed_at = $4, reason = $2, detail = $3"
        f" WHERE held AND {in_list('enrollment_id', 1)} RETURNING id, person_id, enrollment_id, step_id",
        enrollment_ids,
        reason,
        detail,
        now,
    )


async def resume(campaign_id: str, state: CampaignState, holds: str) -> bool:
    """Carry out the requested resume of a paused campaign, and give it the id ``holds``.

    Returns False if no resume is requested, or an edit is still applied. Call in a transaction that has locked it.
    """
    rows = await execute(
        "UPDATE campaign SET paused_at = NULL, resumed_at = resume_requested_at, resume_requested_at = NULL,"
        " paused_seconds = $2, holds = $3 WHERE id = $1 AND resume_requested_at IS NOT NULL AND NOT editing"
        " RETURNING id",
        campaign_id,
        state.all_paused_seconds,
        holds,
    )
    return bool(rows)


async def close(campaign_id: str, holds: str) -> bool:
    """Mark a pause or resume as carried out. Returns False if emails remain to be released.

    The emails of people about whom a fact has changed, and emails that wait for a send option, may stay on hold. The
    job that recalculates the person releases them.
    """
    held = (
        "EXISTS (SELECT 1 FROM send JOIN enrollment ON enrollment.id = send.enrollment_id"
        f" WHERE held AND campaign_id = $1 AND NOT (revision = {FACTS_CHANGED} AND ended_at IS NULL)"
        f" AND NOT {WAITS_FOR_OPTION})"
    )
    rows = await execute(
        f"UPDATE campaign SET holds = NULL WHERE id = $1 AND holds = $2"
        f" AND (paused_at IS NOT NULL OR NOT {held}) RETURNING id",
        campaign_id,
        holds,
    )
    return bool(rows)
