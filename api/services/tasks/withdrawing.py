"""Withdraw the email of a task before it is sent, and keep the text that the rep wrote."""

from datetime import datetime

from tortoise.expressions import F

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.emails import EmailCode
from api.models import Enrollment, Send, Task
from api.states import UNTRANSMITTED_STATUSES, SendStatus
from api.store.emails import sent_contents
from api.store.emails.written_texts import keep_texts, lock_email
from api.store.events.events import Line, email_event, write
from api.store.tasks.tasks import lock_undone
from strategies import Refusal


async def withdraw(enrollment: Enrollment, send: Send, now: datetime, *, reason: str | None = None) -> Line:
    """Withdraw a locked email of a task, and keep its text as the task's draft. Returns the event.

    Call inside a transaction.
    """
    await keep_texts([send.id], now=now)
    await Task.filter(enrollment_id=send.enrollment_id, step_id=send.step_id).update(
        draft_version=F("draft_version") + 1
    )
    await sent_contents.erase([send.id])
    await Send.filter(id=send.id).delete()
    data = {"reason": reason} if reason else None
    return email_event(send, EventKind.EMAIL_WITHDRAWN, now, data=data, campaign_id=enrollment.campaign_id)


async def withdraw_email_of(task: Task, now: datetime) -> None:
    """Withdraw the scheduled email of a task that is completed without it.

    Call in the transaction that completes the task. Raises Refusal if the email is in transmission.
    """
    await lock_undone(task.id)
    found = await Send.get_or_none(enrollment_id=task.enrollment_id, step_id=task.step_id)
    send = None if found is None else await lock_email(found.id)
    if send is None:
        return
    if send.status is SendStatus.TRANSMITTING:
        raise Refusal.of(EmailCode.EMAIL_LEAVING, ("id",), case="of_task")
    if send.status in UNTRANSMITTED_STATUSES:
        enrollment = await Enrollment.get(id=task.enrollment_id)
        await write([await withdraw(enrollment, send, now, reason=ReasonCode.TASK_COMPLETED)])
