"""Emails of tasks that reps send from their own mailboxes: record them, and complete their tasks."""

import re
from datetime import datetime, timedelta
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.emails import EmailCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.models import Enrollment, Person, Send, Sender, Step, Task
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.chosen_times import ChosenTime
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.planned_columns import chosen_columns
from api.services.enrollments.timelines.timeline_rows import zone_note
from api.services.tasks.closing import by, complete_task_of_email
from api.services.tasks.manual_task_emails import hand_email_of, new_hand_email
from api.services.tasks.open_tasks import find_workable
from api.services.tasks.withdrawing import withdraw
from api.services.templates.template_inputs import MAX_SUBJECT_CHARACTERS
from api.states import UNTRANSMITTED_STATUSES, SendStatus, TaskStatus
from api.store.emails import one_off_emails, sent_contents
from api.store.emails.written_texts import delete_text, lock_email
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, write
from api.store.replies.own_messages import store_own_message
from api.store.tasks.tasks import email_status, lock_undone
from strategies import Refusal, StepType

MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,200}@[!-;=?-~]{1,190}>")
"""A Message-ID (RFC 5322) of printable ASCII, with its angle brackets."""
REPLACED_STATUSES = (*UNTRANSMITTED_STATUSES, SendStatus.FAILED, SendStatus.BOUNCED)
"""Statuses of an email that was not delivered, so that the rep's own email replaces it."""
MAX_AGE = timedelta(days=365)
"""The longest time since a rep has sent an email that they record."""


@retry_on_deadlock
async def mark_task_sent(
    context: WorkspaceContext,
    task_id: str,
    *,
    sent_at: datetime | None = None,
    message_id: str | None = None,
    subject: str | None = None,
) -> Send:
    """Record that a rep has sent the email of an EMAIL task from their own mailbox. Completes the task. Raises Refusal.

    ``sent_at`` (UTC) is when it was sent; None is now. With ``message_id``, replies are matched and follow-ups continue
    the thread.
    """
    task = await find_workable(context, task_id)
    if task.type is not StepType.EMAIL:
        raise Refusal.of(EmailCode.NOT_AN_EMAIL_TASK, ("id",), type=task.type)
    now = context.now
    at = now if sent_at is None else inputs.instant(sent_at, ("sentAt",))
    if not now - MAX_AGE <= at <= now:
        raise Refusal.of(InputCode.INVALID_INSTANT, ("sentAt",), case="sent")
    if message_id is not None and MESSAGE_ID.fullmatch(message_id) is None:
        raise Refusal.of(InputCode.INVALID_TEXT, ("messageId",), case="message_id")
    if subject is not None:
        subject = inputs.line(subject, ("subject",), limit=MAX_SUBJECT_CHARACTERS)
    async with transaction():
        await lock_undone(task.id)
        task = await find_workable(context, task_id)
        send = await record_sent_elsewhere(context, task, at, message_id, subject)
        if send is None:
            status = await email_status_of(task)
            if status is SendStatus.IN_DOUBT:
                raise Refusal.of(EmailCode.ALREADY_SCHEDULED, ("id",), case="in_doubt")
            raise Refusal.of(EmailCode.EMAIL_LEAVING, ("id",), case="of_task")
    context.wake()
    return send


