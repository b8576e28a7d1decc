"""Mutations on several tasks at once."""

from typing import Annotated

import strawberry

from api.graphql.arguments.ids import SenderId
from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, UserError, mutation
from api.graphql.limits.cost import cost
from api.graphql.task_inputs import Note, Outcome, Reason, Until
from api.services.tasks import bulk, hand_tasks, task_changes, tasks

TaskIds = Annotated[
    list[strawberry.ID],
    strawberry.argument(description="The `id` of each task. An id that is given twice counts once."),
]


@strawberry.type(description="A task that a mutation on several tasks did not change.")
class TaskRefusal:
    id: strawberry.ID = strawberry.field(description="`id` of the task, as it was given.")
    error: UserError = strawberry.field(
        description="Why it was not changed. The `path` of an error about the task itself is `ids` and its index."
    )


@strawberry.type(description="Result of a mutation on several tasks: what happened to each of them.")
class TaskBulkPayload(Payload):
    done: list[strawberry.ID] = strawberry.field(
        metadata=cost(size=bulk.MAX_TASKS, plain_at=5),
        default_factory=list,
        description="`id` of each task that was changed, or already had the new values.",
    )
    refused: list[TaskRefusal] = strawberry.field(
        metadata=cost(size=bulk.MAX_TASKS),
        default_factory=list,
        description="The tasks that were not changed, each with the reason. The others were changed all the same.",
    )


def _payload(result: bulk.BulkResult) -> TaskBulkPayload:
    return TaskBulkPayload(
        done=[strawberry.ID(task_id) for task_id in result.done],
        refused=[
            TaskRefusal(
                id=strawberry.ID(task_id),
                error=UserError(code=refusal.code, message=refusal.message, path=list(refusal.path)),
            )
            for task_id, refusal in result.refused
        ],
    )


EACH = cost(500, sized_by=("ids",), size_most=bulk.MAX_TASKS, each=300, once=3)


@strawberry.type
class TaskBulkMutation:
    @mutation(metadata=EACH, description="Complete several tasks, as `completeTask` does each of them.")
    async def complete_tasks(
        self, info: Request, ids: TaskIds, outcome: Outcome = None, reason: Reason = None, note: Note = None
    ) -> TaskBulkPayload:
        context = info.context.workspace_context
        return _payload(
            await bulk.each_task(
                ids, lambda each: tasks.complete_task(context, each, outcome=outcome, reason=reason, note=note)
            )
        )

    @mutation(metadata=EACH, description="Skip several tasks, as `skipTask` does each of them.")
    async def skip_tasks(self, info: Request, ids: TaskIds, note: Note = None) -> TaskBulkPayload:
        context = info.context.workspace_context
        return _payload(await bulk.each_task(ids, lambda each: tasks.skip_task(context, each, note=note)))

    @mutation(metadata=EACH, description="Give several tasks to another sender, as `assignTask` does each of them.")
    async def assign_tasks(self, info: Request, ids: TaskIds, assignee_id: SenderId) -> TaskBulkPayload:
        context = info.context.workspace_context
        return _payload(await bulk.each_task(ids, lambda each: task_changes.assign_task(context, each, assignee_id)))

    @mutation(metadata=EACH, description="Move the due date of several tasks, as `snoozeTask` does each of them.")
    async def snooze_tasks(self, info: Request, ids: TaskIds, until: Until) -> TaskBulkPayload:
        context = info.context.workspace_context
        return _payload(await bulk.each_task(ids, lambda each: task_changes.snooze_task(context, each, until)))

    @mutation(metadata=EACH, description="Delete several tasks that were created by hand, as `deleteTask` does.")
    async def delete_tasks(self, info: Request, ids: TaskIds) -> TaskBulkPayload:
        context = info.context.workspace_context
        return _payload(await bulk.each_task(ids, lambda each: hand_tasks.delete_task(context, each)))
