"""Emails as they were sent, as files that mail programs open."""

from collections.abc import Sequence
from typing import NamedTuple

from api.codes.refusals.emails import EmailCode
from api.models import Send
from api.services.common.emails.sent_messages import sent_messages
from api.states import UNTRANSMITTED_STATUSES
from api.store.emails import attachments
from api.store.emails.attachments import Attachment
from api.store.engine.rows import get_or_refuse, is_possible_id, not_found
from strategies import Refusal


class EmlFile(NamedTuple):
    """A sent email, and the files that were attached to it."""

    subject: str
    message: bytes
    attachments: Sequence[Attachment]


async def load(workspace_id: str, email_id: str) -> EmlFile:
    """Return an email as it was sent. Raises Refusal."""
    send = await get_or_refuse(Send, workspace_id, email_id, ("id",))
    found = await sent_messages(workspace_id, [email_id]) if send.status not in UNTRANSMITTED_STATUSES else {}
    if email_id not in found:
        raise Refusal.of(EmailCode.CONTENT_NOT_KEPT, ("id",))
    files = (await attachments.of_emails([email_id])).get(email_id, ())
    return EmlFile(found[email_id].subject, found[email_id].message, files)


async def workspace_of(email_id: str) -> str:
    """Return the workspace of an email that a signed link names. Raises Refusal."""
    send = await Send.get_or_none(id=email_id) if is_possible_id(email_id) else None
    if send is None:
        raise not_found("email", email_id, ("id",))
    return str(send.workspace_id)
