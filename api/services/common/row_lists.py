"""Lists of rows that clients read page by page."""

from collections.abc import Collection
from typing import Any, Protocol

from tortoise.models import Model

from api.codes.inputs import InputCode
from api.services.common.context import WorkspaceContext
from api.store.engine.listing import MAX_EXACT_COUNT, Count, Listing
from api.store.engine.rows import is_possible_id
from strategies import Refusal

__all__ = ["MAX_EXACT_COUNT", "MAX_PAGE_SIZE", "Counter", "RowList", "id_condition", "list_rows"]

MAX_PAGE_SIZE = 200
"""The most rows of one page."""


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

    async def page(
        self, first: int, after: str | None = None, columns: Collection[str] | None = None
    ) -> tuple[list[Any], bool]:
        """Return up to ``first`` rows after the id ``after``, and whether more follow. Raises Refusal INVALID_PAGE.

        With ``columns``, the rows have only these and their ids.
        """
        if not 1 <= first <= MAX_PAGE_SIZE:
            raise Refusal.of(InputCode.INVALID_PAGE, ("first",), limit=MAX_PAGE_SIZE)
        return await self._listing.page(first, after, columns)

    async def count(self) -> Count:
        """Count the rows of all pages, once for this list."""
        if self._count is None:
            self._count = await self._counter()
        return self._count


def list_rows(
    model: type[Model], context: WorkspaceContext, *, newest_first: bool = False, **columns: object
) -> RowList:
    """Return the workspace's rows whose columns have these values, in the order in which they were created."""
    return RowList(Listing(model, descending=newest_first).equal(workspace_id=context.workspace_id, **columns))


def id_condition(row_id: str) -> str:
    """Return ``row_id`` for a comparison in SQL, or an empty text, which matches no row, if it cannot be an id."""
    return row_id if is_possible_id(row_id) else ""
