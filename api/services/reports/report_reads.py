"""Read reports: lines by day or by subject."""

from collections.abc import Collection
from datetime import date
from typing import Any

from api.codes.request_errors.inputs import InputCode
from api.services.common.lists.cursors import ROW_ID
from api.services.common.lists.filters import FILTER, check_ids, comparable_id
from api.services.common.lists.row_lists import PageRequest, RowList, Window
from api.services.common.request_context import WorkspaceContext
from api.store.engine.listing.listing import MAX_EXACT_COUNT, Count
from api.store.engine.listing.sort_keys import Position
from api.store.reports.measures import Scope
from api.store.reports.reading import Counts
from api.store.reports.report_lines import CountsOf, Lines, ReportFilter, report
from strategies import Refusal

__all__ = ["Counts", "CountsOf", "ReportFilter", "ReportLines", "Scope", "report_lines"]


def report_lines(context: WorkspaceContext, by: Scope | None, chosen: ReportFilter) -> "ReportLines":
    """Return the lines of a report, by day if ``by`` is None. Raises Refusal INVALID_PERIOD or NOT_FOUND."""
    if chosen.first is not None and chosen.last is not None and chosen.first > chosen.last:
        raise Refusal.of(InputCode.INVALID_PERIOD, ("to",), first=chosen.first, last=chosen.last)
    check_ids(chosen, FILTER)
    ids = {
        "campaign_id": comparable_id(chosen.campaign_id),
        "step_id": comparable_id(chosen.step_id),
        "sender_id": comparable_id(chosen.sender_id),
        "template_id": comparable_id(chosen.template_id),
    }
    return ReportLines(context, by, ReportFilter(**ids, first=chosen.first, last=chosen.last))


class ReportLines(RowList):
    """The lines of a report, read page by page. The cursor of a line is its key: a day, or an id."""

    def __init__(self, context: WorkspaceContext, by: Scope | None, chosen: ReportFilter) -> None:
        self._workspace_id = context.workspace_id
        self._by = by
        self._chosen = chosen
        self._count: Count | None = None

    def window(self, page: PageRequest) -> Window:
        """Return which lines a page has. Raises Refusal INVALID_PAGE."""
        after, before = self._position(page.after, "after"), self._position(page.before, "before")
        return Window(page.limit(), after, before, last=page.is_last)

    def _position(self, cursor: str | None, argument: str) -> Position | None:
        if cursor is None:
            return None
        try:
            if self._by is None:
                return Position(date.fromisoformat(cursor), cursor)
        except ValueError:
            pass
        else:
            if ROW_ID.fullmatch(cursor):
                return Position(None, cursor)
        raise Refusal.of(InputCode.INVALID_PAGE, (argument,), case="cursor", argument=argument)

    async def page(self, window: Window, columns: Collection[str] | None = None) -> tuple[list[Any], bool]:
        """Return the lines of a window, and whether more lie between its positions."""
        return await self._lines(Lines(window.limit, _key(window.after), _key(window.before), last=window.last))

    async def begins_before(self, position: Position) -> bool:
        """Say whether the report has a line at a position or before it."""
        return bool((await self._lines(Lines(1, before=_key(position), inclusive=True)))[0])

    async def ends_after(self, position: Position) -> bool:
        """Say whether the report has a line at a position or after it."""
        return bool((await self._lines(Lines(1, after=_key(position), inclusive=True)))[0])

    async def _lines(self, lines: Lines) -> tuple[list[CountsOf], bool]:
        return await report(self._workspace_id, self._by, self._chosen, lines)

    def cursor(self, row: Any) -> str:
        """Return the cursor of a line."""
        return str(row.key)

    async def count(self) -> Count:
        """Count the lines, exactly up to MAX_EXACT_COUNT."""
        if self._count is None:
            found, more = await self._lines(Lines(MAX_EXACT_COUNT))
            self._count = Count(len(found), exact=not more)
        return self._count


def _key(position: Position | None) -> date | str | None:
    return None if position is None else position.value or position.id
