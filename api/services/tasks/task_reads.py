"""Read tasks: one by id, lists with their filters, and the numbers of several filters."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from api.codes.request_errors.inputs import InputCode
from api.models import Task
from api.services.common.lists.filters import check_dates, check_ids, comparable_id, search_text
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import Order, TaskSort
from api.store.engine.listing.listing import Count, Listing, count_each
from api.store.engine.rows import find
from api.store.tasks.task_lists import TaskFilter, counted, filtered, own_filter
from api.store.tasks.tasks import assignees_by_date
from strategies import Refusal

__all__ = ["MAX_FILTERS", "TaskFilter", "count_tasks", "task", "tasks", "valid_filter"]

MAX_FILTERS = 20
"""Filters whose tasks are counted at once."""


async def task(context: WorkspaceContext, task_id: str) -> Task | None:
    """Return a task."""
    return await find(Task, context.workspace_id, task_id)


async def tasks(context: WorkspaceContext, chosen: TaskFilter, order: Order[TaskSort] | None = None) -> RowList:
    """Return the tasks of a filter: without an order, by due date. Raises Refusal TOO_MANY_TO_SORT."""
    assignees = await assignees_by_date(context.workspace_id, context.now)
    chosen = await own_filter(context.workspace_id, chosen)
    listing = await filtered(context.workspace_id, chosen, assignees, order or Order(TaskSort.DUE_DATE))
    return RowList(listing, partial(_count, counted(context.workspace_id, chosen, assignees)))


async def count_tasks(context: WorkspaceContext, filters: Sequence[TaskFilter]) -> list[Count]:
    """Return the number of tasks of each filter. Raises Refusal if there are too many."""
    if len(filters) > MAX_FILTERS:
        raise Refusal.of(InputCode.TOO_LONG, ("filters",), case="elements", limit=MAX_FILTERS, length=len(filters))
    assignees = await assignees_by_date(context.workspace_id, context.now)
    own = [await own_filter(context.workspace_id, each) for each in filters]
    return await count_each([counted(context.workspace_id, each, assignees) for each in own])


async def _count(listing: Listing) -> Count:
    return await listing.count()


def valid_filter(path: tuple[str, ...], chosen: TaskFilter) -> TaskFilter:
    """Return a filter with ids that the database can compare. Raises Refusal."""
    check_dates("task", path, "dueFrom", chosen.due_from, "dueTo", chosen.due_to)
    check_ids(chosen, path)
    return replace(
        chosen,
        assignee_id=comparable_id(chosen.assignee_id),
        campaign_id=comparable_id(chosen.campaign_id),
        person_id=comparable_id(chosen.person_id),
        search=search_text(chosen.search),
    )
