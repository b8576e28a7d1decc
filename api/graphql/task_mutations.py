"""Mutations on tasks."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.email_mutations import EmailPayload
from api.graphql.emails import Email
from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.tasks import Task
from api.services.tasks import tasks


@strawberry.type(description="The task, or why not.")
class TaskPayload(Payload):
    task: Task | None = strawberry.field(default=None, description="The task as it is now.")


@strawberry.type
class TaskMutation:
    @mutation(
        description="Complete a task. What follows for the person is scheduled on to the next task. An email that was "
        "scheduled from the task is withdrawn; while it is being handed over, this is refused (EMAIL_LEAVING)."
    )
    async def complete_task(self, info: Request, id: strawberry.ID) -> TaskPayload:
        row = await tasks.complete_task(info.context.workspace_context, id)
        return TaskPayload(task=from_row(Task, row))

    @mutation(description="Skip a task. What follows goes on as if it were completed.")
    async def skip_task(self, info: Request, id: strawberry.ID) -> TaskPayload:
        row = await tasks.skip_task(info.context.workspace_context, id)
        return TaskPayload(task=from_row(Task, row))

    @mutation(
        description="Send the email of an EMAIL task, as it is or edited: now, which completes the task, or at a later "
        "instant, when it completes as the email goes out."
    )
    async def send_task(
        self,
        info: Request,
        id: strawberry.ID,
        subject: Annotated[
            str | None, strawberry.argument(description="Edited subject, sent as it is: it is no template.")
        ] = None,
        html: Annotated[
            str | None,
            strawberry.argument(
                description="Edited HTML, such as `composition.html` and what was changed of it. It is no template: "
                "its `{{ }}` are sent as they are. It is made safe, and the text part is made from it."
            ),
        ] = None,
        at: Annotated[datetime | None, strawberry.argument(description="Later than now; left out, now.")] = None,
    ) -> EmailPayload:
        sent = await tasks.send_task(info.context.workspace_context, id, subject=subject, html=html, at=at)
        return EmailPayload(email=from_row(Email, sent), written=html or "")
