"""Work on a task: complete it, skip it, or send the email of an EMAIL task."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from api.codes.emails import EmailCode
from api.codes.outcome_reasons import ReasonCode
from api.ids import new_id
from api.mail.message.links import ComposeLinks, compose_links
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError
from api.mail.templates.prompts import prompt_list
from api.models import Enrollment, Person, Send, Step, Task
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_paused_or_ending
from api.services.enrollments.explanations import notes_to_json
from api.services.enrollments.planned_columns import chosen_columns
from api.services.enrollments.timeline_rows import chosen_notes, zone_note
from api.services.people.reachability import refuse_composing, refuse_undeliverable, refuse_unsubscribed
from api.services.tasks.call_results import CompletionResult, checked_result
from api.services.tasks.closing import close_task
from api.services.tasks.open_tasks import find_workable, place_in_campaign
from api.services.tasks.withdrawing import withdraw_email_of
from api.services.templates import template_inputs
from api.services.templates.email_content import RepText, composed_for
from api.states import SendStatus, TaskStatus
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.tasks import lock_undone
from api.store.transactional import transactional_steps
from api.store.written_texts import WrittenEmail, delete_text, find_text
from strategies import Refusal, StepType
from strategies.codes import StrategyCode


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
    links: ComposeLinks


@retry_on_deadlock
async def complete_task(
    context: WorkspaceContext,
    task_id: str,
    *,
    outcome: str | None = None,
    reason: str | None = None,
    note: str | None = None,
) -> Task:
    """Complete a task. If it belongs to a campaign, the person's next steps are scheduled, up to the next task.

    ``outcome`` and ``reason`` are those of a call. Raises Refusal.
    """
    task = await find_workable(context, task_id)
    result = checked_result(context.workspace, task, outcome, reason, note)
    return await _finish(context, task, TaskStatus.COMPLETED, result)


@retry_on_deadlock
async def skip_task(context: WorkspaceContext, task_id: str, *, note: str | None = None) -> Task:
    """Skip a task. The person's next steps are scheduled as if it were completed."""
    task = await find_workable(context, task_id)
    result = checked_result(context.workspace, task, None, None, note)
    return await _finish(context, task, TaskStatus.SKIPPED, result)


@retry_on_deadlock
async def send_task(
    context: WorkspaceContext,
    task_id: str,
    *,
    subject: str | None = None,
    html: str | None = None,
    at: datetime | None = None,
) -> Send:
    """Send the email of an EMAIL task, unchanged or edited: now, or at a later time (UTC).

    ``subject`` and ``html`` are not templates: they are sent unchanged. Sending now completes the task. An email for
    later completes it when it is sent.
    """
    task = await find_workable(context, task_id)
    if task.type is not StepType.EMAIL:
        raise Refusal.of(EmailCode.NOT_AN_EMAIL_TASK, ("id",), type=task.type)
    enrollment_id, step_id = place_in_campaign(task)
    await refuse_scheduled(task)
    refuse_undeliverable(context.workspace, await Person.get(id=task.person_id), ("id",))
    if subject is not None:
        subject = inputs.line(subject, ("subject",), limit=900)
    if html is not None:
        html = await template_inputs.written_html(context.workspace_id, html, ("html",))
    now = context.now
    at = now if at is None else inputs.instant(at, ("at",))
    if at < now:
        raise Refusal.of(StrategyCode.SEND_AT_IN_PAST, ("at",), case="time")
    enrollment = await Enrollment.get(id=enrollment_id)
    kept = await find_text(enrollment_id, step_id) or WrittenEmail(None, None)
    if subject is None and html is None:
        written = kept
    elif kept.written_as_template:
        written = WrittenEmail(subject, html)
    else:
        written = WrittenEmail(subject or kept.subject, html or kept.html)
    send = Send(
        id=new_id("snd"),
        workspace_id=context.workspace_id,
        enrollment_id=enrollment.id,
        step_id=step_id,
        person_id=task.person_id,
        sender_id=task.assignee_id,
        sandbox=context.workspace.sandbox,
        by_hand=True,
        subject=written.subject,
        html=written.html,
        written_as_template=written.written_as_template,
        **chosen_columns(at, enrollment.zone),
        explanation=notes_to_json([zone_note(enrollment), *chosen_notes("BY_HAND", at, enrollment.zone)]),
    )
    person = await Person.get(id=task.person_id)
    if at == now:
        await refuse_prompts(context, send, ("id",) if html is None else ("html",))
    async with transaction():
        await refuse_paused_or_ending(enrollment.campaign_id, ("id",))
        unedited = written.subject is None and written.html is None
        if not (unedited and await transactional_steps([step_id])):
            await refuse_unsubscribed(person, ("id",))
        # Meanwhile an edit may have deleted the task, or someone else may have completed it.
        if not await lock_undone(task.id):
            raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="gone")
        await refuse_scheduled(task)
        await send.save(force_create=True)
        await delete_text(enrollment_id, step_id)
        if at == now:
            await close_task(context, task, TaskStatus.COMPLETED, now)
    context.wake()
    return send


