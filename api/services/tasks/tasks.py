"""Work on a task: complete it, skip it, or send the email of an EMAIL task."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.codes.emails import EmailCode
from api.codes.event_kinds import EventKind
from api.codes.outcome_reasons import ReasonCode
from api.ids import new_id
from api.mail.message.links import ComposeLinks, compose_links
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError
from api.mail.templates.prompts import prompt_list
from api.models import Campaign, Enrollment, Person, Send, Step, Task
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_paused_or_ending
from api.services.enrollments.explanations import notes_to_json
from api.services.enrollments.planned_columns import chosen_columns
from api.services.enrollments.progress import schedule_next_steps
from api.services.enrollments.timeline_rows import chosen_notes, zone_note
from api.services.people.reachability import refuse_composing, refuse_undeliverable, refuse_unsubscribed
from api.services.tasks.withdrawing import withdraw_email_of
from api.services.templates import template_inputs
from api.services.templates.email_content import RepText, composed_for
from api.states import UNTRANSMITTED_STATUSES, EnrollmentStatus, SendStatus, TaskStatus
from api.store.claimed_email import ClaimedEmail
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import Line, email_event, task_event, write
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
async def complete_task(context: WorkspaceContext, task_id: str) -> Task:
    """Complete a task. The person's next steps are scheduled, up to the next task."""
    return await _finish(context, await _find_workable(context, task_id), TaskStatus.COMPLETED)


@retry_on_deadlock
async def skip_task(context: WorkspaceContext, task_id: str) -> Task:
    """Skip a task. The person's next steps are scheduled as if it were completed."""
    return await _finish(context, await _find_workable(context, task_id), TaskStatus.SKIPPED)


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
    task = await _find_workable(context, task_id)
    if task.type is not StepType.EMAIL:
        raise Refusal.of(EmailCode.NOT_AN_EMAIL_TASK, ("id",), type=task.type)
    await _refuse_scheduled(task)
    refuse_undeliverable(context.workspace, await Person.get(id=task.person_id), ("id",))
    if subject is not None:
        subject = inputs.line(subject, ("subject",), limit=900)
    if html is not None:
        html = await template_inputs.written_html(context.workspace_id, html, ("html",))
    now = context.now
    at = now if at is None else inputs.instant(at, ("at",))
    if at < now:
        raise Refusal.of(StrategyCode.SEND_AT_IN_PAST, ("at",), case="time")
    enrollment = await Enrollment.get(id=task.enrollment_id)
    kept = await find_text(task.enrollment_id, task.step_id) or WrittenEmail(None, None)
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
        step_id=task.step_id,
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
        if not (unedited and await transactional_steps([task.step_id])):
            await refuse_unsubscribed(person, ("id",))
        # Meanwhile an edit may have deleted the task, or someone else may have completed it.
        if not await lock_undone(task.id):
            raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="gone")
        await _refuse_scheduled(task)
        await send.save(force_create=True)
        await delete_text(task.enrollment_id, task.step_id)
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


async def _refuse_scheduled(task: Task) -> None:
    send = await Send.get_or_none(enrollment_id=task.enrollment_id, step_id=task.step_id).only("id", "status")
    if send is None:
        return
    if send.status in (SendStatus.FAILED, SendStatus.BOUNCED):
        raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",), case="undelivered")
    if send.status is SendStatus.IN_DOUBT:
        raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",), case="in_doubt")
    raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",))


async def complete_task_of_email(context: WorkspaceContext, send: ClaimedEmail | Send, at: datetime) -> None:
    """Complete the task of a sent email at ``at`` (UTC), and move the later steps that depend on it.

    Call inside the transaction that records the send.
    """
    task = await Task.get(enrollment_id=send.enrollment_id, step_id=send.step_id)
    if task.done_at is None:  # open, or expired and waiting for a rep
        await close_task(context, task, TaskStatus.COMPLETED, at)
    elif task.status is TaskStatus.COMPLETED and task.done_at != at:
        await Task.filter(id=task.id).update(done_at=at)
        await schedule_next_steps(context, await Enrollment.get(id=task.enrollment_id), at)


