"""Incoming mails and events: their type and their list."""

from datetime import datetime

import strawberry

from api.graphql.emails import Email
from api.graphql.engine.context import Request
from api.graphql.engine.enums import IncomingResult, MatchedBy
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.services.replies import queries


@strawberry.type(
    description="A mail of a mailbox, or an event that a provider or a tracking link reported, and what Touchline did "
    "with it. It is kept for 30 days."
)
class IncomingEvent:
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


@strawberry.type
class IncomingEventQuery:
    @strawberry.field(
        metadata=page_cost(),
        description="Incoming mails and events about emails of the workspace, the newest first. Those that match no "
        "email belong to no workspace and are not listed, because a mailbox has private mails too.",
    )
    async def incoming_events(self, info: Request, first: First = 50, after: After = None) -> Connection[IncomingEvent]:
        return await connect(queries.incoming_events(info.context.workspace_context), first, after, info)
