"""Incoming mails and events: their type and their list."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.arguments.ids import IncomingEventId
from api.graphql.emails.emails import Email
from api.graphql.engine.enums.table_enums import IncomingResult, MatchedBy
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.sort_orders import CreatedOrder, order_of
from api.services.replies import reply_reads


@strawberry.type(
    description="A mail of a mailbox, or an event that a provider or a tracking link reported, and what Touchline did "
    "with it. It is kept for 30 days."
)
class IncomingEvent(Node):
    """A row of api.models.IncomingEvent."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the incoming event: `inc_` and 26 lower-case letters and digits."
    )
    source: str = strawberry.field(
        description="Where it came from, such as `imap:SALES`, `webhook:sendgrid` or `tracking`."
    )
    kind: str = strawberry.field(
        description="What it is. For a mail: REPLY, AUTO_REPLY, BOUNCE or COMPLAINT. For a reported event: DELIVERED, "
        "BOUNCED, COMPLAINED, REPLIED, OPENED, CLICKED or UNSUBSCRIBED."
    )
    at: datetime = strawberry.field(description="When the mail was received or the event happened, UTC.")
    stored_at: datetime = strawberry.field(description="When Touchline stored it. Real time, UTC, also in a sandbox.")
    result: IncomingResult | None = strawberry.field(description="What it changed; null until it is processed.")
    reason: str = strawberry.field(
        description="Why the mail has this kind, and why it changed nothing, as a sentence for people; empty if there "
        "is nothing to say."
    )
    matched_by: MatchedBy | None = strawberry.field(description="How its email was found.")
    send_id: strawberry.Private[str | None]

    @strawberry.field(description="The email that it is about. Of several emails, the first.")
    async def email(self, info: Request) -> Email | None:
        return await info.context.loaders.email.load(self.send_id) if self.send_id else None


@strawberry.input(
    description="Selects incoming mails and events that match every given field. An empty list matches none."
)
class IncomingEventFilter:
    kind: list[str] | None = strawberry.field(
        default=None, description="Only those of one of these kinds, such as `BOUNCE`. If left out, of every kind."
    )
    result: list[IncomingResult] | None = strawberry.field(
        default=None, description="Only those with one of these results. If left out, with any."
    )


@strawberry.type
class IncomingEventQuery:
    @strawberry.field(description="The incoming mail or event with this id; null if the workspace has none.")
    async def incoming_event(self, info: Request, id: IncomingEventId) -> IncomingEvent | None:
        return await info.context.loaders.incoming_event.load(id)

    @strawberry.field(
        metadata=page_cost(),
        description="Incoming mails and events about emails of the workspace, the newest first. Those that match no "
        "email belong to no workspace and are not listed, because a mailbox has private mails too.",
    )
    async def incoming_events(
        self,
        info: Request,
        filter: Annotated[
            IncomingEventFilter | None,
            strawberry.argument(description="Only those that meet this filter. If left out, all."),
        ] = None,
        order_by: Annotated[
            CreatedOrder | None,
            strawberry.argument(description="The order of the list. If left out, the newest first."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[IncomingEvent]:
        kinds, results = (filter.kind, filter.result) if filter else (None, None)
        rows = reply_reads.incoming_events(info.context.workspace_context, kinds, results, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
