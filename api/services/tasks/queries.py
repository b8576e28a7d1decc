"""Read tasks: one by id, and the list with its filters."""

from api.models import Task
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList
from api.states import TaskDue, TaskStatus
from api.store.engine.rows import find
from api.store.tasks import tasks as tasks_due


async def task(context: WorkspaceContext, task_id: str) -> Task | None:
    """Return a task."""
    return await find(Task, context.workspace_id, task_id)


async def tasks(context: WorkspaceContext, status: TaskStatus | None = None, due: TaskDue | None = None) -> RowList:
    """Return the tasks, optionally only those with a status and a due date."""
    return RowList(await tasks_due(context.workspace_id, context.now, status, due))
