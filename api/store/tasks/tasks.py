"""List tasks, lock them, and find those that expire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from api.models import Sender
from api.states import SendStatus, TaskDue
from api.store.engine.database import is_postgres
from api.store.engine.listing.listing import Listing
from api.store.engine.sql import Records, execute, in_list, in_values, instant_or_past
from strategies.calendar import known_zone, local

DUE_DAY_RANGES = {
    TaskDue.TODAY: (0, 0),
    TaskDue.TOMORROW: (1, 1),
    TaskDue.TODAY_AND_TOMORROW: (0, 1),
    TaskDue.NEXT_SEVEN_DAYS: (0, 6),
}
"""By due-date filter: the first and the last day, counted from today."""


async def lock_undone(task_id: str) -> bool:
    """Lock a task, and say whether it is not done.

    If so, no other transaction completes or deletes it before this one ends.
    """
    lock = "FOR NO KEY UPDATE" if is_postgres() else ""
    return bool(await execute(f"SELECT id FROM task WHERE id = $1 AND done_at IS NULL {lock}", task_id))


async def lock_task(task_id: str) -> bool:
    """Lock a task, done or not. Returns False if it does not exist."""
    lock = "FOR NO KEY UPDATE" if is_postgres() else ""
    return bool(await execute(f"SELECT id FROM task WHERE id = $1 {lock}", task_id))


async def lock_tasks(task_ids: Sequence[str]) -> set[str]:
    """Lock tasks, done or not, in the order of their ids. Returns those that exist."""
    lock = "FOR NO KEY UPDATE" if is_postgres() else ""
    rows = await execute(f"SELECT id FROM task WHERE {in_list('id', 1)} ORDER BY id {lock}", sorted(task_ids))
    return {row["id"] for row in rows}


REWRITTEN = {
    "priority": "text",
    "due_date": "date",
    "details": "text",
    "assignee_id": "text",
    "planned_date": "date",
    "expires_at": "timestamptz",
    "paused_seconds": "bigint",
}
"""Columns that ``rewrite`` writes, with their SQL types."""


async def rewrite(values: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the REWRITTEN columns of tasks, by id. Lock the tasks before."""
    columns = {"id": "text", **REWRITTEN}
    rows = Records(columns, [(key, *(row[name] for name in REWRITTEN)) for key, row in values.items()])
    written = ", ".join(f"{name} = r.{name}" for name in REWRITTEN)
    await execute(f"UPDATE task SET {written} FROM {rows.table(1)} WHERE task.id = r.id", rows)


async def email_status(enrollment_id: str, step_id: str) -> SendStatus | None:
    """Return the status of the email of a campaign's task; None if it has none."""
    rows = await execute("SELECT status FROM send WHERE enrollment_id = $1 AND step_id = $2", enrollment_id, step_id)
    return SendStatus(rows[0]["status"]) if rows else None


async def next_draft_version(task_id: str) -> int | None:
    """Lock a task, and give its draft the next version. Returns the version; None if the task is done."""
    rows = await execute(
        "UPDATE task SET draft_version = draft_version + 1 WHERE id = $1 AND done_at IS NULL RETURNING draft_version",
        task_id,
    )
    return int(rows[0]["draft_version"]) if rows else None


def due_of(listing: Listing, assignees: dict[date, list[str]], due: TaskDue) -> Listing:
    """Return the tasks of a due-date filter, which depends on the local date of the assignee."""
    ranges = {today: _days(today, due) for today in assignees}
    if not ranges:
        return listing.either()
    listing = listing.where("due_date BETWEEN {} AND {}", min(ranges.values())[0], max(ranges.values())[1])
    if len(ranges) == 1:
        return listing
    each = [f"({in_values('assignee_id', '{}')} AND due_date BETWEEN {{}} AND {{}})"] * len(ranges)
    values = [value for today, days in ranges.items() for value in (assignees[today], *days)]
    return listing.where(f"({' OR '.join(each)})", *values)


def _days(today: date, due: TaskDue) -> tuple[date, date]:
    """Return the first and the last due date."""
    if due is TaskDue.OVERDUE:
        return date.min, today - timedelta(days=1)
    first, last = DUE_DAY_RANGES[due]
    return today + timedelta(days=first), today + timedelta(days=last)


