"""The texts that reps write for emails, and changes of emails before they are sent.

The table ``written_email`` has texts by enrollment and step: the drafts of tasks, and the texts of emails that were
withdrawn. Compose shows the text, and an automatic email gets it back when it is scheduled again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.models import Send
from api.states import SendStatus
from api.store.engine.database import is_postgres
from api.store.engine.sql import Row, execute, in_list, instant


class WrittenEmail(NamedTuple):
    """The text that a rep wrote. A part that is None comes from the template."""

    subject: str | None
    html: str | None
    written_as_template: bool = False
    saved_at: datetime | None = None
    """When the draft was saved or the email withdrawn, UTC. None in rows of earlier releases."""


async def lock_email(send_id: str) -> Send | None:
    """Lock an email until the transaction ends: nobody else changes, claims or transmits it. Returns it."""
    if is_postgres():
        await execute("SELECT id FROM send WHERE id = $1 FOR NO KEY UPDATE", send_id)
    return await Send.get_or_none(id=send_id)


async def change_waiting_email(send: Send, *, paused: bool, **values: Any) -> None:
    """Change a locked email that is not sent yet. If it is claimed, release the claim."""
    status = SendStatus.DEFERRED if send.attempts else SendStatus.SCHEDULED
    await Send.filter(id=send.id).update(
        status=status, attempt_id=None, lease_until=None, held=send.held or paused, **values
    )


async def save_text(enrollment_id: str, step_id: str, subject: str | None, html: str | None, now: datetime) -> None:
    """Save the draft of a task's email, in place of an earlier one."""
    await execute(
        "INSERT INTO written_email (enrollment_id, step_id, by_hand, subject, html, written_as_template, saved_at)"
        " VALUES ($1, $2, true, $3, $4, false, $5) ON CONFLICT (enrollment_id, step_id) DO UPDATE SET by_hand = true,"
        " subject = excluded.subject, html = excluded.html, written_as_template = false, saved_at = excluded.saved_at",
        enrollment_id,
        step_id,
        subject,
        html,
        now,
    )


async def keep_texts(send_ids: Sequence[str], condition: str = "true", *, now: datetime | None = None) -> None:
    """Keep the texts of those of these emails that meet the SQL condition, before they are withdrawn.

    ``now`` (UTC) is when a rep withdraws the email of a task. Its text becomes the draft of the task.
    """
    saved_at = "$2::timestamptz" if is_postgres() else "$2"
    await execute(
        "INSERT INTO written_email (enrollment_id, step_id, by_hand, subject, html, written_as_template, saved_at)"
        f" SELECT enrollment_id, step_id, by_hand, subject, html, written_as_template, {saved_at} FROM send"
        f" WHERE {in_list('id', 1)} AND {condition} AND (subject IS NOT NULL OR html IS NOT NULL)"
        " ON CONFLICT (enrollment_id, step_id) DO UPDATE SET by_hand = excluded.by_hand, subject = excluded.subject,"
        " html = excluded.html, written_as_template = excluded.written_as_template, saved_at = excluded.saved_at",
        list(send_ids),
        now,
    )


async def find_text(enrollment_id: str, step_id: str) -> WrittenEmail | None:
    """Return the kept text of a person's email of a step."""
    rows = await execute(
        "SELECT subject, html, written_as_template, saved_at FROM written_email"
        " WHERE enrollment_id = $1 AND step_id = $2",
        enrollment_id,
        step_id,
    )
    return _written(rows[0]) if rows else None


def _written(row: Row) -> WrittenEmail:
    saved_at = row["saved_at"]
    as_template = bool(row["written_as_template"])
    return WrittenEmail(row["subject"], row["html"], as_template, None if saved_at is None else instant(saved_at))


async def drafts_of_tasks(workspace_id: str, task_ids: Sequence[str]) -> dict[str, WrittenEmail]:
    """Return the drafts of those of these tasks that have one, by id."""
    rows = await execute(
        "SELECT task.id, written_email.subject, written_email.html, written_as_template, saved_at FROM task"
        " JOIN written_email ON written_email.enrollment_id = task.enrollment_id"
        f" AND written_email.step_id = task.step_id WHERE {in_list('task.id', 2)} AND task.workspace_id = $1"
        " AND task.done_at IS NULL UNION ALL"
        " SELECT task.id, send.subject, send.html, false, one_off_email.updated_at FROM task"
        " JOIN one_off_email ON one_off_email.task_id = task.id JOIN send ON send.id = one_off_email.id"
        f" WHERE {in_list('task.id', 2)} AND task.workspace_id = $1 AND task.done_at IS NULL"
        " AND send.status || '' = 'DRAFT'",
        workspace_id,
        list(task_ids),
    )
    return {row["id"]: _written(row) for row in rows}


async def restore_texts(sends: Sequence[Send]) -> None:
    """Set the kept texts in automatic emails before they are scheduled again."""
    rows = await execute(
        f"SELECT * FROM written_email WHERE {in_list('enrollment_id', 1)} AND NOT by_hand",
        sorted({send.enrollment_id for send in sends}),
    )
    kept = {(row["enrollment_id"], row["step_id"]): row for row in rows}
    for send in sends:
        row = kept.get((send.enrollment_id, send.step_id))
        if row is not None:
            send.subject, send.html = row["subject"], row["html"]
            send.written_as_template = bool(row["written_as_template"])
            await delete_text(send.enrollment_id, send.step_id)


async def delete_text(enrollment_id: str | None, step_id: str | None) -> None:
    """Delete a kept text, because an email has it now."""
    await execute("DELETE FROM written_email WHERE enrollment_id = $1 AND step_id = $2", enrollment_id, step_id)
