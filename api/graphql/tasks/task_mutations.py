"""Mutations on tasks."""

from typing import Annotated

import strawberry

from api.graphql.arguments.given_fields import given_fields_not_null
from api.graphql.arguments.ids import SenderId, TaskId
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.tasks.task_inputs import CreateTaskInput, Note, Outcome, Reason, TaskChanges, Until
from api.graphql.tasks.tasks import Task
from api.services.compose import compose_manual_tasks
from api.services.tasks import manual_tasks, task_changes, tasks


@strawberry.type(description="Result of the mutations on tasks: the task, or errors.")
class TaskPayload(Payload):
    task: Task | None = strawberry.field(
        default=None, description="The task after the change; null if there are errors."
    )


@strawberry.type(description="Result of deleteTask: the id of the deleted task, or errors.")
class DeleteTaskPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="`id` of the deleted task; null if there are errors."
    )


@strawberry.type
class TaskMutation:
    @mutation(
        description="Create a task by hand, outside campaigns, such as a reminder to call someone. It stays open when "
        "the person's campaigns end, and completing it schedules nothing."
    )
    async def create_task(
        self,
        info: Request,
        input: Annotated[CreateTaskInput, strawberry.argument(description="What the assignee does, and when.")],
    ) -> TaskPayload:
        row = await compose_manual_tasks.create_task(
            info.context.workspace_context,
            input.template_id,
            person_id=input.person_id,
            assignee_id=input.assignee_id,
            kind=input.type,
            name=input.name,
            due_date=input.due_date,
            priority=input.priority,
            details=input.details,
            email_id=input.email_id,
        )
        return TaskPayload(task=from_row(Task, row))

    @mutation(
        description="Change an open task. Of a campaign's task, only assignee and due date can be changed; the rest "
        "comes from its step (TASK_OF_CAMPAIGN). If a campaign's task is moved to a later date and done then, the "
        "rest of the person's campaign shifts as after any late task."
    )
    async def update_task(
        self,
        info: Request,
        id: TaskId,
        input: Annotated[
            TaskChanges, strawberry.argument(description="The fields to change. Omitted fields do not change.")
        ],
    ) -> TaskPayload:
        values = given_fields_not_null(input)
        row = await task_changes.update_task(info.context.workspace_context, id, **values)
        return TaskPayload(task=from_row(Task, row))

    @mutation(
        description="Move the due date of an open task to today or a later date. The `expiresAt` of a campaign's task "
        "moves with it."
    )
    async def snooze_task(self, info: Request, id: TaskId, until: Until) -> TaskPayload:
        row = await task_changes.snooze_task(info.context.workspace_context, id, until)
        return TaskPayload(task=from_row(Task, row))

    @mutation(
        description="Give an open task to another sender. The email of an EMAIL task is then sent by that sender. "
        "Refused while the task has an email (ALREADY_SCHEDULED)."
    )
    async def assign_task(self, info: Request, id: TaskId, assignee_id: SenderId) -> TaskPayload:
        row = await task_changes.assign_task(info.context.workspace_context, id, assignee_id)
        return TaskPayload(task=from_row(Task, row))

    @mutation(
        description="Open a completed or skipped task again that was created by hand. Its outcome, reason and note are "
        "removed; the Live Feed keeps them."
    )
    async def reopen_task(self, info: Request, id: TaskId) -> TaskPayload:
        row = await manual_tasks.reopen_task(info.context.workspace_context, id)
        return TaskPayload(task=from_row(Task, row))

    @mutation(description="Delete a task that was created by hand, whatever its status. Its events stay.")
    async def delete_task(self, info: Request, id: TaskId) -> DeleteTaskPayload:
        deleted = await manual_tasks.delete_task(info.context.workspace_context, id)
        return DeleteTaskPayload(deleted_id=strawberry.ID(deleted))

    @mutation(
        description="Complete a task. If it belongs to a campaign, the steps that follow for the person are scheduled, "
        "up to and including the next task. An email that was scheduled from the task is withdrawn; "
        "while it is being transmitted, this is refused (EMAIL_LEAVING)."
    )
    async def complete_task(
        self,
        info: Request,
        id: TaskId,
        outcome: Outcome = None,
        reason: Reason = None,
        note: Note = None,
    ) -> TaskPayload:
        row = await tasks.complete_task(info.context.workspace_context, id, outcome=outcome, reason=reason, note=note)
        return TaskPayload(task=from_row(Task, row))

    @mutation(description="Skip a task. If it belongs to a campaign, the campaign continues as if it were completed.")
    async def skip_task(self, info: Request, id: TaskId, note: Note = None) -> TaskPayload:
        row = await tasks.skip_task(info.context.workspace_context, id, note=note)
        return TaskPayload(task=from_row(Task, row))
