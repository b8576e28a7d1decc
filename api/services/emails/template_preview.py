"""Preview the email of a template, of a step, or of a text that is not saved yet. Nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from api.codes.refusals.templates import TemplateCode
from api.codes.request_errors.inputs import InputCode
from api.mail.message.compose import EarlierEmail, EmailContent
from api.mail.message.signature import Signature, with_signature
from api.models import Campaign, Person, Sender, Step, Template
from api.services.common.request_context import WorkspaceContext
from api.services.people.people import checked_columns
from api.services.templates import template_inputs
from api.services.templates.email_preview import EmailPreview, preview_content
from api.services.templates.future_content import NOT_ENROLLED, content_before_launch
from api.services.templates.sender_texts import sender_texts
from api.services.templates.template_warnings import html_removed
from api.store.engine.rows import get_or_refuse
from api.store.senders import oldest_sender
from api.store.templates import is_transactional
from strategies import Refusal, StepType, WarningNote
from strategies.calendar import local
from strategies.errors import RefusalCollector


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """A request for a preview: of a template, the email of a step, or a text, and for which person.

    ``subject`` replaces that of the template or step. ``sample`` has the values of a person who is not saved, or values
    that replace those of the person, with the names of ``checked_columns``.
    """

    template_id: str | None = None
    step_id: str | None = None
    subject: str | None = None
    html: str | None = None
    text: str | None = None
    person_id: str | None = None
    sample: Mapping[str, Any] | None = None
    sender_id: str | None = None


@dataclass(frozen=True, slots=True)
class TemplatePreview:
    """The previewed email, with the sender and the person for whom it was composed."""

    preview: EmailPreview
    content: EmailContent
    sender: Sender
    person: Person
    warnings: list[WarningNote]
    transactional: bool
    """Whether the email gets no unsubscribe line."""


async def preview_template(context: WorkspaceContext, request: PreviewRequest) -> TemplatePreview:
    """Compose an email as it would be sent now. Raises Refusal."""
    refusals = RefusalCollector()
    person, step = _nobody(context), None
    with refusals:
        _check_choice(request)
    with refusals:
        person = await _person(context, request)
    with refusals:
        step = await _step(context, request.step_id)
    with refusals:
        sender = await _sender(context, request.sender_id, step)
    refusals.raise_any()
    content, earlier = await _content(context, request, step, sender_texts(sender).signature)
    now = local(context.now, sender.zone)
    path = _path_of_content(request)
    preview = await preview_content(context, content, earlier, person, sender, now, path)
    warnings = await html_removed(context.workspace_id, content.html)
    transactional = await is_transactional(request.template_id if step is None else step.template_id)
    return TemplatePreview(preview, content, sender, person, warnings, transactional)


def _check_choice(request: PreviewRequest) -> None:
    chosen = [name for name in ("template_id", "step_id", "html") if getattr(request, name) is not None]
    if len(chosen) != 1:
        raise Refusal.of(TemplateCode.PREVIEW_CONTENT, ("html" if "html" in chosen else "templateId",))
    if request.text is not None and request.html is None:
        raise Refusal.of(TemplateCode.PREVIEW_CONTENT, ("text",), case="text")


def _path_of_content(request: PreviewRequest) -> tuple[str, ...]:
    if request.template_id is not None:
        return ("templateId",)
    return ("stepId",) if request.step_id is not None else ("html",)


async def _person(context: WorkspaceContext, request: PreviewRequest) -> Person:
    """Return the person for whom to compose, with the sample's values. The row is not written."""
    person = _nobody(context)
    if request.person_id is not None:
        person = await get_or_refuse(Person, context.workspace_id, request.person_id, ("personId",))
    try:
        columns = checked_columns(request.sample or {})
    except Refusal as refusal:
        raise refusal.under("sample") from None
    columns["own_fields"] = {**person.own_fields, **columns.get("own_fields", {})}
    person.update_from_dict(columns)
    return person


def _nobody(context: WorkspaceContext) -> Person:
    return Person(id="", workspace_id=context.workspace_id, email="")


async def _step(context: WorkspaceContext, step_id: str | None) -> Step | None:
    if step_id is None:
        return None
    step = await get_or_refuse(Step, context.workspace_id, step_id, ("stepId",))
    if step.type is not StepType.EMAIL:
        raise Refusal.of(TemplateCode.PREVIEW_CONTENT, ("stepId",), case="no_email", number=step.number)
    return step


async def _sender(context: WorkspaceContext, sender_id: str | None, step: Step | None) -> Sender:
    """Return the sender whose name and signature the email has: the given one, the campaign's, or the oldest."""
    if sender_id is not None:
        return await get_or_refuse(Sender, context.workspace_id, sender_id, ("senderId",))
    if step is not None:
        return await Sender.get(id=(await Campaign.get(id=step.campaign_id)).sender_id)
    sender = await oldest_sender(context.workspace_id)
    if sender is None:
        raise Refusal.of(InputCode.REQUIRED, ("senderId",), argument="senderId")
    return sender


async def _content(
    context: WorkspaceContext, request: PreviewRequest, step: Step | None, signature: Signature
) -> tuple[EmailContent, EarlierEmail | None]:
    """Return the content with the signature, and the email that a follow-up quotes."""
    workspace_id, earlier, refusals = context.workspace_id, None, RefusalCollector()
    subject = request.subject
    if subject is not None:
        with refusals:
            subject = await template_inputs.subject(workspace_id, subject, ("subject",), required=False)
    if step is not None:
        library = await content_before_launch([step], signature)
        content, earlier = library.content(step), library.quoted_email(step, NOT_ENROLLED)
    elif request.template_id is not None:
        with refusals:
            row = await get_or_refuse(Template, workspace_id, request.template_id, ("templateId",))
        refusals.raise_any()
        content = with_signature(EmailContent(row.subject, row.html, row.text), signature)
    else:
        html, text = request.html or "", request.text
        with refusals:
            html = await template_inputs.html(workspace_id, html, ("html",))
        with refusals:
            text = await template_inputs.text(workspace_id, text, ("text",))
        content = with_signature(EmailContent(subject or "", html, text), signature)
    refusals.raise_any()
    return (replace(content, subject=subject) if subject else content), earlier
