"""Lists that are read page by page: each page and each count costs the same, however many rows the table has.

A listing has an order and one or more alternative conditions. One index has the rows of each alternative in that order,
so a page reads the first rows of each alternative and merges them:

    Listing(Send).equal(workspace_id="wsp_…").one_of("status", ["SCHEDULED", "DEFERRED"])   # two alternatives

The index (workspace_id, status, id) has the rows of each status in the order of ``id``. One statement with
``status IN (…)`` would sort all rows of both. Ids are in the order of their bytes. On PostgreSQL only the indexes for
lists have this order, so PostgreSQL does not scan the primary key of all workspaces instead.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tortoise.models import Model

from api.store.engine.database import is_postgres
from api.store.engine.listing.listing_statement import Condition, Statement, Values, union
from api.store.engine.listing.sort_keys import Position, SortKey
from api.store.engine.listing.walks import count_walked, walk
from api.store.engine.row_reader import columns_of, read_statement
from api.store.engine.sql import execute, in_byte_order, in_values

MAX_ALTERNATIVES = 400
"""The most alternatives that one statement merges: SQLite takes 500."""
MANY_ALTERNATIVES = 40
"""More alternatives than this are read by one plan on PostgreSQL, which plans each of a UNION for 0.3 ms."""
MAX_ROWS_OF_EACH = 201
"""The most rows that are read of each of many alternatives: those of the largest page, and one more."""
MAX_EXACT_COUNT = 10_000
"""Largest exact count. Counting stops there."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows a page has: the first, or the last, ``limit`` of those between two positions."""

    limit: int
    after: Position | None = None
    before: Position | None = None
    last: bool = False
    inclusive: bool = False
    """Whether the rows at the two positions count as well."""
    bounded: bool = True
    """Whether a list with conditions to check is refused if it meets them too rarely. See walks.py."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows. If it is not exact, there are more rows."""

    number: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of one table in one order: by ``key``, then by id. ``alternatives`` exclude each other.

    ``checks`` are conditions that no index has. They are checked for the rows of the alternatives, in the order of the
    list, until a page is full. See walks.py.
    """

    model: type[Model]
    key: SortKey | None = None
    descending: bool = False
    alternatives: tuple[tuple[Condition, ...], ...] = ((),)
    unordered: tuple[tuple[Condition, ...], ...] = ((),)
    """The same rows in fewer alternatives, for what needs no order."""
    checks: tuple[Condition, ...] = ()
    counted_by: tuple[str, ...] = ()
    """The order in which a count reads the rows, as SQL, so that PostgreSQL takes its index, not the table."""
    source: str = ""
    """A SELECT that has the ids of the rows, as SQL with the name of the table; otherwise the table itself.

    A page reads ids from it, in their order, and then the rows.
    """

    def where(self, sql: str, *values: Any) -> "Listing":
        """Return the rows that also meet a condition."""
        return self.either(Condition(sql, values))

    def equal(self, **columns: Any) -> "Listing":
        """Return the rows that also have these values."""
        listing = self
        for column, value in columns.items():
            listing = listing.where(f"{column} = {{}}", value)
        return listing

    def one_of(self, column: str, values: Sequence[Any]) -> "Listing":
        """Return the rows whose column has one of these texts. Each text is an alternative."""
        any_of = Condition(in_values(column, "{}"), ([str(value) for value in values],))
        return self.either(*(Condition(f"{column} = {{}}", (value,)) for value in values), unordered=[any_of])

    def either(self, *conditions: Condition, unordered: Sequence[Condition] | None = None) -> "Listing":
        """Return the rows that also meet one of these conditions, which exclude each other. Without any, no rows.

        ``unordered`` are fewer conditions for the same rows.
        """
        fewer = unordered if conditions and unordered is not None else conditions
        return replace(
            self,
            alternatives=tuple((*each, one) for each in self.alternatives for one in conditions),
            unordered=tuple((*each, one) for each in self.unordered for one in fewer),
        )

    def or_else(self, other: "Listing") -> "Listing":
        """Return the rows of both lists, which exclude each other."""
        alternatives, unordered = (*self.alternatives, *other.alternatives), (*self.unordered, *other.unordered)
        return replace(self, alternatives=alternatives, unordered=unordered)

    def only_if(self, *conditions: Condition) -> "Listing":
        """Return the rows that also meet all of these conditions, which no index has."""
        return replace(self, checks=(*self.checks, *conditions))

    def sorted_by(self, key: SortKey | None, *, descending: bool = False) -> "Listing":
        """Return the same rows in another order: by a key, or by id."""
        return replace(self, key=key, descending=descending)

    def position(self, row: Any) -> Position:
        """Return where a row of a page is in this list."""
        return Position(None, row.id) if self.key is None else self.key.position(row)

    async def page(self, window: Window, columns: Collection[str] | None = None) -> tuple[list[Any], bool]:
        """Return the rows of a window in the order of the list, and whether more rows lie between its positions.

        Rows are read-only. With ``columns``, they have only these, their ids and what they are sorted by. Raises
        Refusal TOO_MANY_TO_SORT if a bounded window has checks that are met too rarely.
        """
        if self.checks:
            ids, more = await walk(replace(self, checks=()), window, self.checks)
            page = await self._by_ids(ids[: window.limit], columns)
            return page[::-1] if window.last else page, more
        if (self.source or self._reads_each(window.limit + 1)) and self._read(columns) != self._read(()):
            positions, more = await self.page(window, ())
            return await self._by_ids([row.id for row in positions], columns), more
        rows: list[Any] = []
        if self.alternatives:
            read = columns_of(self.model, only=self._read(columns))
            groups = self._groups()
            for group in groups[::-1] if window.last else groups:
                if (limits := self._limits(window, group)) is not None:
                    rows += await self._rows(read, limits, window.limit + 1 - len(rows), backwards=window.last)
                if len(rows) > window.limit:
                    break
        page = rows[: window.limit]
        return page[::-1] if window.last else page, len(rows) > window.limit

    async def begins_before(self, position: Position) -> bool:
        """Say whether the list has a row at a position or before it."""
        return bool((await self.page(Window(1, before=position, last=True, inclusive=True), ()))[0])

    async def ends_after(self, position: Position) -> bool:
        """Say whether the list has a row at a position or after it."""
        return bool((await self.page(Window(1, after=position, inclusive=True), ()))[0])

    async def count(self) -> Count:
        """Count the rows, exactly up to MAX_EXACT_COUNT. With checks, the number may be smaller and not exact."""
        if self.checks:
            return Count(*await count_walked(replace(self, checks=()), self.checks))
        number = 0
        for part in replace(self, alternatives=self.unordered).parts():
            (found,) = await count_each([part])
            number += found.number
            if not found.exact or number > MAX_EXACT_COUNT:
                return Count(MAX_EXACT_COUNT, exact=False)
        return Count(number, exact=True)

    async def some(self, limit: int, columns: Collection[str] = ()) -> list[Any]:
        """Return rows with these columns, in any order: at least ``limit``, or all if there are fewer.

        Alternatives may overlap here.
        """
        rows: dict[str, Any] = {}
        read = columns_of(self.model, only=frozenset({*columns, "id"}))
        for part in replace(self, alternatives=self.unordered).parts():
            statement = Statement(self.model, Values(), self.source)
            selects = [
                f"SELECT {read} FROM {statement.table} WHERE {statement.where(each)} LIMIT {limit}"
                for each in part.alternatives
            ]
            rows |= {row.id: row for row in await read_statement(self.model, union(selects), *statement.values.all)}
            if len(rows) >= limit:
                break
        return list(rows.values())

    async def ids(self, limit: int) -> list[str]:
        """Return the ids of ``some`` rows."""
        return [row.id for row in await self.some(limit)]

    async def _by_ids(self, ids: list[str], columns: Collection[str] | None) -> list[Any]:
        """Return the rows with these ids, in this order."""
        read = columns_of(self.model, only=self._read(columns))
        statement = f'SELECT {read} FROM "{self.model._meta.db_table}" WHERE {in_values("id", "$1")}'
        rows = {row.id: row for row in await read_statement(self.model, statement, ids)} if ids else {}
        return [rows[row_id] for row_id in ids if row_id in rows]

    def parts(self) -> list["Listing"]:
        """Return listings of the same rows, each with as many alternatives as one statement can have."""
        starts = range(0, len(self.alternatives), MAX_ALTERNATIVES)
        return [replace(self, alternatives=self.alternatives[start : start + MAX_ALTERNATIVES]) for start in starts]

    def _reads_each(self, limit: int) -> bool:
        """Whether the positions of the first rows of each alternative are read by one plan."""
        return is_postgres() and len(self.alternatives) > MANY_ALTERNATIVES and limit <= MAX_ROWS_OF_EACH

    def _read(self, columns: Collection[str] | None) -> frozenset[str] | None:
        key = () if self.key is None else self.key.columns
        return None if columns is None else frozenset({*columns, "id", *key})

    def _groups(self) -> tuple[bool, ...]:
        """Return, for each group of rows in their order, whether its rows have no sort value."""
        return (False, True) if self.key and self.key.nullable else (False,)

    def _limits(self, window: Window, group: bool) -> list[Condition] | None:
        """Return the conditions on the rows of a group between a window's positions; None if the group has none."""
        key, found = self.key, list[Condition]()
        if key is not None and key.nullable:
            found.append(Condition(f"{key.expression or key.column} IS {'' if group else 'NOT '}NULL"))
        for position, is_after in ((window.after, True), (window.before, False)):
            if position is None:
                continue
            place = key is not None and key.nullable and position.value is None
            if place == group:
                found.append(self._beyond(position, group, is_after=is_after, inclusive=window.inclusive))
            elif place is is_after:  # an ``after`` among the rows without a value, or a ``before`` among the others
                return None
        return found

    def _beyond(self, position: Position, group: bool, *, is_after: bool, inclusive: bool) -> Condition:
        """Return the condition that a row of a group comes after a position, or before it."""
        comparison = (">" if is_after is not self.descending else "<") + ("=" if inclusive else "")
        values: tuple[Any, ...] = (position.id,) if self.key is None or group else (position.value, position.id)
        columns = self.order()[-len(values) :]
        if self.key is not None and self.key.unique:
            columns, values = columns[:1], values[:1]
        places = ", ".join(["{}"] * len(values))
        return Condition(f"({', '.join(columns)}) {comparison} ({places})", values)

    def order(self) -> list[str]:
        """Return what the rows are sorted by, as SQL."""
        id_ = in_byte_order("id")
        if self.key is None:
            return [id_]
        return [self.key.sql] if self.key.unique else [self.key.sql, id_]

    async def _rows(self, read: str, limits: list[Condition], limit: int, *, backwards: bool) -> list[Any]:
        """Return the next rows, backwards or forwards, of a group with these conditions."""
        parts = self.parts()
        if len(parts) == 1:
            return await self._merged(read, limits, limit, backwards=backwards)
        rows = [row for part in parts for row in await part._merged(read, limits, limit, backwards=backwards)]
        rows.sort(key=self._place, reverse=self.descending is not backwards)
        return rows[:limit]

    def _place(self, row: Any) -> tuple[Any, ...]:
        """Return what the rows of a group are sorted by, as Python compares it: texts by their characters."""
        value, row_id = self.position(row)
        return (row_id,) if value is None else (value, row_id)

    async def _merged(self, read: str, limits: list[Condition], limit: int, *, backwards: bool) -> list[Any]:
        direction = " DESC" if self.descending is not backwards else ""
        end = f" ORDER BY {', '.join(f'{each}{direction}' for each in self.order())} LIMIT {limit}"
        statement = Statement(self.model, Values(), self.source)
        if self._reads_each(limit):
            every = statement.each(self.alternatives, limits, read, end)
            return await read_statement(
                self.model, f"SELECT {read} FROM ({every}) AS merged{end}", *statement.values.all
            )
        parts = [
            f"SELECT {read} FROM {statement.table} WHERE {statement.where((*each, *limits))}{end}"
            for each in self.alternatives
        ]
        merged = parts[0] if len(parts) == 1 else f"SELECT {read} FROM ({union(parts)}) AS merged{end}"
        return await read_statement(self.model, merged, *statement.values.all)


async def count_each(listings: Sequence[Listing]) -> list[Count]:
    """Count the rows of several listings in one statement, each exactly up to MAX_EXACT_COUNT."""
    values, limit, counts = Values(), MAX_EXACT_COUNT + 1, list[str]()
    for listing in listings:
        statement = Statement(listing.model, values, listing.source)
        order = f" ORDER BY {', '.join(listing.counted_by)}" if listing.counted_by else ""
        parts = [
            f"SELECT 1 FROM {statement.table} WHERE {statement.where(each)}{order} LIMIT {limit}"
            for each in listing.alternatives
        ]
        rows = f"SELECT * FROM ({union(parts)}) AS found LIMIT {limit}" if parts else "SELECT 1 WHERE false"
        counts.append(f"(SELECT count(*) FROM ({rows}) AS counted) AS count_{len(counts)}")
    if not counts:
        return []
    (row,) = await execute(f"SELECT {', '.join(counts)}", *values.all)
    numbers = [row[f"count_{index}"] for index in range(len(counts))]
    return [Count(min(number, MAX_EXACT_COUNT), exact=number <= MAX_EXACT_COUNT) for number in numbers]
