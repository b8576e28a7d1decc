"""The content of an email: the step's template or own content, rendered for one person.

A follow-up quotes earlier emails.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol

from api.mail.company_names import friendly_company
from api.mail.message.compose import ComposedEmail, EarlierEmail, EmailContent
from api.mail.message.signature import NO_SIGNATURE, Signature, with_signature
from api.mail.unsubscribing.mail_addresses import mailto_of_sender
from api.mail.unsubscribing.own_links import UNSUBSCRIBE_FIELD
from api.models import Enrollment, Person, Send, Sender, Step, Template
from api.services.common.emails.recipient import Recipient
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.timeline_rows import added_after
from api.services.templates.earlier_texts import earlier_email
from api.services.templates.rendering import compose_email
from api.services.templates.sender_texts import NO_TEXTS, sender_texts
from api.states import PENDING_STATUSES, SendStatus
from api.store.emails import one_off_emails
from api.store.emails.written_texts import WrittenEmail
from strategies import StepType
from strategies.calendar import local

SentEmail = tuple[str | None, datetime | None]
"""The Message-ID of a sent email, and when it was sent (UTC)."""


class PendingEmail(NamedTuple):
    """An email that is not sent yet, with its planned and due times (UTC)."""

    planned_at: datetime
    due_at: datetime


class RepText(Protocol):
    """The text that a rep wrote for one email. A part that is None comes from the template."""

    @property
    def subject(self) -> str | None:
        """The subject."""

    @property
    def html(self) -> str | None:
        """The HTML part. The text part is made from it."""

    @property
    def written_as_template(self) -> bool:
        """Whether it is rendered as a template, as texts of earlier releases are. Later texts are sent unchanged."""


def fields_of(
    person: Person | Recipient,
    sender_name: str,
    sender_email: str,
    unsubscribe_link: str | None,
    of_sender: Mapping[str, str] = NO_TEXTS.fields,
) -> dict[str, str]:
    """Return the dynamic fields of an email: those of the person and of the sender, and the link to unsubscribe.

    Without a link, recipients unsubscribe by a mail to the sender. ``of_sender`` has the fields of ``SenderTexts``. A
    person's own field overrides a field that a later release has added.
    """
    own = {name: str(value) for name, value in person.own_fields.items() if value is not None}
    return {
        "company_friendly": friendly_company(person.company),
        "my_name": sender_name,
        "my_email": sender_email,
        **of_sender,
        **own,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "title": person.title,
        "company": person.company,
        "email": person.email,
        "sender_name": sender_name,
        "sender_email": sender_email,
        UNSUBSCRIBE_FIELD: unsubscribe_link or mailto_of_sender(sender_email),
    }


async def composed_for(
    context: WorkspaceContext,
    step: Step | None,
    person: Person,
    sender_id: str,
    enrollment_id: str | None,
    now: datetime,
    rep_text: RepText | None = None,
    blanks: Mapping[str, str] = MappingProxyType({}),
) -> ComposedEmail:
    """Return the step's email for one person at ``now`` (UTC), with the text that a rep wrote for it.

    An email outside campaigns has no step and no enrollment, and a rep wrote all of it. ``blanks`` has the values of
    fields for which the person has none. Raises UnresolvedFieldError, TemplateProblem, and Refusal (TOO_BUSY).
    """
    sender = await Sender.get(id=sender_id)
    texts = sender_texts(sender)
    if step is None or enrollment_id is None:
        library, zone, earlier = NO_STEPS, sender.zone, await _stored_earlier_email(rep_text)
    else:
        library = await ContentLoader.load([step.id], [enrollment_id], texts.signature)
        zone = (await Enrollment.get(id=enrollment_id)).zone
        earlier = library.quoted_email(step, enrollment_id)
    content = library.content_with(step, rep_text or WrittenEmail(None, None))
    page_link = context.page_link(person)
    fields = {**fields_of(person, sender.name, sender.email, page_link, texts.fields), **blanks}
    return await compose_email(context.workspace_id, content, fields, local(now, zone), earlier)


async def _stored_earlier_email(rep_text: RepText | None) -> EarlierEmail | None:
    """Return the email that a one-off email quotes."""
    if not isinstance(rep_text, Send):
        return None
    row = (await one_off_emails.find([rep_text.id])).get(rep_text.id)
    return None if row is None else earlier_email(row.earlier)


@dataclass(frozen=True, slots=True)
class ContentLoader:
    """The templates of some steps, and the earlier emails that their follow-ups quote, for some enrollments.

    ``sent`` and ``pending`` have the emails of the campaigns with follow-ups, by enrollment and step.
    """

    steps: Mapping[str, Step]
    numbers: Mapping[tuple[str, int], Step]
    templates: Mapping[str, Template]
    sent: Mapping[tuple[str, str], SentEmail]
    pending: Mapping[tuple[str, str], PendingEmail]
    launched: Mapping[str, int]
    """The revision of the campaign at which each enrollment was launched."""
    signature: Signature = NO_SIGNATURE
    """The signature of the sender, which is part of all contents except those that a rep wrote."""
    contents: dict[tuple[str, str | None], EmailContent] = field(default_factory=dict)
    """Contents by the step's template, or the step itself, and its subject. ``content`` fills it: emails share them."""

    @classmethod
    async def load(
        cls, step_ids: Iterable[str], enrollment_ids: Iterable[str], signature: Signature = NO_SIGNATURE
    ) -> "ContentLoader":
        """Load the content of the emails of these steps for these enrollments, of a sender with a signature."""
        requested = await Step.filter(id__in=list(set(step_ids)))
        rows = requested
        sent: dict[tuple[str, str], SentEmail] = {}
        pending: dict[tuple[str, str], PendingEmail] = {}
        launched: dict[str, int] = {}
        if any(step.follow_up for step in requested):
            rows = await Step.filter(campaign_id__in=list({step.campaign_id for step in requested}))
            emails = Send.filter(
                enrollment_id__in=list(set(enrollment_ids)),
                step_id__in=[row.id for row in rows],
                status__in=(SendStatus.SENT, *PENDING_STATUSES),
            )
            columns = "enrollment_id", "step_id", "status", "message_id", "sent_at", "planned_at", "due_at"
            for enrollment_id, step_id, status, *values in await emails.values_list(*columns):
                if status == SendStatus.SENT:
                    sent[enrollment_id, step_id] = (values[0], values[1])
                else:
                    pending[enrollment_id, step_id] = PendingEmail(values[2], values[3])
            enrollments = Enrollment.filter(id__in=list(set(enrollment_ids)))
            launched = {str(key): at for key, at in await enrollments.values_list("id", "launched_revision")}
        template_ids = list({row.template_id for row in rows if row.template_id})
        templates = {row.id: row for row in await Template.filter(id__in=template_ids)} if template_ids else {}
        numbers = {(row.campaign_id, row.number): row for row in rows if row.removed_at is None}
        return cls({row.id: row for row in rows}, numbers, templates, sent, pending, launched, signature)

    def content(self, step: Step) -> EmailContent:
        """Return the step's own content or its template's. A subject of the step replaces the template's."""
        key = step.template_id or step.id, step.subject
        if key not in self.contents:
            self.contents[key] = with_signature(self._content(step), self.signature)
        return self.contents[key]

    def _content(self, step: Step) -> EmailContent:
        if step.template_id is None:
            return EmailContent(step.subject or "", step.html or "", step.text)
        template = self.templates[step.template_id]
        return EmailContent(step.subject or template.subject, template.html, template.text)

    def is_transactional(self, step: Step | None, rep_text: RepText) -> bool:
        """Say whether an email is transactional: its template is, and no rep wrote its subject or text."""
        template = self.templates.get((step and step.template_id) or "")
        return template is not None and template.transactional and rep_text.subject is None and rep_text.html is None

    def content_with(self, step: Step | None, rep_text: RepText) -> EmailContent:
        """Return the content of the step's template, in which the parts that a rep wrote replace the template's.

        A rep writes all of an email without a step.
        """
        if step is None:
            return EmailContent(rep_text.subject or "", rep_text.html or "", None, final_subject=True, final_html=True)
        content, final = self.content(step), not rep_text.written_as_template
        if rep_text.subject is not None:
            content = replace(content, subject=rep_text.subject, final_subject=final)
        if rep_text.html is not None:
            content = replace(content, html=rep_text.html, text=None, final_html=final)
        return content

    def _passed(self, step: Step, enrollment_id: str) -> bool:
        """Say whether a step was added after the person's launch, and the person has no email of it."""
        added = added_after(step, self.launched[enrollment_id])
        return added and (enrollment_id, step.id) not in self.sent and (enrollment_id, step.id) not in self.pending

    def _previous(self, step: Step, enrollment_id: str) -> Step | None:
        """Return the step whose email a follow-up answers and quotes, or None if the step is not a follow-up."""
        previous = self.numbers.get((step.campaign_id, step.number - 1)) if step.follow_up else None
        while previous is not None and self._passed(previous, enrollment_id):
            previous = self.numbers.get((previous.campaign_id, previous.number - 1))
        return previous if previous is not None and previous.type is StepType.EMAIL else None

    def waits_for(self, step: Step | None, enrollment_id: str | None) -> PendingEmail | None:
        """Return the unsent email for which a follow-up waits, or None if the follow-up may be sent."""
        if step is None or enrollment_id is None:
            return None
        previous = self._previous(step, enrollment_id)
        first = self.pending.get((enrollment_id, previous.id)) if previous is not None else None
        own = self.pending.get((enrollment_id, step.id))
        return first if first is not None and own is not None and first.planned_at <= own.planned_at else None

    def quoted_email(self, step: Step | None, enrollment_id: str | None) -> EarlierEmail | None:
        """Return the email that a follow-up quotes, with the emails that it quotes itself. None if not a follow-up."""
        if step is None or enrollment_id is None:
            return None
        previous = self._previous(step, enrollment_id)
        if previous is None:
            return None
        message_id, sent_at = self.sent.get((enrollment_id, previous.id), (None, None))
        return EarlierEmail(self.content(previous), message_id, sent_at, self.quoted_email(previous, enrollment_id))


NO_STEPS = ContentLoader({}, {}, {}, {}, {}, {})
"""The contents of emails without a step: a rep writes them."""
