"""Close a task, and continue the person's campaign if the task belongs to one."""

from datetime import datetime

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.emails import EmailCode
from api.models import Enrollment, Send, Sender, Task
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.progress import schedule_next_steps
from api.services.tasks.call_results import NO_RESULT, CompletionResult
from api.states import UNTRANSMITTED_STATUSES, SendStatus, TaskStatus
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.emails import one_off_emails
from api.store.events.events import Line, email_event, task_event, write
from api.store.tasks.tasks import lock_undone
from strategies import Refusal
from strategies.calendar import local


async def complete_task_of_email(context: WorkspaceContext, send: ClaimedEmail | Send, at: datetime) -> None:
    """Complete the task of a sent email at ``at`` (UTC), and move the later steps that depend on it.

    Call inside the transaction that records the send. The email is sent, so a send option that fails does not stop
    this: the next steps wait for the option.
    """
    if send.enrollment_id is None:
        await _complete_hand_task(context, send.id, at)
        return
    task = await Task.get(enrollment_id=send.enrollment_id, step_id=send.step_id)
    if task.done_at is None:  # open, or expired and waiting for a rep
        await close_task(context, task, TaskStatus.COMPLETED, at, may_wait=True)
    elif task.status is TaskStatus.COMPLETED and task.done_at != at:
        enrollment = await Enrollment.get(id=send.enrollment_id)
        await Task.filter(id=task.id).update(done_at=at, done_on=local(at, enrollment.zone).date())
        await schedule_next_steps(context, enrollment, at, may_wait=True)


async def _complete_hand_task(context: WorkspaceContext, send_id: str, at: datetime) -> None:
    """Complete the task of a one-off email, if it has one that is open."""
    row = (await one_off_emails.find([send_id])).get(send_id)
    if row is not None and row.task_id is not None and await lock_undone(row.task_id):
        await close_task(context, await Task.get(id=row.task_id), TaskStatus.COMPLETED, at)


async def close_task(
    context: WorkspaceContext,
    task: Task,
    status: TaskStatus,
    at: datetime,
    result: CompletionResult = NO_RESULT,
    *,
    may_wait: bool = False,
) -> None:
    """Close a task that is not done, and schedule the next steps. Call inside a transaction. Raises Refusal.

    With ``may_wait``, a send option that fails does not raise: the next steps wait for it.
    """
    enrollment = None if task.enrollment_id is None else await Enrollment.get(id=task.enrollment_id)
    zone = (await Sender.get(id=task.assignee_id)).zone if enrollment is None else enrollment.zone
    done = {"status": status, "done_at": at, "done_on": local(at, zone).date(), **result.columns()}
    # The condition on the status makes the second of two concurrent calls change nothing.
    open_tasks = Task.filter(id=task.id, status__in=(TaskStatus.OPEN, TaskStatus.EXPIRED), done_at=None)
    if not await open_tasks.update(**done):
        raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="meanwhile")
    task.update_from_dict(done)
    data = {"type": str(task.type), **result.event_data(), **by(context)}
    lines = [task_event(task, EventKind[f"TASK_{status}"], at, data=data, campaign_id=task.campaign_id)]
    if enrollment is None:
        await write(lines)
        return
    if status is TaskStatus.SKIPPED:
        lines += await _fail_email(enrollment, task, at)
    await write(lines)
    await schedule_next_steps(context, enrollment, at, may_wait=may_wait)


def by(context: WorkspaceContext) -> dict[str, str]:
    """Return the actor of a change for the data of its event. Empty if it was not a user."""
    return {"actor": context.actor} if context.actor else {}


async def _fail_email(enrollment: Enrollment, task: Task, at: datetime) -> list[Line]:
    """Mark the scheduled email of a task as failed, unless its transmission has started."""
    reason, detail = ReasonCode.TASK_SKIPPED.message()
    emails_of_task = Send.filter(enrollment_id=task.enrollment_id, step_id=task.step_id)
    send = await emails_of_task.filter(status__in=UNTRANSMITTED_STATUSES).first()
    if send is None or not await Send.filter(id=send.id, status__in=UNTRANSMITTED_STATUSES).update(
        status=SendStatus.FAILED, failed_at=at, attempt_id=None, lease_until=None, held=False, reason=reason,
        detail=detail,
    ):  # fmt: skip
        return []
    data = {"reason": reason}
    return [email_event(send, EventKind.EMAIL_FAILED, at, data=data, campaign_id=enrollment.campaign_id)]
