"""Compose windows: the email of a task, or a scheduled email, rendered for its person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from api.codes.refusals.emails import EmailCode
from api.mail.message.compose import ComposedEmail
from api.mail.message.links import ComposeLinks, compose_links
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError
from api.mail.templates.prompts import prompt_list
from api.models import Person, Send, Step, Task
from api.services.common.request_context import WorkspaceContext
from api.services.people.reachability import refuse_composing
from api.services.tasks.open_tasks import find_email_task, place_in_campaign
from api.services.templates.blanks import composed_with_blanks, prompts_with_blanks, unresolved
from api.services.templates.email_content import RepText, composed_for
from api.services.templates.sender_texts import load_sender_texts
from api.store.emails.transactional import transactional_steps
from api.store.emails.written_texts import WrittenEmail, find_text
from api.store.engine.rows import get_or_refuse
from strategies import Refusal


@dataclass(frozen=True, slots=True)
class Draft:
    """The saved draft of the email of a task. A part that is None comes from the template."""

    subject: str | None
    html: str | None
    saved_at: datetime | None
    """UTC. None if it is the text of an email that an earlier release withdrew."""
    version: int


@dataclass(frozen=True, slots=True)
class Compose:
    """The content of a compose window."""

    to: str
    subject: str
    html: str
    text: str
    quoted_html: str | None
    quoted_text: str | None
    prompts: Sequence[str]
    unresolved_fields: Sequence[str]
    links: ComposeLinks
    signature: str
    """HTML of the sender's signature, which is part of ``html`` unless a rep wrote that. Empty if there is none."""
    draft: Draft | None = None
    draft_version: int = 0
    copy_address: str | None = None
    """The address in BCC of the links, by which Touchline receives a copy when the rep sends the email."""


class _Place(NamedTuple):
    """The place of an email in a campaign, if it has one, and its sender."""

    person_id: str
    enrollment_id: str | None
    step_id: str | None
    sender_id: str


async def compose(context: WorkspaceContext, task_id: str) -> Compose:
    """Return the email of an open EMAIL task, rendered for its person, with links that open it in mail programs.

    If a rep wrote a text that is scheduled, was saved as a draft or was withdrawn, it is that text. Raises Refusal.
    """
    task = await find_email_task(context, task_id)
    enrollment_id, step_id = place_in_campaign(task)
    send = await Send.get_or_none(enrollment_id=enrollment_id, step_id=step_id, by_hand=True)
    saved = await find_text(enrollment_id, step_id) if send is None else None
    place = _Place(task.person_id, enrollment_id, step_id, task.assignee_id)
    now = context.now if send is None else max(context.now, send.due_at)
    draft = None if saved is None else draft_of(saved, task.draft_version)
    copy_address = context.copy_address(task.id)
    window = await _compose_for(context, place, send or saved, now, copy_address)
    return replace(window, draft=draft, draft_version=task.draft_version)


def draft_of(saved: WrittenEmail, version: int) -> Draft:
    """Return a draft with its version."""
    return Draft(saved.subject, saved.html, saved.saved_at, version)


async def compose_email(context: WorkspaceContext, send_id: str) -> Compose:
    """Return a scheduled email, rendered for its person as of its due time. Raises Refusal as ``compose`` does."""
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    place = _Place(send.person_id, send.enrollment_id, send.step_id, send.sender_id)
    copy_address = context.copy_address(send.id) if send.enrollment_id is None else None
    return await _compose_for(context, place, send, max(context.now, send.due_at), copy_address)


async def compose_empty(context: WorkspaceContext, task: Task, signature: str) -> Compose:
    """Return the empty email of a task created by hand, with the signature. Raises Refusal."""
    place = _Place(task.person_id, None, None, task.assignee_id)
    return await _compose_for(context, place, WrittenEmail("", signature), context.now, context.copy_address(task.id))


async def find_step(step_id: str | None) -> Step | None:
    """Return the step of an email; None if it belongs to no campaign."""
    return None if step_id is None else await Step.get(id=step_id)


async def refuse_unsendable(context: WorkspaceContext, send: Send, path: tuple[str, ...]) -> None:
    """Refuse to send an email now that contains a field prompt, or a field without a value."""
    step, person = await find_step(send.step_id), await Person.get(id=send.person_id)
    try:
        composed = await composed_for(context, step, person, send.sender_id, send.enrollment_id, send.due_at, send)
    except UnresolvedFieldError as problem:
        raise unresolved(problem, person, path) from None
    except TemplateProblem:
        return  # dispatch fails the email with this reason
    if composed.prompts:
        raise Refusal.of(EmailCode.FIELD_PROMPT_LEFT, path, prompts=prompt_list(composed.prompts))


async def _compose_for(
    context: WorkspaceContext,
    of: _Place,
    text: RepText | None,
    now: datetime,
    copy_address: str | None = None,
) -> Compose:
    person = await Person.get(id=of.person_id)
    if of.step_id is None or not await transactional_steps([of.step_id]):
        await refuse_composing(person, ("id",))
    composed, unresolved = await _composed_with_blanks(context, of, person, text, now)
    quote = composed.quote
    return Compose(
        to=person.email,
        subject=composed.subject,
        html=composed.body_html,
        text=composed.body_text,
        quoted_html=None if quote is None else quote.html,
        quoted_text=None if quote is None else quote.text,
        prompts=prompts_with_blanks(composed, person) if unresolved else composed.prompts,
        unresolved_fields=unresolved,
        links=compose_links(person.email, composed.subject, composed.text, copy_address),
        signature=(await load_sender_texts(of.sender_id)).signature.html,
        copy_address=copy_address,
    )


async def _composed_with_blanks(
    context: WorkspaceContext, of: _Place, person: Person, text: RepText | None, now: datetime
) -> tuple[ComposedEmail, list[str]]:
    """Compose an email with a field prompt in place of each field that has no value. Returns these fields too."""
    step = await find_step(of.step_id)

    async def compose_it(blanks: Mapping[str, str]) -> ComposedEmail:
        return await composed_for(context, step, person, of.sender_id, of.enrollment_id, now, text, blanks=blanks)

    return await composed_with_blanks(compose_it, person, ("id",))
