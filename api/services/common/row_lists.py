"""Lists of rows that clients read page by page."""

from typing import Any

from tortoise.models import Model
from tortoise.queryset import QuerySet

from api.codes.inputs import InputCode
from api.services.common.context import WorkspaceContext
from api.store.engine import rows as stored_rows
from strategies import Refusal

MAX_PAGE_SIZE = stored_rows.MAX_PAGE_SIZE
"""The most rows of one page."""


class RowList:
    """The rows of a query, in the order in which they were created."""

    def __init__(self, query: QuerySet[Any], *, newest_first: bool = False) -> None:
        self._query = query
        self._newest_first = newest_first

    async def page(self, first: int, after: str | None = None) -> tuple[list[Any], bool]:
        """Return up to ``first`` rows after the id ``after``, and whether more follow. Raises Refusal INVALID_PAGE."""
        if not 1 <= first <= MAX_PAGE_SIZE:
            raise Refusal.of(InputCode.INVALID_PAGE, ("first",), limit=MAX_PAGE_SIZE)
        return await stored_rows.page(self._query, first, after, newest=self._newest_first)

    async def count(self) -> int:
        """Count the rows of all pages."""
        return int(await self._query.count())


def list_rows(
    model: type[Model], context: WorkspaceContext, *, newest_first: bool = False, **conditions: object
) -> RowList:
    """Return the workspace's rows that meet the conditions (keyword arguments of tortoise's ``filter``)."""
    return RowList(model.filter(workspace_id=context.workspace_id, **conditions), newest_first=newest_first)


def id_condition(row_id: str) -> str:
    """Return ``row_id`` for a comparison in SQL, or an empty text, which matches no row, if it cannot be an id."""
    return row_id if stored_rows.is_possible_id(row_id) else ""
