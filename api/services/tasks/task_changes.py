"""Change an open task: assign it, give it another due date, or edit what was written by hand."""

from datetime import date
from typing import Any

from api.codes.emails import EmailCode
from api.codes.event_kinds import EventKind
from api.codes.tasks import TaskCode
from api.models import Campaign, Enrollment, Person, Sender, Task
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.enrollments.task_dates import campaign_date
from api.services.enrollments.timeline_rows import expiry
from api.services.tasks.closing import by
from api.services.tasks.due_dates import checked_due_date
from api.services.tasks.hand_tasks import MAX_DETAILS_CHARACTERS, MAX_NAME_CHARACTERS
from api.services.tasks.open_tasks import find_workable
from api.services.tasks.tasks import refuse_scheduled
from api.states import TaskStatus
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import task_event, write
from api.store.tasks import lock_undone
from strategies import Refusal, StepType

FIELDS = {
    "type": "type",
    "name": "name",
    "details": "details",
    "priority": "priority",
    "person_id": "personId",
    "assignee_id": "assigneeId",
    "due_date": "dueDate",
}
"""What a user can change: the argument's name by column."""
FIELDS_OF_CAMPAIGN_TASKS = {"assignee_id", "due_date"}
"""What a user can change of a campaign's task. The rest comes from its step, and follows edits of the step."""


@retry_on_deadlock
async def update_task(context: WorkspaceContext, task_id: str, **values: Any) -> Task:
    """Change the given columns of FIELDS. Raises Refusal. Nothing is written if no value differs."""
    async with transaction():
        # The lock makes a concurrent completion, edit or expiry wait, and this one see what it has done.
        await lock_undone(task_id)
        task = await find_workable(context, task_id)
        if task.status is not TaskStatus.OPEN:
            raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), status=task.status.lower())
        clean = await _clean_values(context, task, values)
        changes = {name: value for name, value in clean.items() if value != getattr(task, name)}
        if not changes:
            return task
        columns = dict(changes)
        if "due_date" in changes:
            columns |= await _with_due_date(task, changes["due_date"])
        shown = {FIELDS[name]: _before_and_after(task, name, value) for name, value in changes.items()}
        await Task.filter(id=task.id).update(**columns)
        data = {"changes": shown, **by(context)}
        await write([task_event(task, EventKind.TASK_CHANGED, context.now, data=data, campaign_id=task.campaign_id)])
        task.update_from_dict(columns)
    context.wake()
    return task


async def snooze_task(context: WorkspaceContext, task_id: str, until: date) -> Task:
    """Move the due date of a task to today or a later date. Raises Refusal."""
    try:
        return await update_task(context, task_id, due_date=until)
    except Refusal as refusal:
        raise _renamed(refusal, "dueDate", "until") from None


async def assign_task(context: WorkspaceContext, task_id: str, assignee_id: str) -> Task:
    """Give a task to another sender. Raises Refusal."""
    return await update_task(context, task_id, assignee_id=assignee_id)


def _renamed(refusal: Refusal, before: str, after: str) -> Refusal:
    path = tuple(after if part == before else part for part in refusal.path)
    return Refusal(refusal.code, refusal.message, path)


async def _clean_values(context: WorkspaceContext, task: Task, values: dict[str, Any]) -> dict[str, Any]:
    """Return the clean values."""
    clean = dict(values)
    if task.enrollment_id is not None:
        for name in values:
            if name not in FIELDS_OF_CAMPAIGN_TASKS:
                raise Refusal.of(TaskCode.TASK_OF_CAMPAIGN, (FIELDS[name],), field=FIELDS[name].removesuffix("Id"))
    if "name" in values:
        clean["name"] = inputs.line(values["name"], ("name",), limit=MAX_NAME_CHARACTERS)
    if "details" in values:
        clean["details"] = inputs.text(values["details"] or "", ("details",), limit=MAX_DETAILS_CHARACTERS)
    if "person_id" in values:
        await get_or_refuse(Person, context.workspace_id, values["person_id"], ("personId",))
    assignee_id = values.get("assignee_id", task.assignee_id)
    assignee = await get_or_refuse(Sender, context.workspace_id, assignee_id, ("assigneeId",))
    if assignee.id != task.assignee_id and task.enrollment_id is not None and task.type is StepType.EMAIL:
        await refuse_scheduled(task)
    if "due_date" in values and values["due_date"] != task.due_date:
        zone = assignee.zone
        if task.enrollment_id is not None:
            zone = (await Enrollment.get(id=task.enrollment_id)).zone
        checked_due_date(values["due_date"], zone, context.now, ("dueDate",))
    return clean


async def _with_due_date(task: Task, due: date) -> dict[str, Any]:
    """Return the columns that follow from a new due date. A campaign's task keeps its planned date, and expires later.

    So a task that was moved and then done late still shifts the rest of the campaign.
    """
    if task.enrollment_id is None:
        return {}
    enrollment = await Enrollment.get(id=task.enrollment_id)
    campaign = await Campaign.get(id=enrollment.campaign_id)
    planned = campaign_date(task)
    return {
        "planned_date": None if planned == due else planned,
        "expires_at": expiry(enrollment, campaign, due),
        "paused_seconds": campaign.paused_seconds,
    }


def _before_and_after(task: Task, name: str, value: Any) -> list[str] | None:
    """Return a field's old and new value for the event. Details are left out, because they may be long."""
    return None if name == "details" else [str(getattr(task, name)), str(value)]
