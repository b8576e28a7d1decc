"""Emails that a rep changes before they leave, and the texts that a rep wrote for emails that are not scheduled.

A text is kept by person and step (table written_email) when its email is withdrawn. Compose shows it again, and an
automatic email that is scheduled again has it again.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from api.models import Send
from api.states import SendStatus
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, in_list


class WrittenEmail(NamedTuple):
    """What a rep wrote in the place of the template's parts; None leaves the template's part."""

    subject: str | None
    html: str | None
    written_as_template: bool = False


async def lock_email(send_id: str) -> Send | None:
    """Return an email that nobody else changes, claims or hands over before the transaction ends."""
    if is_postgres():
        await execute("SELECT id FROM send WHERE id = $1 FOR NO KEY UPDATE", send_id)
    return await Send.get_or_none(id=send_id)


async def change_waiting_email(send: Send, *, paused: bool, **values: Any) -> None:
    """Change an email that is locked and waits. One that is claimed is taken back: its attempt no longer owns it."""
    status = SendStatus.DEFERRED if send.attempts else SendStatus.SCHEDULED
    await Send.filter(id=send.id).update(
        status=status, attempt_id=None, lease_until=None, held=send.held or paused, **values
    )


async def keep_texts(send_ids: Sequence[str], which: str = "true") -> None:
    """Keep what reps wrote in these emails, which are about to be withdrawn where a condition is true of them."""
    await execute(
        "INSERT INTO written_email (enrollment_id, step_id, by_hand, subject, html, written_as_template)"
        " SELECT enrollment_id, step_id, by_hand, subject, html, written_as_template FROM send"
        f" WHERE {in_list('id', 1)} AND {which} AND (subject IS NOT NULL OR html IS NOT NULL)"
        " ON CONFLICT (enrollment_id, step_id) DO UPDATE SET by_hand = excluded.by_hand, subject = excluded.subject,"
        " html = excluded.html, written_as_template = excluded.written_as_template",
        list(send_ids),
    )


async def find_text(enrollment_id: str, step_id: str) -> WrittenEmail | None:
    """Return the text that is kept for a person's email of a step."""
    rows = await execute(
        "SELECT subject, html, written_as_template FROM written_email WHERE enrollment_id = $1 AND step_id = $2",
        enrollment_id,
        step_id,
    )
    return WrittenEmail(rows[0]["subject"], rows[0]["html"], bool(rows[0]["written_as_template"])) if rows else None


async def restore_texts(sends: Sequence[Send]) -> None:
    """Give automatic emails that are about to be scheduled the texts that are kept of their earlier selves."""
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


async def delete_text(enrollment_id: str, step_id: str) -> None:
    """Forget a text: an email has it now."""
    await execute("DELETE FROM written_email WHERE enrollment_id = $1 AND step_id = $2", enrollment_id, step_id)
