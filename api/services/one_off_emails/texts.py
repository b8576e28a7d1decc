"""The text of a one-off email: made from a template, written by a rep, or the start of a follow-up."""

from collections.abc import Mapping

from api.codes.refusals.emails import EmailCode
from api.codes.refusals.templates import TemplateCode
from api.mail.message.compose import ComposedEmail, EmailContent, reply_subject
from api.mail.message.signature import with_signature
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError
from api.models import Person, Send, Sender, Step, Template
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.templates import template_inputs
from api.services.templates.blanks import composed_with_blanks, unresolved
from api.services.templates.email_content import ContentLoader, composed_for, fields_of
from api.services.templates.rendering import compose_email
from api.services.templates.sender_texts import sender_texts
from api.services.templates.template_inputs import MAX_SUBJECT_CHARACTERS, WrittenText
from api.states import SendStatus
from api.store.emails import one_off_emails
from api.store.emails.one_off_emails import EarlierText
from api.store.engine.rows import get_or_refuse
from strategies import Refusal
from strategies.calendar import local

FOLLOWED_STATUSES = (SendStatus.SENT, SendStatus.BOUNCED)
"""Statuses of an email that a follow-up can answer: it has been sent."""


async def template_text(context: WorkspaceContext, template_id: str, person: Person, sender: Sender) -> WrittenText:
    """Return a template with the sender's signature, rendered for a person once. Raises Refusal.

    A field without a value becomes a field prompt. From then on it is a rep's text, and is not rendered again.
    """
    path = ("templateId",)
    template = await get_or_refuse(Template, context.workspace_id, template_id, path)
    if template.archived_at is not None:
        raise Refusal.of(TemplateCode.TEMPLATE_ARCHIVED, path, case="email")
    texts = sender_texts(sender)
    content = with_signature(EmailContent(template.subject, template.html, template.text), texts.signature)
    page_link = context.page_link(person) if person.id else None
    fields = fields_of(person, sender.name, sender.email, page_link, texts.fields)
    now = local(context.now, sender.zone)

    async def compose_it(blanks: Mapping[str, str]) -> ComposedEmail:
        return await compose_email(context.workspace_id, content, {**fields, **blanks}, now, None)

    composed, _ = await composed_with_blanks(compose_it, person, path)
    return WrittenText(composed.subject, composed.body_html)


async def checked_text(workspace_id: str, subject: str | None, html: str | None) -> WrittenText:
    """Return a clean subject and HTML of a draft, where given. Both may be empty. Raises Refusal."""
    if subject is not None:
        subject = inputs.line(subject, ("subject",), limit=MAX_SUBJECT_CHARACTERS, required=False)
    if html is not None:
        html = await template_inputs.draft_html(workspace_id, html, ("html",))
    return WrittenText(subject, html)


async def find_followed(context: WorkspaceContext, email_id: str) -> Send:
    """Return the email that a follow-up answers. Raises Refusal, also if it was not sent."""
    send = await get_or_refuse(Send, context.workspace_id, email_id, ("followsEmailId",))
    if send.status not in FOLLOWED_STATUSES or send.message_id is None:
        status = send.status.words
        raise Refusal.of(EmailCode.NOT_SENT, ("followsEmailId",), case="follow_up", status=status)
    return send


async def earlier_text(context: WorkspaceContext, send: Send) -> EarlierText:
    """Return a sent email in the form that a follow-up quotes, including its own quotes. Raises Refusal."""
    person, sender = await Person.get(id=send.person_id), await Sender.get(id=send.sender_id)
    step = None if send.step_id is None else await Step.get(id=send.step_id)
    at = send.sent_at or context.now
    try:
        composed = await composed_for(context, step, person, send.sender_id, send.enrollment_id, at, send)
    except UnresolvedFieldError as problem:
        raise unresolved(problem, person, ("followsEmailId",)) from None
    except TemplateProblem as problem:
        raise Refusal(*problem.message, ("followsEmailId",)) from None
    thread = [*(await _thread_before(send, step)), send.message_id or ""]
    return EarlierText(composed.subject, composed.html, sender.name, send.sent_at, thread)


async def _thread_before(send: Send, step: Step | None) -> list[str]:
    """Return the Message-IDs of the emails before a sent one in its thread, the oldest first."""
    if step is None or send.enrollment_id is None:
        columns = (await one_off_emails.find([send.id])).get(send.id)
        return [] if columns is None or columns.earlier is None else list(columns.earlier.thread)
    library = await ContentLoader.load([step.id], [send.enrollment_id])
    earlier, found = library.quoted_email(step, send.enrollment_id), list[str]()
    while earlier is not None:
        if earlier.message_id:
            found.insert(0, earlier.message_id)
        earlier = earlier.earlier
    return found


def follow_up_subject(earlier: EarlierText) -> str:
    """Return the subject of a follow-up without a subject of its own."""
    return reply_subject(earlier.subject)
