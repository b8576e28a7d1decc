"""Change an open task: assign it, give it another due date, or edit a task created by hand."""

from datetime import date, datetime
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.emails import EmailCode
from api.codes.refusals.tasks import TaskCode
from api.models import Campaign, Enrollment, Person, Send, Sender, Task
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.task_dates import campaign_date
from api.services.enrollments.timelines.timeline_rows import expiry
from api.services.tasks.closing import by
from api.services.tasks.drafts import refuse_scheduled
from api.services.tasks.due_dates import checked_due_date
from api.services.tasks.manual_task_emails import delete_unsent_email, hand_email_of
from api.services.tasks.manual_tasks import MAX_DETAILS_CHARACTERS, MAX_NAME_CHARACTERS
from api.services.tasks.open_tasks import find_workable
from api.states import SendStatus, TaskStatus
from api.store.campaigns.campaign_state import seconds_paused_until
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import task_event, write
from api.store.tasks.tasks import lock_undone
from strategies import Refusal, StepType
from strategies.errors import RefusalCollector

FIELDS = {
    "type": "type",
    "name": "name",
    "details": "details",
    "priority": "priority",
    "person_id": "personId",
    "assignee_id": "assigneeId",
    "due_date": "dueDate",
}
"""The columns that a user can change, with the names of their arguments."""
FIELDS_OF_CAMPAIGN_TASKS = {"assignee_id", "due_date"}
"""The columns of a campaign's task that a user can change. The others follow its step."""

FIELDS_OF_EMAIL = {"type": "", "person_id": "person_id", "assignee_id": "sender_id"}
"""The columns that cannot change while the email of the task is scheduled, with the column of the email."""


@retry_on_deadlock
async def update_task(context: WorkspaceContext, task_id: str, **values: Any) -> Task:
    """Change the given columns of FIELDS. Raises Refusal. Nothing is written if no value differs."""
    async with transaction():
        # With the lock, this transaction sees the result of a concurrent completion, edit or expiry.
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
            columns |= await with_due_date(task, changes["due_date"], context.now)
        shown = {FIELDS[name]: before_and_after(task, name, value) for name, value in changes.items()}
        await Task.filter(id=task.id).update(**columns)
        if task.type is StepType.EMAIL and task.enrollment_id is None:
            await change_draft(context, task, changes)
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
    return refusal.with_path(lambda path: tuple(after if part == before else part for part in path))


async def _clean_values(context: WorkspaceContext, task: Task, values: dict[str, Any]) -> dict[str, Any]:
    """Return the clean values."""
    clean, refusals = dict(values), RefusalCollector()
    if task.enrollment_id is not None:
        for name in values.keys() - FIELDS_OF_CAMPAIGN_TASKS:
            of = FIELDS[name].removesuffix("Id")
            refusals.add(Refusal.of(TaskCode.TASK_OF_CAMPAIGN, (FIELDS[name],), field=of))
        values = {name: value for name, value in values.items() if name in FIELDS_OF_CAMPAIGN_TASKS}
    with refusals:
        if "name" in values:
            clean["name"] = inputs.line(values["name"], ("name",), limit=MAX_NAME_CHARACTERS)
    with refusals:
        if "details" in values:
            clean["details"] = inputs.text(values["details"] or "", ("details",), limit=MAX_DETAILS_CHARACTERS)
    with refusals:
        if "person_id" in values:
            await get_or_refuse(Person, context.workspace_id, values["person_id"], ("personId",))
    with refusals:
        assignee_id = values.get("assignee_id", task.assignee_id)
        assignee = await get_or_refuse(Sender, context.workspace_id, assignee_id, ("assigneeId",))
        await _check_due_date(context, task, values, assignee.zone)
        if task.type is StepType.EMAIL and any(
            values.get(name, getattr(task, name)) != getattr(task, name) for name in FIELDS_OF_EMAIL
        ):
            await refuse_scheduled(task)
    refusals.raise_any()
    return clean


async def _check_due_date(context: WorkspaceContext, task: Task, values: dict[str, Any], zone: str) -> None:
    """Check a new due date: in the time zone of the enrollment, or of the assignee if there is none."""
    if "due_date" in values and values["due_date"] != task.due_date:
        if task.enrollment_id is not None:
            zone = (await Enrollment.get(id=task.enrollment_id)).zone
        checked_due_date(values["due_date"], zone, context.now, ("dueDate",))


async def with_due_date(task: Task, due: date, now: datetime) -> dict[str, Any]:
    """Return the columns that follow from a new due date. A campaign's task keeps its planned date, and expires later.

    So a task that was moved and then done late still shifts the rest of the campaign.
    """
    if task.enrollment_id is None:
        return {}
    enrollment = await Enrollment.get(id=task.enrollment_id)
    return due_date_columns(task, due, enrollment, await Campaign.get(id=enrollment.campaign_id), now)


def due_date_columns(
    task: Task, due: date, enrollment: Enrollment, campaign: Campaign, now: datetime
) -> dict[str, Any]:
    """Return the columns of a campaign's task that follow from a new due date."""
    planned = campaign_date(task)
    return {
        "planned_date": None if planned == due else planned,
        "expires_at": expiry(enrollment, campaign, due),
        "paused_seconds": seconds_paused_until(campaign, now),
    }


async def change_draft(context: WorkspaceContext, task: Task, changes: dict[str, Any]) -> None:
    """Give the draft of a task that was created by hand the new person and sender. A task of another type has none."""
    if "type" in changes:
        await delete_unsent_email(context, task)
    of_email = {FIELDS_OF_EMAIL[name]: value for name, value in changes.items() if FIELDS_OF_EMAIL.get(name)}
    if of_email and (draft := await hand_email_of(task)) is not None:
        await Send.filter(id=draft.id, status=SendStatus.DRAFT).update(**of_email)


def before_and_after(task: Task, name: str, value: Any) -> list[str] | None:
    """Return a field's old and new value for the event. Details are left out, because they may be long."""
    return None if name == "details" else [str(getattr(task, name)), str(value)]
