"""The events of the Live Feed."""

from datetime import datetime
from typing import cast

import strawberry
from strawberry.scalars import JSON

from api import models
from api.graphql.campaigns import Campaign
from api.graphql.emails import Email
from api.graphql.engine.context import Request
from api.graphql.engine.relay import After, Connection, First, connect
from api.graphql.limits.cost import cost
from api.graphql.people import Person
from api.graphql.tasks import Task
from api.store.engine.rows import MAX_PAGE_SIZE


@strawberry.type(description="One line of the Live Feed, written in the transaction of what it tells.")
class Event:
    """A row of api.models.Event."""

    id: strawberry.ID = strawberry.field(description="Identifier; ascending in the order of writing.")
    kind: str = strawberry.field(
        description="What happened: CAMPAIGN_LAUNCHED, EMAIL_SENT, REPLIED, … docs/errors.md lists them all."
    )
    at: datetime = strawberry.field(description="When it happened. UTC, by the workspace's clock.")
    data: JSON = strawberry.field(description="More about it, such as the reason.")
    person_id: strawberry.Private[str | None]
    campaign_id: strawberry.Private[str | None]
    enrollment_id: strawberry.Private[str | None]
    send_id: strawberry.Private[str | None]
    task_id: strawberry.Private[str | None]

    @strawberry.field(description="Whom it is about.")
    async def person(self, info: Request) -> Person | None:
        """Loaded with all others."""
        return cast("Person | None", self.person_id and await info.context.loaders.person.load(self.person_id))

    @strawberry.field(description="The campaign that it belongs to.")
    async def campaign(self, info: Request) -> Campaign | None:
        """Loaded with all others; what happens to an email names it by its enrollment alone."""
        campaign_id, loaders = self.campaign_id, info.context.loaders
        if campaign_id is None and self.enrollment_id is not None:
            enrollment = await loaders.enrollment.load(self.enrollment_id)
            campaign_id = enrollment and enrollment.campaign_id
        return cast("Campaign | None", campaign_id and await loaders.campaign.load(campaign_id))

    @strawberry.field(description="The email that it is about.")
    async def email(self, info: Request) -> Email | None:
        """Loaded with all others."""
        return cast("Email | None", self.send_id and await info.context.loaders.send.load(self.send_id))

    @strawberry.field(description="The task that it is about.")
    async def task(self, info: Request) -> Task | None:
        """Loaded with all others."""
        return cast("Task | None", self.task_id and await info.context.loaders.task.load(self.task_id))


@strawberry.type
class EventQuery:
    """Queries on events."""

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE_SIZE, queries=True),
        description="The Live Feed: what happened, the newest first.",
    )
    async def events(self, info: Request, first: First = 50, after: After = None) -> Connection[Event]:
        """A page of them."""
        query = models.Event.filter(workspace_id=info.context.workspace_context.workspace_id)
        return await connect(query, first, after, newest=True)
