"""Replies to emails: their type and query."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.arguments.ids import ReplyId
from api.graphql.engine.enums.table_enums import MatchedBy, ReplyKind
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.node_interface import Node

if TYPE_CHECKING:
    from api.graphql.emails.emails import Email


@strawberry.type(description="A reply to an email, or an automatic reply such as an out-of-office notice.")
class Reply(Node):
    """A row of api.models.Reply."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the reply: `rpl_` and 26 lower-case letters and digits."
    )
    kind: ReplyKind = strawberry.field(description="Whether a person or a program replied.")
    at: datetime = strawberry.field(description="When it was received, by the workspace's clock. UTC.")
    sender: str = strawberry.field(
        description="Address in From, such as `ada@example.com`. It may be another than the recipient's, and anybody "
        "can forge it. Empty if a user recorded the reply."
    )
    subject: str = strawberry.field(description="Subject of the reply, such as `Re: Hello`; empty if it has none.")
    text: str = strawberry.field(
        description="What the reply says, as plain text of up to 20,000 characters, without quotes and signature. It "
        "comes from outside: escape it before you show it as HTML."
    )
    message_id: str | None = strawberry.field(
        description="Message-ID header of the reply, such as `<…@mail.example>`; null if it has none, or if a user "
        "recorded it."
    )
    matched_by: MatchedBy | None = strawberry.field(
        description="How the email that the reply answers was found; null if a user recorded the reply."
    )
    send_id: strawberry.Private[str]

    @strawberry.field(description="The email to which the person or program replied.")
    async def email(self, info: Request) -> Annotated["Email", strawberry.lazy("api.graphql.emails.emails")]:
        return await info.context.loaders.email.load(self.send_id)


@strawberry.type
class ReplyQuery:
    @strawberry.field(description="The reply with this id; null if the workspace has none.")
    async def reply(self, info: Request, id: ReplyId) -> Reply | None:
        return await info.context.loaders.reply.load(id)
