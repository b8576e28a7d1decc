"""Connections: pages of a list, with a cap, behind a cursor."""

import re
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from tortoise.queryset import QuerySet

from api.graphql.limits.cost import cost
from api.store.engine.rows import MAX_PAGE_SIZE, page
from strategies import Refusal

Node = TypeVar("Node")
CURSOR = re.compile(r"[a-z]{3}_[0-9a-z]{26}")

First = Annotated[int, strawberry.argument(description=f"How many at most: 1 to {MAX_PAGE_SIZE}.")]
After = Annotated[
    str | None,
    strawberry.argument(
        description=("The cursor behind which the page begins. It belongs to the list, with its filters, that gave it.")
    ),
]


@strawberry.type(description="Where a page ends, and whether more follow.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(description="Whether more follow behind this page.")
    end_cursor: str | None = strawberry.field(description="Give it as `after` to get the next page.")


@strawberry.type(description="One item of a page, with its cursor.")
class Edge(Generic[Node]):
    """Relay's edge."""

    node: Node = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="Give it as `after` to begin behind this item.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[Node]):
    """Relay's connection."""

    edges: list[Edge[Node]] = strawberry.field(
        metadata=cost(sized_by_parent=True), description="The items with their cursors."
    )
    nodes: list[Node] = strawberry.field(metadata=cost(sized_by_parent=True), description="The items alone.")
    page_info: PageInfo = strawberry.field(description="Where the page ends.")
    query: strawberry.Private[Any]

    @strawberry.field(metadata=cost(2_000, queries=True), description="How many there are in all pages.")
    async def total_count(self) -> int:
        """Count only when asked."""
        return int(await self.query.count())


async def connect(query: QuerySet[Any], first: int, after: str | None, *, newest: bool = False) -> Any:
    """Return one page of a query as a connection. Raises Refusal INVALID_PAGE."""
    if not 1 <= first <= MAX_PAGE_SIZE:
        raise Refusal("INVALID_PAGE", f"`first` goes from 1 to {MAX_PAGE_SIZE}.", ("first",))
    if after is not None and not CURSOR.fullmatch(after):
        raise Refusal("INVALID_PAGE", "`after` is a cursor that an earlier page gave.", ("after",))
    rows, more = await page(query, first, after, newest=newest)
    return Connection(
        edges=[Edge(node=row, cursor=row.id) for row in rows],
        nodes=rows,
        page_info=PageInfo(has_next_page=more, end_cursor=rows[-1].id if rows else None),
        query=query,
    )
