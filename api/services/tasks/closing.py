"""Close a task, and continue the person's campaign if the task belongs to one."""

from datetime import datetime

from api.codes.emails import EmailCode
from api.codes.event_kinds import EventKind
from api.codes.outcome_reasons import ReasonCode
from api.models import Enrollment, Send, Task
from api.services.common.context import WorkspaceContext
from api.services.enrollments.progress import schedule_next_steps
from api.services.tasks.call_results import NO_RESULT, CompletionResult
from api.states import UNTRANSMITTED_STATUSES, SendStatus, TaskStatus
from api.store.claimed_email import ClaimedEmail
from api.store.events import Line, email_event, task_event, write
from strategies import Refusal


async def complete_task_of_email(context: WorkspaceContext, send: ClaimedEmail | Send, at: datetime) -> None:
    """Complete the task of a sent email at ``at`` (UTC), and move the later steps that depend on it.

    Call inside the transaction that records the send.
    """
    task = await Task.get(enrollment_id=send.enrollment_id, step_id=send.step_id)
    if task.done_at is None:  # open, or expired and waiting for a rep
        await close_task(context, task, TaskStatus.COMPLETED, at)
    elif task.status is TaskStatus.COMPLETED and task.done_at != at:
        await Task.filter(id=task.id).update(done_at=at)
        await schedule_next_steps(context, await Enrollment.get(id=send.enrollment_id), at)


async def close_task(
    context: WorkspaceContext, task: Task, status: TaskStatus, at: datetime, result: CompletionResult = NO_RESULT
) -> None:
    """Close a task that is not done, and schedule the next steps. Call inside a transaction. Raises Refusal."""
    # The condition on the status makes the second of two concurrent calls change nothing.
    closed = await Task.filter(id=task.id, status__in=(TaskStatus.OPEN, TaskStatus.EXPIRED), done_at=None).update(
        status=status, done_at=at, **result.columns()
    )
    if not closed:
        raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="meanwhile")
    task.update_from_dict({"status": status, "done_at": at, **result.columns()})
    data = {"type": str(task.type), **result.event_data(), **by(context)}
    lines = [task_event(task, EventKind[f"TASK_{status}"], at, data=data, campaign_id=task.campaign_id)]
    if task.enrollment_id is None:
        await write(lines)
        return
    enrollment = await Enrollment.get(id=task.enrollment_id)
    if status is TaskStatus.SKIPPED:
        lines += await _fail_email(enrollment, task, at)
    await write(lines)
    await schedule_next_steps(context, enrollment, at)


def by(context: WorkspaceContext) -> dict[str, str]:
    """Return who made a change, for the data of its event. Empty if no user did."""
    return {"actor": context.actor} if context.actor else {}


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
