"""Lists of tasks by a filter, and their numbers.

A page reads the first rows of each combination of status, type and priority from an index that has them in the order of
the due date, and merges them. So a rare type of task is found as quickly as a frequent one. A count needs no order: it
is one condition with lists of values.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from api.models import Campaign, Person, Sender, Task
from api.sorts import Order, TaskSort
from api.states import Priority, TaskDue, TaskStatus
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.small_lists import MAX_SORTED_ROWS, own_ids, small_list
from api.store.engine.listing.sort_keys import SortKey
from api.store.engine.sql import in_values
from api.store.people.person_search import people_found
from api.store.tasks.tasks import due_of
from strategies import StepType

BY_HAND, OF_CAMPAIGNS = Condition("campaign_id IS NULL"), Condition("campaign_id IS NOT NULL")


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks: those that meet every condition that is not None. An empty list matches no task."""

    statuses: Sequence[TaskStatus] | None = None
    types: Sequence[StepType] | None = None
    priority: Priority | None = None
    due: TaskDue | None = None
    due_from: date | None = None
    due_to: date | None = None
    assignee_id: str | None = None
    campaign_id: str | None = None
    person_id: str | None = None
    by_hand: bool | None = None
    search: str | None = None
    """Finds people, as their list does. ``own_filter`` looks them up."""
    people: Sequence[str] | None = None
    """The ids of the people whom ``search`` finds."""

    @property
    def possible_statuses(self) -> list[TaskStatus]:
        """The statuses that a task can have. An overdue task is open."""
        statuses = list(TaskStatus) if self.statuses is None else list(dict.fromkeys(self.statuses))
        return [each for each in statuses if self.due is not TaskDue.OVERDUE or each is TaskStatus.OPEN]

    @property
    def possible_types(self) -> list[StepType]:
        """The types that a task can have."""
        return list(StepType) if self.types is None else list(dict.fromkeys(self.types))

    @property
    def possible_priorities(self) -> list[Priority]:
        """The priorities that a task can have."""
        return list(Priority) if self.priority is None else [self.priority]


Assignees = dict[date, list[str]]
"""The ids of a workspace's senders by their current local date."""


KEYS = {TaskSort.CREATED: None, TaskSort.DUE_DATE: SortKey("due_date", date)}


async def filtered(workspace_id: str, chosen: TaskFilter, assignees: Assignees, order: Order[TaskSort]) -> Listing:
    """Return the tasks of an ``own_filter``. Raises Refusal TOO_MANY_TO_SORT."""
    listing = _by_index(workspace_id, chosen, assignees)
    if chosen.people is not None:
        found = await small_list([listing], ("filter", "search"), search=True)
        return found.sorted_by(KEYS[order.field], descending=order.descending)
    is_indexed = order.field is TaskSort.DUE_DATE or chosen == TaskFilter(statuses=chosen.statuses)
    if chosen.person_id is None and not is_indexed:
        listing = await small_list([listing], ("orderBy",))
    return listing.sorted_by(KEYS[order.field], descending=order.descending)


async def own_filter(workspace_id: str, chosen: TaskFilter) -> TaskFilter:
    """Return the filter, with an id that no row has in place of ids of other workspaces, and with the people found.

    Raises Refusal TOO_MANY_TO_SORT if a search finds too many people.
    """
    own: dict[str, Any] = {
        name: (await own_ids(model, workspace_id, row_id) or [""])[0]
        for name, model in (("assignee_id", Sender), ("campaign_id", Campaign), ("person_id", Person))
        if (row_id := getattr(chosen, name)) is not None
    }
    if chosen.search is not None:
        own["people"] = await (await people_found(workspace_id, chosen.search)).ids(MAX_SORTED_ROWS)
    return replace(chosen, **own) if own else chosen


def _by_index(workspace_id: str, chosen: TaskFilter, assignees: Assignees) -> Listing:
    """Return the tasks of a filter, with the alternatives that an index has in the order of due dates."""
    listing = _narrowed(workspace_id, chosen, assignees)
    if chosen.person_id is not None or chosen.people is not None:  # a person has few tasks
        return _with_lists(listing, chosen)
    listing = listing.one_of("status", chosen.possible_statuses)
    kinds = (chosen.types, chosen.priority, chosen.by_hand, chosen.assignee_id, chosen.campaign_id)
    if any(each is not None for each in kinds):
        listing = listing.one_of("type", chosen.possible_types).one_of("priority", chosen.possible_priorities)
        if (chosen.assignee_id is None and chosen.campaign_id is None) or chosen.by_hand is not None:
            listing = listing.either(*_origins(chosen))
    return listing


def counted(workspace_id: str, chosen: TaskFilter, assignees: Assignees) -> Listing:
    """Return the tasks of a filter for counting, as one condition."""
    return _with_lists(_narrowed(workspace_id, chosen, assignees), chosen)


def _origins(chosen: TaskFilter) -> list[Condition]:
    """Return the conditions on whether tasks were created by hand. Each has an index of its own."""
    return [*[BY_HAND] * (chosen.by_hand is not False), *[OF_CAMPAIGNS] * (chosen.by_hand is not True)]


def _with_lists(listing: Listing, chosen: TaskFilter) -> Listing:
    listing = listing.where(in_values("status", "{}"), [str(each) for each in chosen.possible_statuses])
    if chosen.types is not None or chosen.priority is not None:
        listing = listing.where(in_values("type", "{}"), [str(each) for each in chosen.possible_types])
        listing = listing.where(in_values("priority", "{}"), [str(each) for each in chosen.possible_priorities])
        ids = (chosen.assignee_id, chosen.campaign_id, chosen.person_id, chosen.people)
        if all(each is None for each in ids):
            return listing.either(*_origins(chosen))
    return listing if chosen.by_hand is None else listing.either(*_origins(chosen))


def _narrowed(workspace_id: str, chosen: TaskFilter, assignees: Assignees) -> Listing:
    """Return the tasks with the filter's ids, which belong to the workspace, and due dates.

    The indexes of assignees, campaigns and people do not have the workspace. People who are found belong to it.
    """
    ids = {name: getattr(chosen, name) for name in ("assignee_id", "campaign_id", "person_id")}
    narrowing = {name: value for name, value in ids.items() if value is not None}
    if chosen.people is not None:
        listing = Listing(Task).equal(**narrowing).where(in_values("person_id", "{}"), list(chosen.people))
    else:
        listing = Listing(Task).equal(**(narrowing or {"workspace_id": workspace_id}))
    if chosen.due_from is not None:
        listing = listing.where("due_date >= {}", chosen.due_from)
    if chosen.due_to is not None:
        listing = listing.where("due_date <= {}", chosen.due_to)
    if chosen.due is None:
        return listing
    if chosen.assignee_id is not None:
        assignees = {today: ids for today, ids in assignees.items() if chosen.assignee_id in ids}
    return due_of(listing, assignees, chosen.due)
