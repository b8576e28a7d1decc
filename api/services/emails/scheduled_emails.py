"""Change an email before it is sent: reschedule it, edit its text, or withdraw it and reopen its task."""

from datetime import datetime
from itertools import takewhile
from typing import Any, NamedTuple

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.emails import EmailCode
from api.codes.refusals.templates import TemplateCode
from api.codes.request_errors.inputs import InputCode
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError
from api.models import Campaign, Enrollment, Person, Send, Task
from api.services.common.inputs.versions import check_version
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_ending, refuse_paused_or_ending
from api.services.enrollments.timelines.chosen_times import NOTES_OF_A_PERSON, ChosenTime, LocalTime, chosen_time
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.planned_columns import chosen_columns
from api.services.enrollments.timelines.timeline_rows import expiry
from api.services.one_off_emails.drafts import update_email
from api.services.one_off_emails.sending import send_email, withdraw_one_off
from api.services.tasks.closing import close_task
from api.services.tasks.composing import find_step, refuse_unsendable
from api.services.tasks.withdrawing import withdraw
from api.services.templates import template_inputs
from api.services.templates.email_content import composed_for
from api.states import UNTRANSMITTED_STATUSES, SendStatus, TaskStatus
from api.store.campaigns.campaign_state import seconds_paused_until
from api.store.emails import email_versions, written_texts
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, write
from api.store.tasks.tasks import lock_undone
from strategies import Refusal
from strategies.calendar import local
from strategies.timeline.timeline_notes import utc


class Unset(NamedTuple):
    """Type of UNSET: an argument that is not given. That part of the email keeps its text."""


UNSET = Unset()
Part = str | None | Unset


@retry_on_deadlock
async def reschedule_email(
    context: WorkspaceContext, send_id: str, at: datetime | LocalTime | None, *, if_version: int | None = None
) -> Send:
    """Give an email another time, or send it now (None), if its transmission has not started. Raises Refusal.

    An automatic email no longer follows its send option or the times that the option allows. Later steps that refer to
    it still use its planned time. If the email of a task is sent now, its task is completed.
    """
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.enrollment_id is None:
        if send.status is SendStatus.DRAFT:
            raise Refusal.of(EmailCode.NOT_SCHEDULED, ("id",), case="draft_time")
        return await send_email(context, send_id, at=at, if_version=if_version)
    now = context.now
    picked = chosen_time(at, now, now_by_leaving_out=True)
    chosen = picked.at
    if chosen == now:
        await refuse_unsendable(context, send, ("id",))
    enrollment = await Enrollment.get(id=send.enrollment_id)
    async with transaction():
        if chosen == now:
            await refuse_paused_or_ending(enrollment.campaign_id, ("id",))
        paused = (await refuse_ending(enrollment.campaign_id, ("id",))).paused_at is not None
        task = await Task.get_or_none(enrollment_id=send.enrollment_id, step_id=send.step_id) if send.by_hand else None
        closes = task is not None and chosen == now and await lock_undone(task.id)
        send = await _lock_unsent(send.id, if_version)
        if chosen == now:
            notes = ChosenTime(now).notes("RESCHEDULED_NOW", send.zone)
        else:
            notes = picked.notes("RESCHEDULED", send.zone)
        before = takewhile(lambda line: line[0] not in NOTES_OF_A_PERSON, send.explanation)
        kept = [line for line in before if line[0] != "LATE"]
        values: dict[str, Any] = {
            "due_at": chosen,
            "reason": None,
            "detail": "",
            "allowed_times_id": None,
            "explanation": [*kept, *notes_to_json(notes)],
        }
        if send.by_hand:
            values |= chosen_columns(chosen, send.zone)
        await written_texts.change_waiting_email(send, paused=paused, **values)
        data = {"before": utc(send.due_at), "after": utc(chosen)}
        await write(
            [email_event(send, EventKind.EMAIL_RESCHEDULED, now, data=data, campaign_id=enrollment.campaign_id)]
        )
        if task is not None and closes:
            await close_task(context, task, TaskStatus.COMPLETED, now)
    context.wake()
    return await Send.get(id=send.id)


