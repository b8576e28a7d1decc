"""Complete or skip a task."""

from datetime import datetime

from api.models import Task
from api.services.common.request_context import WorkspaceContext
from api.services.tasks.call_results import NO_RESULT, CompletionResult, checked_result
from api.services.tasks.closing import close_task
from api.services.tasks.manual_task_emails import delete_unsent_email
from api.services.tasks.open_tasks import find_workable
from api.services.tasks.withdrawing import withdraw_email_of
from api.states import TaskStatus
from api.store.emails.written_texts import delete_text
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.tasks.tasks import lock_undone
from strategies import StepType


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
async def complete_task_as_of(context: WorkspaceContext, task_id: str, at: datetime) -> Task:
    """Complete a task that was completed elsewhere at ``at`` (UTC). Raises Refusal."""
    task = await find_workable(context, task_id)
    return await _finish(context, task, TaskStatus.COMPLETED, NO_RESULT, at)


async def _finish(
    context: WorkspaceContext, task: Task, status: TaskStatus, result: CompletionResult, at: datetime | None = None
) -> Task:
    async with transaction():
        if task.type is StepType.EMAIL and task.enrollment_id is not None and task.step_id is not None:
            if status is TaskStatus.COMPLETED:
                await withdraw_email_of(task, context.now)
            await delete_text(task.enrollment_id, task.step_id)
        elif task.type is StepType.EMAIL:
            await lock_undone(task.id)
            await delete_unsent_email(context, task)
        await close_task(context, task, status, at or context.now, result)
    return task
