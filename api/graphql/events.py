"""The events of the Live Feed."""

from datetime import datetime
from typing import cast

import strawberry
from strawberry.scalars import JSON

from api.graphql.campaigns import Campaign
from api.graphql.emails import Email
from api.graphql.engine.context import Request
from api.graphql.engine.enums import EventKind
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.people import Person
from api.graphql.replies import Reply
from api.graphql.tasks import Task
from api.services.workspaces import queries


@strawberry.type(
    description="One entry of the Live Feed. It is stored in the same transaction as the change it reports."
)
class Event:
    """A row of api.models.Event."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the event: `evt_` and 26 lower-case letters and digits, ascending in "
        "the order of writing."
    )
    kind: str = strawberry.field(
        name="rawKind",
        description="The kind as it is stored. It differs from `kind` only where that is OTHER, such as for an "
        "event of an installed package.",
    )
    at: datetime = strawberry.field(description="When it happened, by the workspace's clock. UTC.")
    data: JSON = strawberry.field(description='Details of the event, such as `{"reason": "UNSUBSCRIBED"}`.')
    person_id: strawberry.Private[str | None]
    campaign_id: strawberry.Private[str | None]
    enrollment_id: strawberry.Private[str | None]
    send_id: strawberry.Private[str | None]
    task_id: strawberry.Private[str | None]

    @strawberry.field(
        name="kind",
        description="What happened, such as EMAIL_SENT. OTHER for an event of an installed package: see `rawKind`.",
    )
    def known_kind(self) -> EventKind:
        # A package or a newer release may have written a kind that is unknown here.
        return EventKind.of(self.kind)

    @strawberry.field(description="The person whom the event is about; null if it is about none.")
    async def person(self, info: Request) -> Person | None:
        return await info.context.loaders.person.load(self.person_id) if self.person_id else None

    @strawberry.field(description="The campaign that the event belongs to; null if it belongs to none.")
    async def campaign(self, info: Request) -> Campaign | None:
        # The event of an email names the campaign by its enrollment alone.
        campaign_id, loaders = self.campaign_id, info.context.loaders
        if campaign_id is None and self.enrollment_id is not None:
            enrollment = await loaders.enrollment.load(self.enrollment_id)
            campaign_id = enrollment and enrollment.campaign_id
        return await loaders.campaign.load(campaign_id) if campaign_id else None

    @strawberry.field(description="The email that the event is about; null if it is about none.")
    async def email(self, info: Request) -> Email | None:
        return await info.context.loaders.email.load(self.send_id) if self.send_id else None

    @strawberry.field(
        description="The reply of a REPLIED or AUTO_REPLIED event, with its whole text; null for all other events, and "
        "for a reply to no email."
    )
    async def reply(self, info: Request) -> Reply | None:
        if self.kind not in {EventKind.REPLIED, EventKind.AUTO_REPLIED}:
            return None
        reply_id = cast(dict[str, str], self.data).get("reply")
        return await info.context.loaders.reply.load(reply_id) if reply_id else None

    @strawberry.field(description="The task that the event is about; null if it is about none.")
    async def task(self, info: Request) -> Task | None:
        return await info.context.loaders.task.load(self.task_id) if self.task_id else None


@strawberry.type
class EventQuery:
    @strawberry.field(
        metadata=page_cost(),
        description="The Live Feed: everything that happened in the workspace, the newest first.",
    )
    async def events(self, info: Request, first: First = 50, after: After = None) -> Connection[Event]:
        return await connect(queries.events(info.context.workspace_context), first, after, info)
