"""The filter of tasks, and numbers of tasks by filter."""

from datetime import date
from typing import Annotated

import strawberry

from api.graphql.engine.enums.table_enums import Priority, StepType, TaskDue, TaskStatus
from api.graphql.sort_orders import TaskOrder
from api.services.tasks import task_reads


@strawberry.input(description="Selects tasks that match every given field. An empty list matches no task.")
class TaskFilter:
    status: list[TaskStatus] | None = strawberry.field(
        default=None, description="Only tasks with one of these statuses. If left out, tasks of every status."
    )
    type: list[StepType] | None = strawberry.field(
        default=None, description="Only tasks of one of these types. If left out, tasks of every type."
    )
    priority: Priority | None = strawberry.field(default=None, description="Only tasks of this priority.")
    due: TaskDue | None = strawberry.field(
        default=None, description="Only tasks due at this time, by today's date in the assignee's time zone."
    )
    due_from: date | None = strawberry.field(
        default=None, description="Only tasks whose `dueDate` is this date or later, such as `2026-03-02`."
    )
    due_to: date | None = strawberry.field(
        default=None, description="Only tasks whose `dueDate` is this date or earlier, such as `2026-03-08`."
    )
    assignee_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only tasks of the sender with this `id`."
    )
    campaign_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only tasks of the campaign with this `id`."
    )
    person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only tasks about the person with this `id`."
    )
    by_hand: bool | None = strawberry.field(
        default=None, description="True: only tasks created by hand. False: only tasks of campaigns."
    )
    search: str | None = strawberry.field(
        default=None,
        description="Only tasks about people who match this text, as `PersonFilter.search` finds them. Up to 1,000 "
        "tasks may match (`TOO_MANY_TO_SORT`).",
    )


@strawberry.type(description="How many tasks a filter has.")
class TaskCount:
    count: int = strawberry.field(description="Number of tasks: exact up to 10,000, and 10,000 if there are more.")
    is_exact: bool = strawberry.field(description="Whether there are exactly `count` tasks, not more.")


def read_filter(chosen: TaskFilter | None, *path: str) -> task_reads.TaskFilter:
    """Return a filter as services take it. ``path`` leads to it. Raises Refusal."""
    if chosen is None:
        return task_reads.TaskFilter()
    return task_reads.valid_filter(
        path,
        task_reads.TaskFilter(
            statuses=chosen.status,
            types=chosen.type,
            priority=chosen.priority,
            due=chosen.due,
            due_from=chosen.due_from,
            due_to=chosen.due_to,
            assignee_id=chosen.assignee_id,
            campaign_id=chosen.campaign_id,
            person_id=chosen.person_id,
            by_hand=chosen.by_hand,
            search=chosen.search,
        ),
    )


TasksWhere = Annotated[
    TaskFilter | None,
    strawberry.argument(description="Only tasks that meet this filter. If left out, all tasks."),
]
TasksOrderBy = Annotated[
    TaskOrder | None,
    strawberry.argument(description="The order of the list. If left out, by `dueDate`."),
]
