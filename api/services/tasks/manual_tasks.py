"""Create tasks by hand, and open or delete them again.

A task created by hand has no campaign: completing it schedules nothing, and only a user ends it.
"""

from datetime import date

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.emails import EmailCode
from api.codes.refusals.tasks import TaskCode
from api.ids import new_id
from api.models import Person, Send, Sender, Task
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.people.people import lock_person
from api.services.tasks.call_results import NO_RESULT
from api.services.tasks.closing import by
from api.services.tasks.due_dates import checked_due_date
from api.services.tasks.manual_task_emails import delete_unsent_email
from api.states import Priority, TaskStatus
from api.store.emails.one_off_emails import leave_task
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import task_event, write
from api.store.tasks.tasks import lock_task
from strategies import Refusal, StepType
from strategies.errors import RefusalCollector

MAX_NAME_CHARACTERS = 300
MAX_DETAILS_CHARACTERS = 20_000
REOPENED_STATUSES = (TaskStatus.COMPLETED, TaskStatus.SKIPPED)


@retry_on_deadlock
async def create_task(
    context: WorkspaceContext,
    *,
    person_id: str,
    assignee_id: str,
    kind: StepType,
    name: str,
    due_date: date,
    priority: Priority = Priority.NORMAL,
    details: str = "",
    email_id: str | None = None,
) -> Task:
    """Create a task outside campaigns. ``due_date`` is in the assignee's time zone.

    ``email_id`` is the email that the task is about. Raises Refusal.
    """
    refusals = RefusalCollector()
    with refusals:
        name = inputs.line(name, ("name",), limit=MAX_NAME_CHARACTERS)
    with refusals:
        details = inputs.text(details, ("details",), limit=MAX_DETAILS_CHARACTERS)
    with refusals:
        person = await get_or_refuse(Person, context.workspace_id, person_id, ("personId",))
    with refusals:
        assignee = await get_or_refuse(Sender, context.workspace_id, assignee_id, ("assigneeId",))
        checked_due_date(due_date, assignee.zone, context.now, ("dueDate",))
    with refusals:
        if email_id is not None:
            send = await get_or_refuse(Send, context.workspace_id, email_id, ("emailId",))
            if send.person_id != person_id:
                raise Refusal.of(TaskCode.EMAIL_OF_ANOTHER_PERSON, ("emailId",))
    refusals.raise_any()
    task = Task(
        id=new_id("tsk"),
        workspace_id=context.workspace_id,
        person_id=person.id,
        about_send_id=email_id,
        assignee_id=assignee.id,
        sandbox=context.workspace.sandbox,
        type=kind,
        name=name,
        details=details,
        priority=priority,
        due_date=due_date,
    )
    data = {"type": str(kind), "due": due_date.isoformat(), **by(context)}
    async with transaction():
        await lock_person(context, person.id, ("personId",))
        await task.save(force_create=True)
        await write([task_event(task, EventKind.TASK_CREATED, context.now, data=data)])
    return task


@retry_on_deadlock
async def reopen_task(context: WorkspaceContext, task_id: str) -> Task:
    """Open a completed or skipped task again that was created by hand. Its outcome and note are removed."""
    task = await get_or_refuse(Task, context.workspace_id, task_id, ("id",))
    if task.enrollment_id is not None:
        raise Refusal.of(TaskCode.TASK_OF_CAMPAIGN, ("id",), case="reopen")
    columns = {"status": TaskStatus.OPEN, "done_at": None, "done_on": None, **NO_RESULT.columns()}
    data = {"type": str(task.type), "due": task.due_date.isoformat(), **by(context)}
    async with transaction():
        if not await Task.filter(id=task.id, status__in=REOPENED_STATUSES).update(**columns):
            raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="not_done")
        await leave_task(task.id)
        await write([task_event(task, EventKind.TASK_REOPENED, context.now, data=data)])
    task.update_from_dict(columns)
    return task


@retry_on_deadlock
async def delete_task(context: WorkspaceContext, task_id: str) -> str:
    """Delete a task that was created by hand, done or not. Its events stay in the Live Feed. Returns its id."""
    task = await get_or_refuse(Task, context.workspace_id, task_id, ("id",))
    if task.enrollment_id is not None:
        raise Refusal.of(TaskCode.TASK_OF_CAMPAIGN, ("id",), case="delete")
    data = {"type": str(task.type), "name": task.name, **by(context)}
    async with transaction():
        await lock_task(task.id)
        await delete_unsent_email(context, task)
        if await Task.filter(id=task.id).delete():
            await write([task_event(task, EventKind.TASK_DELETED, context.now, data=data)])
    return str(task.id)
