"""Suppressed addresses and their history: types and queries."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.engine.enums.table_enums import SuppressionChangeKind, SuppressionSource, UnsubscribeReason
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.loading.loaded_lists import loaded_list
from api.graphql.engine.node_interface import Node
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import HISTORY
from api.graphql.people.address_filter import ADDRESS_BEGINS
from api.graphql.sort_orders import SuppressionOrder, order_of
from api.services.people import person_reads, suppression_files

if TYPE_CHECKING:
    from api.graphql.people.people import Person

Address = Annotated[str, strawberry.argument(description="The address, whether or not a person has it.")]


@strawberry.type(description="One change of a suppression: the address unsubscribed, or was resubscribed.")
class SuppressionChange:
    """A row of api.models.SuppressionChange."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the change: `chg_` and 26 lower-case letters and digits."
    )
    kind: SuppressionChangeKind = strawberry.field(description="Whether the address unsubscribed or was resubscribed.")
    at: datetime = strawberry.field(description="When the change was made. UTC.")
    source: SuppressionSource = strawberry.field(
        description="Where the change came from, such as an unsubscribe link or a CSV file."
    )
    reason: str = strawberry.field(description="The reason that was given; empty if none was.")
    actor: str = strawberry.field(
        description="Name of the API token that was used; empty for unsubscribe links and the command line."
    )
    recipient_reason: UnsubscribeReason | None = strawberry.field(
        description="Why the recipient unsubscribed, as they chose on the unsubscribe page; null if they chose nothing."
    )
    recipient_comment: str = strawberry.field(
        description="What the recipient wrote on the unsubscribe page, as plain text of up to 500 characters; empty if "
        "they wrote nothing. It comes from outside: escape it before you show it as HTML."
    )


@strawberry.type(
    description="An email address that has unsubscribed. The workspace sends nothing to it, even if "
    "a person is created, imported or renamed with it."
)
class Suppression(Node):
    """A row of api.models.Suppression."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the suppression: `sup_` and 26 lower-case letters and digits."
    )
    email: str = strawberry.field(
        description="The suppressed address. Every spelling of the mailbox is suppressed, such as one in upper case."
    )
    unsubscribed_at: datetime | None = strawberry.field(
        description="Since when nothing is sent to the address, UTC; null once it is resubscribed."
    )
    source: SuppressionSource = strawberry.field(
        description="Where the last unsubscribe came from, such as an unsubscribe link or a CSV file."
    )
    reason: str = strawberry.field(description="The reason given for the last unsubscribe; empty if none was.")
    email_key: strawberry.Private[str]

    @strawberry.field(description="The person who has the address now; null if nobody has it.")
    async def person(self, info: Request) -> Annotated["Person", strawberry.lazy("api.graphql.people.people")] | None:
        return await info.context.loaders.person_of_address.load(self.email_key)

    @strawberry.field(
        metadata=cost(size=HISTORY) | loaded_list("suppression_history"),
        description="Every time that the address unsubscribed or was resubscribed, the oldest first.",
    )
    async def history(self, info: Request) -> list[SuppressionChange]:
        return await info.context.loaders.suppression_history.load(str(self.id))


@strawberry.input(description="Selects suppressed addresses that match every given field. An empty list matches none.")
class SuppressionFilter:
    email: str | None = strawberry.field(default=None, description=ADDRESS_BEGINS)
    source: list[SuppressionSource] | None = strawberry.field(
        default=None, description="Only addresses whose last unsubscribe came from one of these sources."
    )
    since: datetime | None = strawberry.field(
        default=None, description="Only addresses that unsubscribed at this instant or later, with an offset."
    )
    before: datetime | None = strawberry.field(
        default=None, description="Only addresses that unsubscribed before this instant, with an offset."
    )


@strawberry.type
class SuppressionQuery:
    @strawberry.field(
        metadata=page_cost(),
        description="All addresses that are unsubscribed now, in the order in which they first unsubscribed; with "
        "`filter.email`, by address; with other filters, by `unsubscribedAt`.",
    )
    async def suppressions(
        self,
        info: Request,
        filter: Annotated[
            SuppressionFilter | None,
            strawberry.argument(description="Only addresses that meet this filter. If left out, all addresses."),
        ] = None,
        order_by: Annotated[
            SuppressionOrder | None,
            strawberry.argument(description="The order of the list. If left out, the one above."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Suppression]:
        chosen = person_reads.SuppressionFilter()
        if filter is not None:
            chosen = person_reads.SuppressionFilter(filter.email, filter.source, filter.since, filter.before)
        rows = await person_reads.suppressions(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)

    @strawberry.field(
        metadata=cost(40_000, queries=True),
        description="The addresses that have unsubscribed as CSV: email, unsubscribed_at (UTC), source and reason. "
        f"`importSuppressions` takes it. Up to {suppression_files.MAX_EXPORT_ROWS:,} addresses; `touchline "
        "suppressions export` has no limit.",
    )
    async def suppressions_csv(self, info: Request) -> str:
        return await suppression_files.suppressions_csv(info.context.workspace_context)

    @strawberry.field(
        metadata=cost(100, queries=True),
        description="The unsubscribe record of an address, with its history, even if it was "
        "resubscribed; null if it has never unsubscribed.",
    )
    async def suppression(self, info: Request, email: Address) -> Suppression | None:
        return await info.context.loaders.suppression_of_address.load(person_reads.key_of_address(email))

    @strawberry.field(
        metadata=page_cost(),
        description="Every time that an address unsubscribed or was resubscribed, the oldest first, page by page: "
        "when, why, and by whom or by what. Empty if the address has never unsubscribed.",
    )
    async def suppression_history(
        self,
        info: Request,
        email: Address,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[SuppressionChange]:
        return await connect(
            await person_reads.suppression_history(info.context.workspace_context, email),
            PageRequest(first, after, last, before),
            info,
        )