@retry_on_deadlock
async def edit_email(
    context: WorkspaceContext,
    send_id: str,
    *,
    subject: Part = UNSET,
    html: Part = UNSET,
    if_version: int | None = None,
) -> Send:
    """Give an email another subject or text, if its transmission has not started. Raises Refusal.

    The new text is not a template: it is sent unchanged. None restores the template of the step for that part.
    """
    parts = {name: part for name, part in (("subject", subject), ("html", html)) if not isinstance(part, Unset)}
    if not parts:
        raise Refusal.of(InputCode.REQUIRED, ("html",), case="part")
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.enrollment_id is None:
        return await update_email(context, send_id, if_version=if_version, **dict[str, Any](parts))
    text = await template_inputs.written_text(
        context.workspace_id, None if isinstance(subject, Unset) else subject, None if isinstance(html, Unset) else html
    )
    subject = subject if isinstance(subject, Unset) else text.subject
    html = html if isinstance(html, Unset) else text.html
    enrollment = await Enrollment.get(id=send.enrollment_id)
    # Render before the transaction, so that its locks are short.
    seen, rendered = send, await _render_parts(context, send)
    async with transaction():
        paused = (await refuse_ending(enrollment.campaign_id, ("id",))).paused_at is not None
        send = await _lock_unsent(send.id, if_version)
        before: tuple[str | None, str | None] = (send.subject, send.html)
        if send.written_as_template:
            if rendered is None or before != (seen.subject, seen.html):
                raise Refusal.of(InputCode.CHANGED_MEANWHILE, ("id",), case="email_edited")
            before = rendered
        after = (before[0] if isinstance(subject, Unset) else subject, before[1] if isinstance(html, Unset) else html)
        await written_texts.change_waiting_email(
            send, paused=paused, subject=after[0], html=after[1], written_as_template=False
        )
        data = {"parts": list(parts)}
        await write(
            [email_event(send, EventKind.EMAIL_EDITED, context.now, data=data, campaign_id=enrollment.campaign_id)]
        )
    context.wake()
    return await Send.get(id=send.id)


async def _render_parts(context: WorkspaceContext, send: Send) -> tuple[str | None, str | None] | None:
    """Render the parts that an earlier release stored as a template. Returns None if the text is not a template."""
    if not send.written_as_template:
        return None
    step, person = await find_step(send.step_id), await Person.get(id=send.person_id)
    try:
        composed = await composed_for(context, step, person, send.sender_id, send.enrollment_id, context.now, send)
    except (UnresolvedFieldError, TemplateProblem) as problem:
        raise Refusal.of(TemplateCode.INVALID_TEMPLATE, ("id",), case="other_part", fault=problem) from None
    return composed.subject if send.subject is not None else None, composed.body_html if send.html is not None else None


@retry_on_deadlock
async def withdraw_email(context: WorkspaceContext, send_id: str, *, if_version: int | None = None) -> Task | Send:
    """Withdraw the email of a task, if it is scheduled, failed or rejected. Returns the reopened task. Raises Refusal.

    The text is kept, and ``compose`` shows it. A one-off email becomes a draft again, and is returned.
    """
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.enrollment_id is None:
        return await withdraw_one_off(context, send_id, if_version=if_version)
    if not send.by_hand:
        raise Refusal.of(EmailCode.NOT_A_TASK_EMAIL, ("id",))
    task = await Task.get(enrollment_id=send.enrollment_id, step_id=send.step_id)
    enrollment = await Enrollment.get(id=send.enrollment_id)
    async with transaction():
        await refuse_ending(enrollment.campaign_id, ("id",))
        if not await lock_undone(task.id):
            task = await Task.get(id=task.id)
            if task.status is TaskStatus.CANCELLED:
                raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="email_cancelled")
            raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="email")
        send = await _lock_unsent(send.id, if_version, SendStatus.FAILED, SendStatus.BOUNCED)
        await write([await withdraw(enrollment, send, context.now)])
        await _give_time(task, enrollment, context.now)
    return await Task.get(id=task.id)


async def _give_time(task: Task, enrollment: Enrollment, now: datetime) -> None:
    """If a task would have expired while its email was scheduled, let it expire as if it were due today."""
    if task.expires_at is not None and task.expires_at <= now:
        campaign = await Campaign.get(id=enrollment.campaign_id)
        due = local(now, enrollment.zone).date()
        await Task.filter(id=task.id).update(
            expires_at=expiry(enrollment, campaign, due), paused_seconds=seconds_paused_until(campaign, now)
        )


async def _lock_unsent(send_id: str, if_version: int | None, *others: SendStatus) -> Send:
    """Lock an email whose transmission has not started, and give it the next version. Raises Refusal.

    Call in the transaction that changes it. Fails if ``if_version`` is another version than the email has.
    """
    send = await written_texts.lock_email(send_id)
    if send is None:
        raise Refusal.of(InputCode.CHANGED_MEANWHILE, ("id",), case="withdrawn")
    if send.status is SendStatus.TRANSMITTING:
        raise Refusal.of(EmailCode.EMAIL_LEAVING, ("id",))
    if send.status not in (*UNTRANSMITTED_STATUSES, *others):
        status = send.status.words
        if send.status not in (SendStatus.FAILED, SendStatus.BOUNCED):
            raise Refusal.of(EmailCode.NOT_SCHEDULED, ("id",), status=status)
        if send.by_hand:
            raise Refusal.of(EmailCode.NOT_SCHEDULED, ("id",), case="undelivered_task", status=status)
        raise Refusal.of(EmailCode.NOT_SCHEDULED, ("id",), case="undelivered", status=status)
    if if_version is not None:
        check_version("email", (await email_versions.versions([send.id]))[send.id], if_version)
    await email_versions.next_version(send.id)
    return send