async def record_sent_elsewhere(
    context: WorkspaceContext, task: Task, at: datetime, message_id: str | None, subject: str | None
) -> Send | None:
    """Record the email of a campaign's task as sent ``at`` (UTC), and complete the task unless it is done.

    An email that is scheduled, failed or was rejected is withdrawn. Returns None if the task has another email: it was
    sent, or may have been. Call inside a transaction that has locked the task.
    """
    if task.enrollment_id is None:
        return await _record_hand_task_sent(context, task, at, message_id, subject)
    enrollment = await Enrollment.get(id=task.enrollment_id)
    found = await Send.get_or_none(enrollment_id=enrollment.id, step_id=task.step_id).only("id")
    other = None if found is None else await lock_email(found.id)
    if other is not None:
        if task.done_at is not None or other.status not in REPLACED_STATUSES:
            return None
        await write([await withdraw(enrollment, other, context.now)])
    person, step = await Person.get(id=task.person_id), await Step.get(id=task.step_id)
    send = Send(
        id=new_id("snd"),
        workspace_id=context.workspace_id,
        enrollment_id=enrollment.id,
        step_id=task.step_id,
        person_id=person.id,
        sender_id=task.assignee_id,
        sandbox=context.workspace.sandbox,
        by_hand=True,
        created_at=context.now,
        status=SendStatus.SENT,
        subject=subject,
        message_id=message_id,
        recipient=person.email,
        sent_at=at,
        **chosen_columns(at, enrollment.zone),
        explanation=notes_to_json([zone_note(enrollment), *ChosenTime(at).notes("SENT_ELSEWHERE", enrollment.zone)]),
    )
    send.attempted_on, send.template_id = send.planned_date, step.template_id or ""
    await send.save(force_create=True)
    if message_id is not None:
        await store_own_message(message_id, send.id)
    await delete_text(enrollment.id, str(task.step_id))
    data = {"elsewhere": True, **by(context)}
    await write([email_event(send, EventKind.EMAIL_SENT, at, data=data, campaign_id=enrollment.campaign_id)])
    if task.done_at is not None or task.status in (TaskStatus.OPEN, TaskStatus.EXPIRED):
        await complete_task_of_email(context, send, at)
    return send


async def email_status_of(task: Task) -> SendStatus | None:
    """Return the status of the email of a task; None if it has none."""
    if task.enrollment_id is not None and task.step_id is not None:
        return await email_status(task.enrollment_id, task.step_id)
    email = await hand_email_of(task)
    return None if email is None else email.status


async def _record_hand_task_sent(
    context: WorkspaceContext, task: Task, at: datetime, message_id: str | None, subject: str | None
) -> Send | None:
    """Record the email of a task that was created by hand, as ``record_sent_elsewhere`` does."""
    email = await hand_email_of(task)
    if email is None:
        email = await new_hand_email(context, task, await Sender.get(id=task.assignee_id), subject or "", "")
    return await record_one_off_sent(context, email, at, message_id, subject)


async def record_one_off_sent(
    context: WorkspaceContext, email: Send, at: datetime, message_id: str | None, subject: str | None
) -> Send | None:
    """Record that a rep has sent a one-off email from their own mailbox ``at`` (UTC), and complete its task.

    Returns None if the email was sent, or may have been. Call inside a transaction.
    """
    locked = await lock_email(email.id)
    if locked is None or locked.status not in (SendStatus.DRAFT, *REPLACED_STATUSES):
        return None
    person, sender = await Person.get(id=locked.person_id), await Sender.get(id=locked.sender_id)
    columns = chosen_columns(at, sender.zone)
    values: dict[str, Any] = {
        "status": SendStatus.SENT, "sent_at": at, "message_id": message_id, "recipient": person.email, "by_hand": True,
        "subject": subject or locked.subject, "attempt_id": None, "lease_until": None, "held": False, "reason": None,
        "detail": "", "bounce": None, "bounced_at": None, "attempted_on": columns["planned_date"], **columns,
        "explanation": notes_to_json(ChosenTime(at).notes("SENT_ELSEWHERE", sender.zone)),
    }  # fmt: skip
    await Send.filter(id=locked.id).update(**values)
    await one_off_emails.add_all_reached([locked.id])
    await sent_contents.erase([locked.id])
    if message_id is not None:
        await store_own_message(message_id, locked.id)
    send = await Send.get(id=locked.id)
    await write([email_event(send, EventKind.EMAIL_SENT, at, data={"elsewhere": True, **by(context)})])
    await complete_task_of_email(context, send, at)
    return send
