"""The first emails of a launch, rendered for its people before it is carried out."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from api.mail.message.signature import Signature
from api.models import Person, Sender, Step
from api.services.common.request_context import WorkspaceContext
from api.services.launches.first_emails import automatic_first_email
from api.services.templates.email_content import ContentLoader
from api.services.templates.email_preview import EmailPreview, preview_content
from api.services.templates.future_content import NOT_ENROLLED, content_before_launch
from api.services.templates.sender_texts import sender_texts
from api.services.templates.template_inputs import WrittenText
from api.store.emails.written_texts import WrittenEmail
from strategies.calendar import local
from strategies.timeline.timeline import Timeline


class FirstEmail(NamedTuple):
    """The step of the first email of a person, when it would be sent (UTC), and the text that a rep wrote for it."""

    step: Step
    at: datetime
    text: WrittenText


def first_email(steps: Sequence[Step], timeline: Timeline, text: WrittenText | None) -> FirstEmail | None:
    """Return a person's first email; None if the first step is not an email that is sent automatically."""
    planned = automatic_first_email(timeline)
    return None if planned is None else FirstEmail(steps[0], planned.instant, text or WrittenText(None, None))


class FirstEmailPreviews:
    """Renders the first emails of one preview, one by one, when they are asked for.

    ``_libraries`` has the content of a step by its id and the sender's signature, because many people share it.
    ``preview`` fills it, under ``_lock``.
    """

    def __init__(self, context: WorkspaceContext) -> None:
        self._context = context
        self._libraries: dict[tuple[str, Signature], ContentLoader] = {}
        self._lock = asyncio.Lock()

    async def preview(self, email: FirstEmail, person: Person, sender: Sender, zone: str) -> EmailPreview:
        """Return the first email of a person. Raises Refusal."""
        step, key = email.step, (email.step.id, sender_texts(sender).signature)
        async with self._lock:
            if key not in self._libraries:
                self._libraries[key] = await content_before_launch([step], key[1])
        library = self._libraries[key]
        content = library.content_with(step, WrittenEmail(email.text.subject, email.text.html))
        earlier = library.quoted_email(step, NOT_ENROLLED)
        return await preview_content(self._context, content, earlier, person, sender, local(email.at, zone), ())
