"""Read the contents of emails as they were sent."""

import logging
from collections.abc import Sequence

from api.mail.message.attachments import start_of_mixed
from api.mail.message.packing import DamagedEmailError, unpack
from api.mail.message.sent_message import SentMessage
from api.store.emails import attachments, sent_contents

log = logging.getLogger("touchline.emails")


async def sent_messages(workspace_id: str, email_ids: Sequence[str]) -> dict[str, SentMessage]:
    """Return the messages of those of a workspace's emails whose content is kept, by the email's id."""
    found: dict[str, SentMessage] = {}
    with_files = await attachments.of_emails(email_ids)
    for email_id, content in (await sent_contents.find(workspace_id, email_ids)).items():
        try:
            message = unpack(content.packed, content.base)
            head = start_of_mixed(message, email_id) if email_id in with_files else None
            found[email_id] = SentMessage(message, head)
        except DamagedEmailError:
            log.exception("the stored content of the email %s is damaged", email_id)
    return found
