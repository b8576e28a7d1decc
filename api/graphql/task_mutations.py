"""Mutations on tasks."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.arguments.ids import TaskId
from api.graphql.email_mutations import EmailPayload
from api.graphql.emails import Email
from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.tasks import Task
from api.services.tasks import tasks


@strawberry.type(description="Result of the mutations on tasks: the task, or errors.")
class TaskPayload(Payload):
    task: Task | None = strawberry.field(
        default=None, description="The task after the change; null if there are errors."
    )


@strawberry.type
class TaskMutation:
    @mutation(
        description="Complete a task. The steps that follow for the person are scheduled, up to and "
        "including the next task. An email that was scheduled from the task is withdrawn; "
        "while it is being transmitted, this is refused (EMAIL_LEAVING)."
    )
    async def complete_task(self, info: Request, id: TaskId) -> TaskPayload:
        row = await tasks.complete_task(info.context.workspace_context, id)
        return TaskPayload(task=from_row(Task, row))

    @mutation(description="Skip a task. The campaign continues as if it were completed.")
    async def skip_task(self, info: Request, id: TaskId) -> TaskPayload:
        row = await tasks.skip_task(info.context.workspace_context, id)
        return TaskPayload(task=from_row(Task, row))

    @mutation(
        description="Send the email of an EMAIL task, as rendered or edited. Sent now, it completes the "
        "task; sent later, the task is completed when the email is sent."
    )
    async def send_task(
        self,
        info: Request,
        id: TaskId,
        subject: Annotated[
            str | None,
            strawberry.argument(
                description="Edited subject, sent as it is: it is not a template. If left out, the step's is rendered."
            ),
        ] = None,
        html: Annotated[
            str | None,
            strawberry.argument(
                description="Edited HTML, such as `composition.html` with changes. It is not a template: `{{ }}` "
                "in it is sent as it is. Unsafe HTML is removed, and the text part is made from it. "
                "If left out, the step's template is rendered."
            ),
        ] = None,
        at: Annotated[
            datetime | None,
            strawberry.argument(
                description="Send time, later than now, such as `2026-03-02T08:30:00Z`. If left out, now."
            ),
        ] = None,
    ) -> EmailPayload:
        sent = await tasks.send_task(info.context.workspace_context, id, subject=subject, html=html, at=at)
        return EmailPayload(email=from_row(Email, sent), written=html or "")
