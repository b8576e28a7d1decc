"""Compose an email for a preview. Each field without a value is shown as a field prompt."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from api.mail.message.compose import ComposedEmail, EarlierEmail, EmailContent
from api.models import Person, Sender
from api.services.common.inputs.inputs import Path
from api.services.common.request_context import WorkspaceContext
from api.services.templates.blanks import composed_with_blanks, prompts_with_blanks
from api.services.templates.email_content import fields_of
from api.services.templates.rendering import compose_email
from api.services.templates.sender_texts import sender_texts


class EmailPreview(NamedTuple):
    """A composed email, and the reasons why it cannot be sent."""

    email: ComposedEmail
    prompts: Sequence[str]
    """The labels of the field prompts in it, including those in place of fields without a value."""
    unresolved_fields: Sequence[str]


async def preview_content(
    context: WorkspaceContext,
    content: EmailContent,
    earlier: EarlierEmail | None,
    person: Person,
    sender: Sender,
    now: datetime,
    path: Path,
) -> EmailPreview:
    """Compose a content with the email that a follow-up quotes, for a person who is not enrolled.

    ``now`` is in the zone of the email. The link to unsubscribe is the sender's address, so that nobody can unsubscribe
    a person by a preview. Raises Refusal with ``path``.
    """
    fields = fields_of(person, sender.name, sender.email, None, sender_texts(sender).fields)

    async def compose(blanks: Mapping[str, str]) -> ComposedEmail:
        return await compose_email(context.workspace_id, content, {**fields, **blanks}, now, earlier)

    email, unresolved_fields = await composed_with_blanks(compose, person, path)
    prompts = prompts_with_blanks(email, person) if unresolved_fields else email.prompts
    return EmailPreview(email, prompts, unresolved_fields)
