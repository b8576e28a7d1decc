"""The last event of an email, and the actions that it allows: columns of the Command Center."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from api.graphql.engine.enums.command_center_enums import EmailAction, EmailActivityKind
from api.graphql.engine.graphql_context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import EMAIL_ACTIONS, TASKS_OF_EMAIL
from api.services.emails import quick_actions
from api.states import SendStatus

if TYPE_CHECKING:
    from api.graphql.tasks.tasks import Task


@strawberry.type(description="What happened to an email last.")
class EmailActivity:
    kind: EmailActivityKind = strawberry.field(description="What happened, such as CLICKED.")
    at: datetime = strawberry.field(description="When it happened, UTC; for opens and clicks, the first time.")


@strawberry.type
class ActionFields:
    """The fields of Email that follow from its row."""

    id: strawberry.Private[Any]
    failed_at: strawberry.Private[datetime | None]

    @strawberry.field(
        metadata=cost(4, size=EMAIL_ACTIONS, plain_at=5),
        description="Actions that the email's status allows, for the buttons of a list. The mutation checks again: it "
        "may be refused because the address has unsubscribed, or because the campaign has ended.",
    )
    def quick_actions(self) -> list[EmailAction]:
        return quick_actions.quick_actions(cast(Any, self))

    @strawberry.field(
        description="What happened to the email last: it was sent, opened, clicked, answered or returned."
    )
    async def latest_activity(self, info: Request) -> EmailActivity | None:
        found = quick_actions.latest_activity(cast(Any, self), await info.context.loaders.engagement.load(self.id))
        return None if found is None else EmailActivity(kind=found.kind, at=found.at)

    @strawberry.field(
        name="failedAt",
        description=(
            "When the email failed, by the workspace's clock, UTC; null unless its status is FAILED. For a bounced "
            "email, see `bouncedAt`."
        ),
    )
    def failed(self) -> datetime | None:
        return self.failed_at if cast(Any, self).status is SendStatus.FAILED else None

    @strawberry.field(
        metadata=cost(size=TASKS_OF_EMAIL),
        description="The tasks that were created by hand about the email, such as a call, the oldest first.",
    )
    async def follow_up_tasks(
        self, info: Request
    ) -> list[Annotated["Task", strawberry.lazy("api.graphql.tasks.tasks")]]:
        return await info.context.loaders.tasks_about_email.load(self.id)
