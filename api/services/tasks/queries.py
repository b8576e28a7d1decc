"""Read tasks: one by id, lists with their filters, and the numbers of several filters."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from api.codes.inputs import InputCode
from api.codes.tasks import TaskCode
from api.models import Task
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList, id_condition
from api.states import TaskDue, TaskStatus
from api.store.engine.listing import Count, Listing, count_each
from api.store.engine.rows import find
from api.store.task_filter import TaskFilter, counted, filtered
from api.store.tasks import assignees_by_date
from api.store.tasks import tasks as tasks_due
from strategies import Refusal

__all__ = ["MAX_FILTERS", "TaskFilter", "count_tasks", "filtered_tasks", "task", "tasks", "valid_filter"]

MAX_FILTERS = 20
"""Filters whose tasks are counted at once."""


async def task(context: WorkspaceContext, task_id: str) -> Task | None:
    """Return a task."""
    return await find(Task, context.workspace_id, task_id)


async def tasks(context: WorkspaceContext, status: TaskStatus | None = None, due: TaskDue | None = None) -> RowList:
    """Return the tasks, optionally only those with a status and a due date."""
    return RowList(await tasks_due(context.workspace_id, context.now, status, due))


async def filtered_tasks(context: WorkspaceContext, chosen: TaskFilter) -> RowList:
    """Return the tasks of a filter, in the order of their due dates."""
    assignees = await assignees_by_date(context.workspace_id, context.now)
    listing = filtered(context.workspace_id, chosen, assignees)
    return RowList(listing, partial(_count, counted(context.workspace_id, chosen, assignees)))


async def count_tasks(context: WorkspaceContext, filters: Sequence[TaskFilter]) -> list[Count]:
    """Return the number of tasks of each filter. Raises Refusal if there are too many."""
    if len(filters) > MAX_FILTERS:
        raise Refusal.of(InputCode.TOO_LONG, ("filters",), case="elements", limit=MAX_FILTERS, length=len(filters))
    assignees = await assignees_by_date(context.workspace_id, context.now)
    return await count_each([counted(context.workspace_id, each, assignees) for each in filters])


async def _count(listing: Listing) -> Count:
    return await listing.count()


def valid_filter(path: tuple[str, ...], chosen: TaskFilter) -> TaskFilter:
    """Return a filter with ids that the database can compare. Raises Refusal if its range of dates is empty."""
    first, last = chosen.due_from, chosen.due_to
    if first is not None and last is not None and last < first:
        raise Refusal.of(TaskCode.EMPTY_DATE_RANGE, (*path, "dueTo"), first=first.isoformat(), last=last.isoformat())
    return replace(
        chosen,
        assignee_id=_comparable(chosen.assignee_id),
        campaign_id=_comparable(chosen.campaign_id),
        person_id=_comparable(chosen.person_id),
    )


def _comparable(row_id: str | None) -> str | None:
    return None if row_id is None else id_condition(row_id)