async def refuse_prompts(context: WorkspaceContext, send: Send, path: tuple[str, ...]) -> None:
    """Refuse to send an email now that contains a field prompt."""
    step, person = await Step.get(id=send.step_id), await Person.get(id=send.person_id)
    try:
        composed = await composed_for(context, step, person, send.sender_id, send.enrollment_id, send.due_at, send)
    except (UnresolvedFieldError, TemplateProblem):
        return  # dispatch will fail it with this reason
    if composed.prompts:
        raise Refusal.of(EmailCode.FIELD_PROMPT_LEFT, path, prompts=prompt_list(composed.prompts))


async def refuse_scheduled(task: Task) -> None:
    send = await Send.get_or_none(enrollment_id=task.enrollment_id, step_id=task.step_id).only("id", "status")
    if send is None:
        return
    if send.status in (SendStatus.FAILED, SendStatus.BOUNCED):
        raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",), case="undelivered")
    if send.status is SendStatus.IN_DOUBT:
        raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",), case="in_doubt")
    raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",))


async def compose(context: WorkspaceContext, task_id: str) -> Compose:
    """Return the email of an open EMAIL task, rendered for its person, with links that open it in mail programs.

    If a rep wrote a text that is scheduled or was withdrawn, it is that text.
    Raises Refusal, also if a field has no value. A rep can then add the value.
    """
    task = await find_workable(context, task_id)
    if task.type is not StepType.EMAIL:
        raise Refusal.of(EmailCode.NOT_AN_EMAIL_TASK, ("id",), case="no_email", type=task.type)
    enrollment_id, step_id = place_in_campaign(task)
    send = await Send.get_or_none(enrollment_id=enrollment_id, step_id=step_id, by_hand=True)
    text = send or await find_text(enrollment_id, step_id)
    place = _Place(task.person_id, enrollment_id, step_id, task.assignee_id)
    return await _compose_for(context, place, text, context.now if send is None else max(context.now, send.due_at))


async def compose_email(context: WorkspaceContext, send_id: str) -> Compose:
    """Return a scheduled email, rendered for its person as of its due time. Raises Refusal as ``compose`` does."""
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    place = _Place(send.person_id, send.enrollment_id, send.step_id, send.sender_id)
    return await _compose_for(context, place, send, max(context.now, send.due_at))


class _Place(NamedTuple):
    """The place of an email in a campaign, and its sender."""

    person_id: str
    enrollment_id: str
    step_id: str
    sender_id: str


async def _compose_for(context: WorkspaceContext, of: _Place, text: RepText | None, now: datetime) -> Compose:
    person = await Person.get(id=of.person_id)
    if not await transactional_steps([of.step_id]):
        await refuse_composing(person, ("id",))
    try:
        step = await Step.get(id=of.step_id)
        composed = await composed_for(context, step, person, of.sender_id, of.enrollment_id, now, text)
    except UnresolvedFieldError as problem:
        raise Refusal.of(
            ReasonCode.UNRESOLVED_FIELD, ("id",), case="compose", field=problem.field, email=person.email
        ) from None
    except TemplateProblem as problem:
        raise Refusal(*problem.message, ("id",)) from None
    links = compose_links(person.email, composed.subject, composed.text)
    quote = composed.quote
    return Compose(
        to=person.email,
        subject=composed.subject,
        html=composed.body_html,
        text=composed.body_text,
        quoted_html=None if quote is None else quote.html,
        quoted_text=None if quote is None else quote.text,
        prompts=composed.prompts,
        links=links,
    )


async def _finish(context: WorkspaceContext, task: Task, status: TaskStatus, result: CompletionResult) -> Task:
    async with transaction():
        if status is TaskStatus.COMPLETED and task.type is StepType.EMAIL and task.enrollment_id is not None:
            await withdraw_email_of(task, context.now)
        await close_task(context, task, status, context.now, result)
    return task
