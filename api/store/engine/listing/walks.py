"""Pages and counts of lists with conditions that no index has: their rows are read in the order of the list.

A page reads rows until it has met enough of them, and up to MAX_WALKED. So it costs little if many rows meet the
condition. If too few rows meet it, the list is refused instead of read as a whole.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from api.codes.request_errors.inputs import InputCode
from api.store.engine.listing.listing_statement import Condition, Statement, Values, union
from api.store.engine.sql import execute, in_values
from strategies import Refusal

if TYPE_CHECKING:
    from api.store.engine.listing.listing import Listing, Window

MAX_WALKED = 10_000
"""The most rows that one page or one count reads, unless it may read all."""
MAX_LOOKED_UP = 2_000
"""The most rows for each of which a count reads another row, if the list has more than MAX_EXACT_COUNT rows: then the
number is not exact anyway."""
CHUNKS = (200, 1_000, 5_000)
"""How many rows are read at once: the first time, the second, and later."""


async def walk(listing: "Listing", window: "Window", checks: Sequence[Condition]) -> tuple[list[str], bool]:
    """Return the ids of at least the rows of a window that meet the conditions, in its direction.

    Also says whether there are more than its limit. ``listing`` has no checks of its own. Raises Refusal
    TOO_MANY_TO_SORT if the window is bounded.
    """
    met: list[str] = []
    walked, part, sizes = 0, window, chain(CHUNKS, repeat(CHUNKS[-1]))
    while True:
        size = next(sizes)
        if window.bounded:
            size = min(size, MAX_WALKED - walked)
        rows, more = await listing.page(replace(part, limit=size), ())
        walked += len(rows)
        passed = await _passed(listing, [row.id for row in rows], checks)
        met += [row.id for row in (rows[::-1] if window.last else rows) if row.id in passed]
        if not more or len(met) > window.limit:
            return met, len(met) > window.limit
        if window.bounded and walked >= MAX_WALKED:
            if len(met) == window.limit:
                return met, True  # it is not known whether one more row meets the conditions
            raise Refusal.of(InputCode.TOO_MANY_TO_SORT, ("filter",), case="rare", limit=MAX_WALKED)
        if window.last:
            part = replace(part, before=listing.position(rows[0]), inclusive=False)
        else:
            part = replace(part, after=listing.position(rows[-1]), inclusive=False)


async def count_walked(listing: "Listing", checks: Sequence[Condition]) -> tuple[int, bool]:
    """Return how many of the first MAX_WALKED rows meet the conditions, and whether these are all rows.

    Of a list that is too long for an exact number, only MAX_LOOKED_UP rows are read if a condition looks up others.
    """
    met, walked, most = 0, 0, MAX_WALKED
    if any(check.looks_up for check in checks) and not (await listing.count()).exact:
        most = min(MAX_LOOKED_UP, MAX_WALKED)
    for part in listing.parts():
        statement = Statement(listing.model, Values())
        limit = most + 1 - walked
        meets, order = statement.where(checks), ", ".join(part.counted_by or part.order())
        each = [
            f"SELECT CASE WHEN {meets} THEN 1 ELSE 0 END AS met FROM {statement.table}"
            f" WHERE {statement.where(conditions)} ORDER BY {order} LIMIT {limit}"
            for conditions in part.alternatives
        ]
        (row,) = await execute(
            "SELECT count(*) AS walked, coalesce(sum(met), 0) AS met"
            f" FROM (SELECT * FROM ({union(each)}) AS every LIMIT {limit}) AS found",
            *statement.values.all,
        )
        met, walked = met + row["met"], walked + row["walked"]
        if walked > most:
            return min(met, most), False
    return met, True


async def _passed(listing: "Listing", ids: Collection[str], checks: Sequence[Condition]) -> set[Any]:
    """Return those of these rows that meet the conditions.

    The CASE keeps PostgreSQL from finding them by an index of a condition, which has rows of all workspaces.
    """
    if not ids:
        return set()
    statement = Statement(listing.model, Values())
    by_id = statement.where([Condition(in_values("id", "{}"), (list(ids),))])
    conditions = f"{by_id} AND CASE WHEN {statement.where(checks)} THEN 1 END = 1"
    rows = await execute(f"SELECT id FROM {statement.table} WHERE {conditions}", *statement.values.all)
    return {row["id"] for row in rows}
