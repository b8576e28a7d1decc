"""Mutations on several tasks at once, by their ids or by a filter."""

from typing import Annotated

import strawberry

from api.command_center import BulkActionKind
from api.graphql.arguments.ids import SenderId
from api.graphql.bulk_actions import EACH, BulkPayload, Ids, bulk
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import mutation
from api.graphql.tasks.task_filters import TaskFilter, read_filter
from api.graphql.tasks.task_inputs import Note, Outcome, Reason, Until
from api.services.common.lists.row_lists import RowList
from api.services.tasks import task_reads

Filter = Annotated[
    TaskFilter | None,
    strawberry.argument(
        description="All tasks that match this filter of `tasks` now, up to 100,000. Leave it out if you give ids."
    ),
]


async def _rows(info: Request, chosen: TaskFilter | None) -> RowList | None:
    if chosen is None:
        return None
    return await task_reads.tasks(info.context.workspace_context, read_filter(chosen, "filter"))


@strawberry.type
class TaskBulkMutation:
    @mutation(metadata=EACH, description="Complete several tasks, as `completeTask` does each of them.")
    async def complete_tasks(
        self,
        info: Request,
        ids: Ids = None,
        filter: Filter = None,
        outcome: Outcome = None,
        reason: Reason = None,
        note: Note = None,
    ) -> BulkPayload:
        rows = await _rows(info, filter)
        return await bulk(info, BulkActionKind.COMPLETE_TASKS, ids, rows, outcome=outcome, reason=reason, note=note)

    @mutation(metadata=EACH, description="Skip several tasks, as `skipTask` does each of them.")
    async def skip_tasks(self, info: Request, ids: Ids = None, filter: Filter = None, note: Note = None) -> BulkPayload:
        return await bulk(info, BulkActionKind.SKIP_TASKS, ids, await _rows(info, filter), note=note)

    @mutation(metadata=EACH, description="Give several tasks to another sender, as `assignTask` does each of them.")
    async def assign_tasks(
        self, info: Request, assignee_id: SenderId, ids: Ids = None, filter: Filter = None
    ) -> BulkPayload:
        rows = await _rows(info, filter)
        return await bulk(info, BulkActionKind.ASSIGN_TASKS, ids, rows, assigneeId=assignee_id)

    @mutation(metadata=EACH, description="Move the due date of several tasks, as `snoozeTask` does each of them.")
    async def snooze_tasks(self, info: Request, until: Until, ids: Ids = None, filter: Filter = None) -> BulkPayload:
        rows = await _rows(info, filter)
        return await bulk(info, BulkActionKind.SNOOZE_TASKS, ids, rows, until=until.isoformat())

    @mutation(metadata=EACH, description="Delete several tasks that were created by hand, as `deleteTask` does.")
    async def delete_tasks(self, info: Request, ids: Ids = None, filter: Filter = None) -> BulkPayload:
        return await bulk(info, BulkActionKind.DELETE_TASKS, ids, await _rows(info, filter))
