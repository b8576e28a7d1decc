"""Suppressed addresses and their history: types and queries."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.address_filter import AddressBegins
from api.graphql.engine.context import Request
from api.graphql.engine.enums import SuppressionChangeKind, SuppressionSource
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import HISTORY
from api.services.people import reading, suppression_files

if TYPE_CHECKING:
    from api.graphql.people import Person

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
        return await info.context.loaders.person_of_address.load(self.email_key)

    @strawberry.field(
        metadata=cost(size=HISTORY),
        description="Every unsubscribing and resubscribing of the address, in the order of time.",
    )
    async def history(self, info: Request) -> list[SuppressionChange]:
        return await info.context.loaders.suppression_history.load(str(self.id))


@strawberry.type
class SuppressionQuery:
    @strawberry.field(
        metadata=page_cost(),
        description="Addresses that have unsubscribed, in the order in which they first did.",
    )
    async def suppressions(
        self, info: Request, first: First = 50, after: After = None, email: AddressBegins = None
    ) -> Connection[Suppression]:
        return await connect(reading.suppressions(info.context.workspace_context, email), first, after)

    @strawberry.field(
        metadata=cost(40_000, queries=True),
        description="The addresses that have unsubscribed as CSV: email, unsubscribed_at (UTC), source and reason. "
        f"`importSuppressions` takes it. Up to {suppression_files.MAX_EXPORT:,} addresses; `touchline suppressions "
        "export` has no limit.",
    )
    async def suppressions_csv(self, info: Request) -> str:
        return await suppression_files.suppressions_csv(info.context.workspace_context)

    @strawberry.field(
        metadata=cost(100, queries=True),
        description="What is recorded of an address, with its history, also when it was resubscribed; null when it "
        "has never unsubscribed.",
    )
    async def suppression(self, info: Request, email: Address) -> Suppression | None:
        return await info.context.loaders.suppression.load(reading.key_of_address(email))
