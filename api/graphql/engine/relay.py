"""Connections: pages of a list. Their size is limited, and they begin after a cursor."""

import re
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from api.codes.inputs import InputCode
from api.graphql.engine.context import Request
from api.graphql.engine.page_columns import page_columns
from api.graphql.limits.cost import cost
from api.services.common.row_lists import MAX_EXACT_COUNT, MAX_PAGE_SIZE, RowList
from strategies import Refusal

Node = TypeVar("Node")
TOTAL_COUNT = (
    f"Number of items in all pages together. Exact up to {MAX_EXACT_COUNT:,}, and for emails always. A longer list has"
    f" more items than this number, which is then {MAX_EXACT_COUNT:,}; see `totalCountIsExact`."
)
CURSOR = re.compile(r"[a-z]{3}_[0-9a-z]{26}")

First = Annotated[int, strawberry.argument(description=f"Largest number of items to return, 1 to {MAX_PAGE_SIZE}.")]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Return items after this cursor: `pageInfo.endCursor` of the previous page of the same query."
    ),
]


@strawberry.type(description="Where a page begins and ends, and whether more follow.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(description="Whether more items follow after this page.")
    has_previous_page: bool = strawberry.field(
        description="Whether items precede this page: true if the page begins after a cursor."
    )
    start_cursor: str | None = strawberry.field(description="Cursor of the first item; null on an empty page.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last item; null on an empty page. Pass it as `after` to get the next page."
    )


@strawberry.type(description="One item of a page, with its cursor.")
class Edge(Generic[Node]):
    """Relay's edge."""

    node: Node = strawberry.field(description="The object itself.")
    cursor: str = strawberry.field(
        description="Position of the item in the list. Pass it as `after` to get the items that follow."
    )


@strawberry.type(description="One page of a list.")
class Connection(Generic[Node]):
    """Relay's connection."""

    edges: list[Edge[Node]] = strawberry.field(
        metadata=cost(sized_by_parent=True), description="The items of the page, each with its cursor."
    )
    nodes: list[Node] = strawberry.field(
        metadata=cost(sized_by_parent=True), description="The items of the page, without cursors."
    )
    page_info: PageInfo = strawberry.field(description="Whether more items follow, and where the page ends.")
    rows: strawberry.Private[RowList]

    @strawberry.field(metadata=cost(2_000, queries=True), description=TOTAL_COUNT)
    async def total_count(self) -> int:
        return (await self.rows.count()).number

    @strawberry.field(
        metadata=cost(2_000, queries=True), description="Whether the list has exactly `totalCount` items, not more."
    )
    async def total_count_is_exact(self) -> bool:
        return (await self.rows.count()).exact


async def connect(rows: RowList, first: int, after: str | None, info: Request) -> Any:
    """Return one page of a list as a connection, with the selected columns. Raises Refusal INVALID_PAGE."""
    if after is not None and not CURSOR.fullmatch(after):
        raise Refusal.of(InputCode.INVALID_PAGE, ("after",), case="cursor")
    page, more = await rows.page(first, after, page_columns(info))
    return Connection(
        edges=[Edge(node=row, cursor=row.id) for row in page],
        nodes=page,
        page_info=PageInfo(
            has_next_page=more,
            has_previous_page=after is not None,
            start_cursor=page[0].id if page else None,
            end_cursor=page[-1].id if page else None,
        ),
        rows=rows,
    )


def page_cost() -> dict[str, Any]:
    """Return what a field that answers one page of a list costs."""
    return cost(200, sized_by=("first",), size_most=MAX_PAGE_SIZE, queries=True)
