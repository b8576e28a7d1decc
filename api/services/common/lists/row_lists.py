"""Lists of rows that clients read page by page."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from tortoise.models import Model

from api.codes.request_errors.inputs import InputCode
from api.services.common.lists.cursors import cursor_of, position_at
from api.services.common.request_context import WorkspaceContext
from api.store.engine.listing.listing import MAX_EXACT_COUNT, Count, Listing, Window
from api.store.engine.listing.sort_keys import Position
from api.store.engine.rows import can_be_id_of
from strategies import Refusal

__all__ = [
    "DEFAULT_PAGE_SIZE",
    "MAX_EXACT_COUNT",
    "MAX_PAGE_SIZE",
    "Counter",
    "PageRequest",
    "RowList",
    "Window",
    "list_rows",
]

MAX_PAGE_SIZE = 200
"""The most rows of one page."""
IDS_PER_STATEMENT = 5_000
"""Ids that one statement reads, so that the event loop answers others in between."""
DEFAULT_PAGE_SIZE = 50
"""The most rows of a page without a given size."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that a client asks for: the first or the last rows, after and before cursors."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def is_last(self) -> bool:
        """Whether the last rows are wanted: also if only ``before`` is given."""
        return self.last is not None or (self.first is None and self.after is None and self.before is not None)

    def limit(self) -> int:
        """Return the most rows of the page. Raises Refusal INVALID_PAGE."""
        if self.first is not None and self.last is not None:
            raise Refusal.of(InputCode.INVALID_PAGE, ("last",), case="both")
        size = self.last if self.is_last else self.first
        limit = DEFAULT_PAGE_SIZE if size is None else size
        if not 1 <= limit <= MAX_PAGE_SIZE:
            name = "last" if self.is_last else "first"
            raise Refusal.of(InputCode.INVALID_PAGE, (name,), argument=name, limit=MAX_PAGE_SIZE)
        return limit


class Counter(Protocol):
    """Counts the rows of a list in another way than by reading them."""

    async def __call__(self) -> Count:
        """Return the number of rows."""


class RowList:
    """The rows of a listing, in its order. A ``counter`` must count the same rows as the listing."""

    def __init__(self, listing: Listing, counter: Counter | None = None) -> None:
        self._listing = listing
        self._counter = counter or listing.count
        self._count: Count | None = None
        self.bounded = True
        """Whether a page is refused if too few rows meet the filter.

        Exports set it to False, because they read all rows.
        """

    def window(self, page: PageRequest) -> Window:
        """Return which rows a page has. Raises Refusal INVALID_PAGE."""
        key = self._listing.key
        after, before = position_at(key, page.after, "after"), position_at(key, page.before, "before")
        for position, argument in ((after, "after"), (before, "before")):
            if position is not None and not can_be_id_of(self._listing.model, position.id):
                raise Refusal.of(InputCode.INVALID_PAGE, (argument,), case="cursor", argument=argument)
        return Window(page.limit(), after, before, last=page.is_last, bounded=self.bounded)

    async def page(self, window: Window, columns: Collection[str] | None = None) -> tuple[list[Any], bool]:
        """Return the rows of a window, and whether more rows lie between its positions.

        With ``columns``, the rows have only these and their ids.
        """
        return await self._listing.page(window, columns)

    async def begins_before(self, position: Position) -> bool:
        """Say whether the list has a row at a position or before it."""
        return await self._listing.begins_before(position)

    async def ends_after(self, position: Position) -> bool:
        """Say whether the list has a row at a position or after it."""
        return await self._listing.ends_after(position)

    def cursor(self, row: Any) -> str:
        """Return the cursor of a row of a page."""
        return cursor_of(self._listing.key, self._listing.position(row))

    async def ids(self, limit: int) -> list[str]:
        """Return the ids of up to ``limit`` rows, in the order of the list. A row that moves meanwhile counts once."""
        found: dict[str, None] = {}
        after: Position | None = None
        more = True
        while more and len(found) < limit:
            window = Window(min(IDS_PER_STATEMENT, limit - len(found)), after, bounded=False)
            rows, more = await self._listing.page(window, ())
            found |= dict.fromkeys(row.id for row in rows)
            after = self._listing.position(rows[-1]) if rows else None
        return list(found)

    async def count(self) -> Count:
        """Count the rows of all pages. The number is kept for later calls."""
        if self._count is None:
            self._count = await self._counter()
        return self._count


def list_rows(
    model: type[Model], context: WorkspaceContext, *, newest_first: bool = False, **columns: object
) -> RowList:
    """Return the workspace's rows whose columns have these values, in the order in which they were created."""
    return RowList(Listing(model, descending=newest_first).equal(workspace_id=context.workspace_id, **columns))
