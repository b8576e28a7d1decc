"""Find a task on which a rep can still work."""

from api.codes.refusals.emails import EmailCode
from api.models import Campaign, Enrollment, Task
from api.services.common.request_context import WorkspaceContext
from api.states import EnrollmentStatus, TaskStatus
from api.store.engine.rows import get_or_refuse
from strategies import Refusal, StepType


async def find_workable(context: WorkspaceContext, task_id: str) -> Task:
    """Return a task that is not done. Raises Refusal, also if the campaign has ended for the person."""
    task = await get_or_refuse(Task, context.workspace_id, task_id, ("id",))
    # A rep can still work on an expired task if the campaign waits for it.
    waiting = task.status is TaskStatus.EXPIRED and task.done_at is None
    if task.status is not TaskStatus.OPEN and not waiting:
        raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), status=task.status.lower())
    if task.enrollment_id is None:
        return task
    enrollment = await Enrollment.get(id=task.enrollment_id)
    campaign = await Campaign.get(id=enrollment.campaign_id).only("id", "ending_at")
    if enrollment.status is not EnrollmentStatus.ACTIVE or campaign.ending_at is not None:
        raise Refusal.of(EmailCode.TASK_NOT_OPEN, ("id",), case="ended")
    return task


async def find_email_task(context: WorkspaceContext, task_id: str) -> Task:
    """Return an EMAIL task on which a rep can still work. Raises Refusal."""
    task = await find_workable(context, task_id)
    if task.type is not StepType.EMAIL:
        raise Refusal.of(EmailCode.NOT_AN_EMAIL_TASK, ("id",), case="no_email", type=task.type)
    return task


def place_in_campaign(task: Task) -> tuple[str, str]:
    """Return the ids of the enrollment and the step of a campaign's task."""
    if task.enrollment_id is None or task.step_id is None:
        raise ValueError(f"the task {task.id} belongs to no campaign")
    return task.enrollment_id, task.step_id
