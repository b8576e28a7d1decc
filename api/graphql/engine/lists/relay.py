"""Connections: pages of a list, read forward or backward."""

from typing import Annotated, Any, Generic, TypeVar

import strawberry

from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.page_columns import page_columns
from api.graphql.limits.cost import cost
from api.services.common.lists.row_lists import (
    DEFAULT_PAGE_SIZE,
    MAX_EXACT_COUNT,
    MAX_PAGE_SIZE,
    PageRequest,
    RowList,
    Window,
)

__all__ = [
    "After",
    "Before",
    "Connection",
    "First",
    "Last",
    "PageRequest",
    "connect",
    "page_cost",
]

Node = TypeVar("Node")
TOTAL_COUNT = (
    f"Number of items in all pages together. Exact up to {MAX_EXACT_COUNT:,}, and for folders of emails always. A "
    f"longer list has more items than this number; see `totalCountIsExact`."
)

First = Annotated[
    int | None,
    strawberry.argument(
        description=f"Return the first items, up to this number, 1 to {MAX_PAGE_SIZE}. Without `first` and `last`, a "
        f"page has {DEFAULT_PAGE_SIZE} items: those before `before` if it is given alone, and else the first."
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Return items after this cursor: `pageInfo.endCursor` of another page of the same list in the same "
        "order."
    ),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description=f"Return the last items, up to this number, 1 to {MAX_PAGE_SIZE}, in the order of the list. Not "
        "together with `first`."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(
        description="Return items before this cursor: `pageInfo.startCursor` of another page of the same list in the "
        "same order."
    ),
]


@strawberry.type(description="Where a page begins and ends, and whether the list continues there.")
class PageInfo:
    """Relay's page info."""

    start_cursor: str | None = strawberry.field(
        description="Cursor of the first item; null on an empty page. Pass it as `before` to get the previous page."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last item; null on an empty page. Pass it as `after` to get the next page."
    )
    rows: strawberry.Private[RowList]
    window: strawberry.Private[Window]
    continues: strawberry.Private[bool]

    @strawberry.field(
        metadata=cost(60), description="Whether items follow after this page, also beyond a cursor in `before`."
    )
    async def has_next_page(self) -> bool:
        if not self.window.last and self.continues:
            return True
        return self.window.before is not None and await self.rows.ends_after(self.window.before)

    @strawberry.field(
        metadata=cost(60), description="Whether items precede this page, also beyond a cursor in `after`."
    )
    async def has_previous_page(self) -> bool:
        if self.window.last and self.continues:
            return True
        return self.window.after is not None and await self.rows.begins_before(self.window.after)


@strawberry.type(description="One item of a page, with its cursor.")
class Edge(Generic[Node]):
    """Relay's edge."""

    node: Node = strawberry.field(description="The object itself.")
    cursor: str = strawberry.field(
        description="Position of the item in the list, for `after` and `before`. It stays valid when the item "
        "changes or is deleted."
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
    page_info: PageInfo = strawberry.field(
        description="Where the page begins and ends, and whether the list continues there."
    )
    rows: strawberry.Private[RowList]

    @strawberry.field(metadata=cost(2_000, queries=True), description=TOTAL_COUNT)
    async def total_count(self) -> int:
        return (await self.rows.count()).number

    @strawberry.field(
        metadata=cost(2_000, queries=True), description="Whether the list has exactly `totalCount` items, not more."
    )
    async def total_count_is_exact(self) -> bool:
        return (await self.rows.count()).exact


async def connect(rows: RowList, page: PageRequest, info: Request) -> Any:
    """Return one page of a list as a connection, with the selected columns. Raises Refusal INVALID_PAGE."""
    rows.bounded = not info.context.reads_all_pages
    window = rows.window(page)
    found, continues = await rows.page(window, page_columns(info))
    edges = [Edge(node=row, cursor=rows.cursor(row)) for row in found]
    return Connection(
        edges=edges,
        nodes=found,
        page_info=PageInfo(
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
            rows=rows,
            window=window,
            continues=continues,
        ),
        rows=rows,
    )


def page_cost() -> dict[str, Any]:
    """Return what a field that answers one page of a list costs."""
    return cost(200, page_size=DEFAULT_PAGE_SIZE, size_most=MAX_PAGE_SIZE, queries=True)
