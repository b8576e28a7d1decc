"""The texts that reps write for emails, and changes of emails before they are sent.

When an email is withdrawn, the table ``written_email`` keeps its text by enrollment and step. Compose shows the text,
and an automatic email gets it back when it is scheduled again.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from api.models import Send
from api.states import SendStatus
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, in_list


class WrittenEmail(NamedTuple):
    """The text that a rep wrote. A part that is None comes from the template."""

    subject: str | None
    html: str | None
    written_as_template: bool = False


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


async def keep_texts(send_ids: Sequence[str], condition: str = "true") -> None:
    """Keep the texts of these emails before they are withdrawn, as far as the SQL condition is true."""
    await execute(
        "INSERT INTO written_email (enrollment_id, step_id, by_hand, subject, html, written_as_template)"
        " SELECT enrollment_id, step_id, by_hand, subject, html, written_as_template FROM send"
        f" WHERE {in_list('id', 1)} AND {condition} AND (subject IS NOT NULL OR html IS NOT NULL)"
        " ON CONFLICT (enrollment_id, step_id) DO UPDATE SET by_hand = excluded.by_hand, subject = excluded.subject,"
        " html = excluded.html, written_as_template = excluded.written_as_template",
        list(send_ids),
    )


async def find_text(enrollment_id: str, step_id: str) -> WrittenEmail | None:
    """Return the kept text of a person's email of a step."""
    rows = await execute(
        "SELECT subject, html, written_as_template FROM written_email WHERE enrollment_id = $1 AND step_id = $2",
        enrollment_id,
        step_id,
    )
    return WrittenEmail(rows[0]["subject"], rows[0]["html"], bool(rows[0]["written_as_template"])) if rows else None


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


async def delete_text(enrollment_id: str, step_id: str) -> None:
    """Delete a kept text, because an email has it now."""
    await execute("DELETE FROM written_email WHERE enrollment_id = $1 AND step_id = $2", enrollment_id, step_id)
