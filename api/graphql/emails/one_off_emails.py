"""What only one-off emails have: copies, attachments and a version."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.graphql.arguments.ids import AttachmentId
from api.graphql.engine.enums.table_enums import Tracking
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.node_interface import Node
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ATTACHMENTS, COPIES
from api.graphql.templates.templates import Template

if TYPE_CHECKING:
    from api.graphql.emails.emails import Email


@strawberry.type(description="A file that was uploaded (`POST /attachments`) and that emails can have.")
class Attachment(Node):
    id: strawberry.ID = strawberry.field(
        description="Identifier of the attachment: `att_` and 26 lower-case letters and digits. `GET /attachments/ID` "
        "with the token returns the file."
    )
    name: str = strawberry.field(description="Name of the file, such as `offer.pdf`, as recipients see it.")
    type: str = strawberry.field(description="Media type, such as `application/pdf`.")
    size: int = strawberry.field(description="Number of bytes of the file, before it is encoded for an email.")
    created_at: datetime = strawberry.field(description="When the file was uploaded, UTC, in real time.")


def attachment_of(row: Any) -> Attachment:
    """Return a row as an attachment."""
    return Attachment(id=strawberry.ID(row.id), name=row.name, type=row.type, size=row.size, created_at=row.created_at)


@strawberry.type(description="What only a one-off email has: an email that belongs to no campaign.")
class OneOffEmail:
    email_id: strawberry.Private[str]
    template_id: strawberry.Private[str | None]
    follows_id: strawberry.Private[str | None]
    version: int = strawberry.field(
        description="Increases with each change of the email. Pass it as `ifVersion`, so that two windows do not "
        "overwrite "
        "each other."
    )
    cc: list[str] = strawberry.field(
        metadata=cost(size=COPIES, plain_at=10), description="Addresses in CC. Every recipient sees them."
    )
    bcc: list[str] = strawberry.field(
        metadata=cost(size=COPIES, plain_at=10),
        description="Addresses in BCC. No recipient sees them: they are in no header.",
    )
    reached: list[str] = strawberry.field(
        metadata=cost(size=COPIES, plain_at=10),
        description=(
            "Addresses in CC and BCC that have already received the email. If the email is sent again to the person "
            "in To, these addresses get no second copy."
        ),
    )
    tracking: Tracking = strawberry.field(description="Whether clicks and opens are tracked.")
    created_at: datetime = strawberry.field(description="When the email was begun, UTC.")
    updated_at: datetime = strawberry.field(description="When a rep last changed the email, UTC.")

    @strawberry.field(
        metadata=cost(size=ATTACHMENTS, plain_at=3), description="The files that the email has, in their order."
    )
    async def attachments(self, info: Request) -> list[Attachment]:
        return [attachment_of(row) for row in await info.context.loaders.attachments_of_email.load(self.email_id)]

    @strawberry.field(description="The template from which the text was made; null if there is none.")
    async def template(self, info: Request) -> Template | None:
        return None if self.template_id is None else await info.context.loaders.template.load(self.template_id)

    @strawberry.field(
        description="The email that this one follows. It is quoted below the text. Null if this is not a follow-up, or "
        "if that email was deleted."
    )
    async def follows(self, info: Request) -> Annotated["Email", strawberry.lazy("api.graphql.emails.emails")] | None:
        return None if self.follows_id is None else await info.context.loaders.email.load(self.follows_id)


@strawberry.type
class AttachmentQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The attachment with this id; null if the workspace has none."
    )
    async def attachment(self, info: Request, id: AttachmentId) -> Attachment | None:
        row = await info.context.loaders.attachment.load(id)
        return None if row is None else attachment_of(row)


def one_off_of_row(row: Any) -> OneOffEmail:
    """Return a row as what only a one-off email has."""
    return OneOffEmail(
        email_id=row.id,
        template_id=row.template_id,
        follows_id=row.follows_id,
        version=row.version,
        cc=list(row.cc),
        bcc=list(row.bcc),
        reached=list(row.reached),
        tracking=row.tracking,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
