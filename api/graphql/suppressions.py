"""Suppressed addresses: the list, the history of each, and the mutations that change them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from api import models
from api.graphql.address_filter import beginning
from api.graphql.engine.context import Request
from api.graphql.engine.enums import SuppressionChangeKind, SuppressionSource
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.engine.relay import Connection, connect
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, HISTORY
from api.mail.address import address_key
from api.services.common import inputs
from api.services.people import suppression_files
from api.services.people import suppressions as service
from api.services.people.suppression_files import MAX_ROWS

if TYPE_CHECKING:
    from api.graphql.people import Person

Why = Annotated[
    str, strawberry.argument(description="For the history: one line of up to 500 characters, such as `Asked by phone`.")
]
SHOWN_ROWS = 100
"""Refused rows that an answer holds."""
Address = Annotated[str, strawberry.argument(description="The address, whether or not a person has it.")]


@strawberry.type(description="One change of a suppression: the address has unsubscribed, or may be written to again.")
class SuppressionChange:
    """A row of api.models.SuppressionChange."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    kind: SuppressionChangeKind = strawberry.field(description="UNSUBSCRIBED or RESUBSCRIBED.")
    at: datetime = strawberry.field(description="When. UTC.")
    source: SuppressionSource = strawberry.field(description="By what: a link, this API, a CSV file, or an upgrade.")
    reason: str = strawberry.field(description="Why, as it was given; empty when no reason was given.")
    actor: str = strawberry.field(
        description="By whom: the name of the token that was used; empty for links and the command line."
    )


@strawberry.type(
    description="An address that has unsubscribed. The workspace sends nothing to it, whoever is created, imported or "
    "renamed to it."
)
class Suppression:
    """A row of api.models.Suppression."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    email: str = strawberry.field(
        description="The address. However the mailbox is written, such as in upper case, it is suppressed."
    )
    unsubscribed_at: datetime | None = strawberry.field(
        description="Since when nothing is sent to it, UTC; null once it was resubscribed."
    )
    source: SuppressionSource = strawberry.field(description="What made it unsubscribe the last time.")
    reason: str = strawberry.field(description="Why it unsubscribed the last time; empty when no reason was given.")
    email_key: strawberry.Private[str]

    @strawberry.field(description="The person who has the address now; null when nobody has.")
    async def person(self, info: Request) -> Annotated["Person", strawberry.lazy("api.graphql.people")] | None:
        """Loaded with all others."""
        return cast(Any, await info.context.loaders.person_of_address.load(self.email_key))

    @strawberry.field(
        metadata=cost(size=HISTORY),
        description="Every unsubscribing and resubscribing of the address, in the order of time.",
    )
    async def history(self, info: Request) -> list[SuppressionChange]:
        """Loaded with all others."""
        return cast(Any, await info.context.loaders.suppression_history.load(str(self.id)))


@strawberry.type(description="A row of a CSV that names no address.")
class RefusedRow:
    """A row of api.services.people.suppression_files.RefusedRow."""

    row: int = strawberry.field(description="Its number in a spreadsheet: the header is row 1.")
    code: str = strawberry.field(description="For programs: such as `INVALID_ADDRESS`.")
    message: str = strawberry.field(description="For people: what is wrong with it.")


@strawberry.type(description="What an import of suppressed addresses did, or why nothing was imported.")
class ImportSuppressionsPayload:
    """Answer of importSuppressions."""

    new: int = strawberry.field(default=0, description="Rows whose address was not suppressed before.")
    known: int = strawberry.field(default=0, description="Rows whose address was suppressed already.")
    refused: int = strawberry.field(default=0, description="Rows that name no address.")
    refused_rows: list[RefusedRow] = strawberry.field(
        metadata=cost(size=SHOWN_ROWS), default_factory=list, description=f"The first {SHOWN_ROWS} of them, and why."
    )
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when the file was imported."
    )


@strawberry.type(description="The suppression, or why nothing was changed.")
class SuppressionPayload:
    """Answer of the mutations on suppressions."""

    suppression: Suppression | None = strawberry.field(default=None, description="The suppression as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )


async def suppressions_page(info: Request, email: str | None, first: int, after: str | None) -> Connection[Suppression]:
    """Return a page of the addresses that are suppressed now."""
    query = models.Suppression.filter(
        workspace_id=info.context.workspace_context.workspace_id, unsubscribed_at__not_isnull=True
    )
    return cast(Any, await connect(beginning(query, email), first, after))


async def suppression_of(info: Request, email: str) -> models.Suppression | None:
    """Return what is recorded of an address. Raises Refusal for a text that is no address."""
    key = address_key(inputs.address(email, ("email",)))
    return cast(Any, await info.context.loaders.suppression.load(key))


@strawberry.type
class SuppressionMutation:
    """Mutations on suppressions."""

    @strawberry.mutation(
        description="Suppress an address, whether or not a person has it: the workspace sends nothing to it any more, "
        "and all campaigns end for the person who has it. A second time changes nothing."
    )
    @payload_of(SuppressionPayload)
    async def suppress_address(self, info: Request, email: Address, reason: Why = "") -> SuppressionPayload:
        """Suppress an address."""
        row = await service.suppress_address(info.context.workspace_context, email, reason)
        return SuppressionPayload(suppression=cast(Any, row))

    @strawberry.mutation(
        metadata=cost(20_000, once=1),
        description=f"Suppress the addresses of a CSV text of up to {MAX_ROWS:,} rows: with a header that names a "
        "column `email`, or plain addresses, one a line. A column `reason` is kept, and `unsubscribed_at` (an instant "
        "such as `2026-03-02T07:00:00Z`; anything else counts as now); others are ignored. Rows that name no address "
        "are reported and stop no others. The command line takes larger files.",
    )
    @payload_of(ImportSuppressionsPayload)
    async def import_suppressions(
        self,
        info: Request,
        csv: Annotated[str, strawberry.argument(description="The text of the file.")],
        reason: Annotated[
            str, strawberry.argument(description="Why, for rows that give no reason: one line of up to 500 characters.")
        ] = "",
    ) -> ImportSuppressionsPayload:
        """Import suppressed addresses."""
        done = await suppression_files.import_suppressions(info.context.workspace_context, csv, reason)
        rows = [RefusedRow(row=row.row, code=row.code, message=row.message) for row in done.refused[:SHOWN_ROWS]]
        return ImportSuppressionsPayload(new=done.new, known=done.known, refused=len(done.refused), refused_rows=rows)

    @strawberry.mutation(
        description="Let an address that has unsubscribed be written to again, for a reason that stays in its history. "
        "Campaigns that have ended stay ended: launch again with `again: true`."
    )
    @payload_of(SuppressionPayload)
    async def resubscribe(self, info: Request, email: Address, reason: Why) -> SuppressionPayload:
        """Resubscribe an address."""
        row = await service.resubscribe(info.context.workspace_context, email, reason)
        return SuppressionPayload(suppression=cast(Any, row))
