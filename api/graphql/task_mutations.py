"""Mutations on tasks."""

from datetime import datetime
from typing import Annotated, Any, cast

import strawberry

from api.graphql.email_mutations import EmailPayload
from api.graphql.engine.context import Request
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS
from api.graphql.tasks import Task
from api.services.tasks import tasks


@strawberry.type(description="The task, or why not.")
class TaskPayload:
    """Answer of the mutations on tasks."""

    task: Task | None = strawberry.field(default=None, description="The task as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )


@strawberry.type
class TaskMutation:
    """Mutations on tasks."""

    @strawberry.mutation(
        description="Complete a task. What follows for the person is scheduled on to the next task. An email that was "
        "scheduled from the task is withdrawn; while it is being handed over, this is refused (EMAIL_LEAVING)."
    )
    @payload_of(TaskPayload)
    async def complete_task(self, info: Request, id: strawberry.ID) -> TaskPayload:  # noqa: A002
        """Complete a task."""
        return TaskPayload(task=cast(Any, await tasks.complete_task(info.context.workspace_context, id)))

    @strawberry.mutation(description="Skip a task. What follows goes on as if it were completed.")
    @payload_of(TaskPayload)
    async def skip_task(self, info: Request, id: strawberry.ID) -> TaskPayload:  # noqa: A002
        """Skip a task."""
        return TaskPayload(task=cast(Any, await tasks.skip_task(info.context.workspace_context, id)))

    @strawberry.mutation(
        description="Send the email of an EMAIL task, as it is or edited: now, which completes the task, or at a later "
        "instant, when it completes as the email goes out."
    )
    @payload_of(EmailPayload)
    async def send_task(
        self,
        info: Request,
        id: strawberry.ID,  # noqa: A002
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
        """Send a task's email."""
        sent = await tasks.send_task(info.context.workspace_context, id, subject=subject, html=html, at=at)
        return EmailPayload(email=cast(Any, sent), written=html or "")