async def assignees_by_date(workspace_id: str, now: datetime) -> dict[date, list[str]]:
    """Return the workspace's senders by their current local date: up to three dates."""
    found: dict[date, list[str]] = {}
    for sender in await Sender.filter(workspace_id=workspace_id).only("id", "zone"):
        found.setdefault(local(now, known_zone(sender.zone)).date(), []).append(sender.id)
    return found


EXPIRING = (
    "task WHERE task.status = 'OPEN' AND expires_at IS NOT NULL AND NOT task.held"
    " AND (SELECT paused_at IS NULL AND ending_at IS NULL AND campaign.paused_seconds = task.paused_seconds"
    " FROM enrollment"
    " JOIN campaign ON campaign.id = enrollment.campaign_id WHERE enrollment.id = task.enrollment_id)"
    " AND (SELECT count(*) FROM send WHERE send.enrollment_id = task.enrollment_id AND send.step_id = task.step_id"
    " AND send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING', 'IN_DOUBT')) = 0"
)
"""SQL: open tasks that can expire. They have no pending or in-doubt email, and their campaign sends.

``held`` means that the job of a pause has reached the task. Until then, ``paused_at`` shows the pause. After a resume,
``paused_seconds`` excludes the tasks whose expiry the job has not extended yet. Joins would let PostgreSQL read and
sort all of them: subqueries make it read them in the order of the index.
"""


async def expiring(now: datetime, workspace_id: str | None) -> list[tuple[str, str]]:
    """Return workspace id and id of the tasks that expire now: of one workspace, or of all except sandboxes."""
    where = "task.workspace_id = $2" if workspace_id else "NOT task.sandbox"
    rows = await execute(
        f"SELECT task.workspace_id AS workspace, task.id FROM {EXPIRING} AND expires_at <= $1 AND {where}"
        " ORDER BY task.id",
        now,
        *([workspace_id] if workspace_id else []),
    )
    return [(row["workspace"], row["id"]) for row in rows]


async def lock_expiring(task_id: str, now: datetime) -> bool:
    """Lock a task, and say whether it expires now. Nobody schedules its email before the transaction ends."""
    await lock_undone(task_id)
    return bool(await execute(f"SELECT task.id FROM {EXPIRING} AND expires_at <= $2 AND task.id = $1", task_id, now))


async def next_expiry(workspace_id: str | None, excluded_ids: Sequence[str] = ()) -> datetime | None:
    """Return when the next task expires, of one workspace or of all except sandboxes. ``excluded_ids`` are ignored."""
    where = "task.workspace_id = $1" if workspace_id else "NOT task.sandbox"
    values: list[Any] = [workspace_id] if workspace_id else []
    if excluded_ids:
        values.append(list(excluded_ids))
        where += f" AND NOT ({in_list('task.id', len(values))})"
    rows = await execute(f"SELECT expires_at AS first FROM {EXPIRING} AND {where} ORDER BY expires_at LIMIT 1", *values)
    return instant_or_past(rows[0]["first"]) if rows else None


async def hold_tasks(enrollment_ids: list[str]) -> None:
    """Remove the open tasks of these people from the index of tasks that can expire, because their campaign is paused.

    It skips tasks that another transaction has locked: ``expiring`` then reads and ignores them.
    """
    lock = "FOR NO KEY UPDATE SKIP LOCKED" if is_postgres() else ""
    open_tasks = f"{in_list('enrollment_id', 1)} AND status = 'OPEN' AND NOT held"
    await execute(
        f"UPDATE task SET held = true WHERE id IN (SELECT id FROM task WHERE {open_tasks} ORDER BY id {lock})",
        enrollment_ids,
    )


async def extend_expiry(enrollment_ids: list[str], paused_seconds: int) -> None:
    """Let these people's open tasks expire again, later by the length of the pauses since their last extension.

    ``paused_seconds`` is that of their campaign. Each task stores it, so that a second call changes nothing.
    """
    later = "expires_at + ($2 - paused_seconds) * interval '1 second'"
    if not is_postgres():
        later = "strftime('%Y-%m-%d %H:%M:%S+00:00', expires_at, ($2 - paused_seconds) || ' seconds')"
    await execute(
        f"UPDATE task SET expires_at = CASE WHEN paused_seconds < $2 THEN {later} ELSE expires_at END,"
        f" held = false, paused_seconds = $2 WHERE {in_list('enrollment_id', 1)} AND status || '' = 'OPEN'"
        " AND (held OR paused_seconds <> $2)",
        enrollment_ids,
        paused_seconds,
    )