async def compose(context: WorkspaceContext, task_id: str) -> Compose:
    """Return the email of an open EMAIL task, rendered for its person, with links that open it in mail programs.

    If a rep wrote a text that is scheduled or was withdrawn, it is that text.
    Raises Refusal, also if a field has no value. A rep can then add the value.
    """
    task = await _find_workable(context, task_id)
    if task.type is not StepType.EMAIL:
        raise Refusal.of(EmailCode.NOT_AN_EMAIL_TASK, ("id",), case="no_email", type=task.type)
    send = await Send.get_or_none(enrollment_id=task.enrollment_id, step_id=task.step_id, by_hand=True)
    text = send or await find_text(task.enrollment_id, task.step_id)
    return await _compose_for(
        context, task, task.assignee_id, text, context.now if send is None else max(context.now, send.due_at)
    )


async def compose_email(context: WorkspaceContext, send_id: str) -> Compose:
    """Return a scheduled email, rendered for its person as of its due time. Raises Refusal as ``compose`` does."""
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    return await _compose_for(context, send, send.sender_id, send, max(context.now, send.due_at))


async def _compose_for(
    context: WorkspaceContext, of: Task | Send, sender_id: str, text: RepText | None, now: datetime
) -> Compose:
    person = await Person.get(id=of.person_id)
    if not await transactional_steps([of.step_id]):
        await refuse_composing(person, ("id",))
    try:
        step = await Step.get(id=of.step_id)
        composed = await composed_for(context, step, person, sender_id, of.enrollment_id, now, text)
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


async def _find_workable(context: WorkspaceContext, task_id: str) -> Task:
    task = await get_or_refuse(Task, context.workspace_id, task_id, ("id",))
    # A rep can still work on an expired task if the campaign waits for it.
    waiting = task.status is TaskStatus.EXPIRED and task.done_at is None
    if task.status is not TaskStatus.OPEN and not waiting:
        raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), status=task.status.lower())
    enrollment = await Enrollment.get(id=task.enrollment_id)
    campaign = await Campaign.get(id=enrollment.campaign_id).only("id", "ending_at")
    if enrollment.status is not EnrollmentStatus.ACTIVE or campaign.ending_at is not None:
        raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="ended")
    return task


async def _finish(context: WorkspaceContext, task: Task, status: TaskStatus) -> Task:
    async with transaction():
        if status is TaskStatus.COMPLETED and task.type is StepType.EMAIL:
            await withdraw_email_of(task, context.now)
        await close_task(context, task, status, context.now)
    return task


async def close_task(context: WorkspaceContext, task: Task, status: TaskStatus, at: datetime) -> None:
    """Close a task that is not done, and schedule the next steps. Call inside a transaction. Raises Refusal."""
    # The condition on the status makes the second of two concurrent calls change nothing.
    closed = await Task.filter(id=task.id, status__in=(TaskStatus.OPEN, TaskStatus.EXPIRED), done_at=None).update(
        status=status, done_at=at
    )
    if not closed:
        raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="meanwhile")
    task.status, task.done_at = status, at
    enrollment = await Enrollment.get(id=task.enrollment_id)
    kind, data = EventKind[f"TASK_{status}"], {"type": str(task.type)}
    lines = [task_event(task, kind, at, data=data, campaign_id=enrollment.campaign_id)]
    if status is TaskStatus.SKIPPED:
        lines += await _fail_email(enrollment, task, at)
    await write(lines)
    await schedule_next_steps(context, enrollment, at)


async def _fail_email(enrollment: Enrollment, task: Task, at: datetime) -> list[Line]:
    """Mark the scheduled email of a task as failed, unless its transmission has started."""
    reason, detail = ReasonCode.TASK_SKIPPED.message()
    emails_of_task = Send.filter(enrollment_id=task.enrollment_id, step_id=task.step_id)
    send = await emails_of_task.filter(status__in=UNTRANSMITTED_STATUSES).first()
    if send is None or not await Send.filter(id=send.id, status__in=UNTRANSMITTED_STATUSES).update(
        status=SendStatus.FAILED, attempt_id=None, lease_until=None, held=False, reason=reason,
        detail=detail,
    ):  # fmt: skip
        return []
    data = {"reason": reason}
    return [email_event(send, EventKind.EMAIL_FAILED, at, data=data, campaign_id=enrollment.campaign_id)]
