"""Apply changes of a CRM to a task. Unlike a user, a CRM may set a due date in the past.

A CRM can also change the priority and the details of a campaign's task. A later edit of its step overwrites them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.ids import new_id
from api.models import Campaign, Enrollment, Task
from api.services.common.request_context import WorkspaceContext
from api.services.people.people import lock_person
from api.services.tasks.drafts import refuse_scheduled
from api.services.tasks.manual_tasks import delete_task, reopen_task
from api.services.tasks.task_changes import FIELDS, before_and_after, change_draft, due_date_columns, with_due_date
from api.services.tasks.tasks import complete_task_as_of, skip_task
from api.states import Priority
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import Line, task_event, write
from api.store.tasks.tasks import REWRITTEN, lock_task, lock_tasks, rewrite
from strategies import StepType

__all__ = ["add_remote_task", "change_task", "change_tasks", "complete_task_as_of", "remove_task", "reopen_task"]


@retry_on_deadlock
async def change_task(context: WorkspaceContext, task: Task, columns: Mapping[str, Any]) -> bool:
    """Write columns of a task as it was read. Returns False if one of them has changed since. Raises Refusal."""
    async with transaction():
        if not await lock_task(task.id):
            return False
        present = await Task.get(id=task.id)
        if any(getattr(present, name) != getattr(task, name) for name in (*columns, "status")):
            return False
        if "assignee_id" in columns and task.type is StepType.EMAIL:
            await refuse_scheduled(present)
        written = dict(columns)
        if "due_date" in columns:
            written |= await with_due_date(present, columns["due_date"], context.now)
        await Task.filter(id=task.id).update(**written)
        if present.type is StepType.EMAIL and present.enrollment_id is None:
            await change_draft(context, present, dict(columns))
        await write([_changed(context, present, columns)])
    context.wake()
    return True


async def change_tasks(context: WorkspaceContext, changes: Sequence[tuple[Task, Mapping[str, Any]]]) -> set[str]:
    """Write columns of several tasks as they were read. Call it in a transaction, and ``context.wake`` after it.

    Returns the ids of the tasks that were written. A task that has changed since it was read is left out. It cannot
    change the sender of a task's email. Use ``change_task`` for that.
    """
    columns = {task.id: values for task, values in changes}
    locked = await lock_tasks(list(columns))
    present = {row.id: row for row in await Task.filter(id__in=sorted(locked))}
    same: list[Task] = []
    for task, values in changes:
        now_here = present.get(task.id)
        if now_here and all(getattr(now_here, name) == getattr(task, name) for name in (*values, "status")):
            same.append(now_here)
    moved = [task for task in same if "due_date" in columns[task.id] and task.enrollment_id is not None]
    enrolled = await Enrollment.filter(id__in=[task.enrollment_id for task in moved]) if moved else []
    enrollments = {row.id: row for row in enrolled}
    followed = sorted({row.campaign_id for row in enrolled})
    campaigns = {row.id: row for row in await Campaign.filter(id__in=followed)} if followed else {}
    written = {task.id: {name: getattr(task, name) for name in REWRITTEN} | dict(columns[task.id]) for task in same}
    for task in moved:
        enrollment = enrollments[str(task.enrollment_id)]
        due = columns[task.id]["due_date"]
        campaign = campaigns[enrollment.campaign_id]
        written[task.id] |= due_date_columns(task, due, enrollment, campaign, context.now)
    await rewrite(written)
    await write([_changed(context, task, columns[task.id]) for task in same])
    return set(written)


def _changed(context: WorkspaceContext, task: Task, columns: Mapping[str, Any]) -> Line:
    """Return the event of a change of columns."""
    shown = {FIELDS[name]: before_and_after(task, name, value) for name, value in columns.items()}
    data = {"changes": shown}
    return task_event(task, EventKind.TASK_CHANGED, context.now, data=data, campaign_id=task.campaign_id)


async def add_remote_task(
    context: WorkspaceContext,
    *,
    person_id: str,
    assignee_id: str,
    kind: StepType,
    name: str,
    due_date: date,
    priority: Priority,
    details: str,
    now: datetime,
) -> Task:
    """Add a task that was created in the CRM. Call it in a transaction. Raises Refusal if the person was erased."""
    await lock_person(context, person_id, ("personId",))
    task = Task(
        id=new_id("tsk"),
        workspace_id=context.workspace_id,
        person_id=person_id,
        assignee_id=assignee_id,
        sandbox=context.workspace.sandbox,
        type=kind,
        name=name,
        details=details,
        priority=priority,
        due_date=due_date,
    )
    await task.save(force_create=True)
    data = {"type": str(kind), "due": due_date.isoformat()}
    await write([task_event(task, EventKind.TASK_CREATED, now, data=data)])
    return task


async def remove_task(context: WorkspaceContext, task: Task) -> None:
    """Remove a task that was deleted in the CRM. A task of a campaign is skipped, so that the campaign continues.

    A task of a campaign that is done stays as it is. Raises Refusal.
    """
    if task.enrollment_id is None:
        await delete_task(context, task.id)
    elif task.done_at is None:
        await skip_task(context, task.id)
