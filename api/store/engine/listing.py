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

from api.store.engine.row_reader import columns_of, read_statement
from api.store.engine.sql import execute, in_byte_order

TEXT_COLUMNS = {"id", "email_key"}
"""Columns of ``order`` that are texts."""
MAX_EXACT_COUNT = 10_000
"""Largest exact count. Counting stops there."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition with ``{}`` for each value."""

    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows. If it is not exact, there are more rows."""

    number: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of one table in one order. ``alternatives`` exclude each other."""

    model: type[Model]
    order: tuple[str, ...] = ("id",)
    descending: bool = False
    alternatives: tuple[tuple[Condition, ...], ...] = ((),)

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
        """Return the rows whose column has one of these values. Each value is an alternative."""
        return self.either(*(Condition(f"{column} = {{}}", (value,)) for value in values))

    def either(self, *conditions: Condition) -> "Listing":
        """Return the rows that also meet one of these conditions, which exclude each other. Without any, no rows."""
        combined = tuple((*each, one) for each in self.alternatives for one in conditions)
        return replace(self, alternatives=combined)

    async def page(
        self, first: int, after: str | None, columns: Collection[str] | None = None
    ) -> tuple[list[Any], bool]:
        """Return up to ``first`` rows after the row with the id ``after``, and whether more follow. Read-only rows.

        With ``columns``, the rows have only these, their ids and what they are ordered by.
        """
        if not self.alternatives:
            return [], False
        statement = _Statement(self)
        direction = " DESC" if self.descending else ""
        order = ", ".join(f"{_sorted(column)}{direction}" for column in self.order)
        end = f" ORDER BY {order} LIMIT {first + 1}"
        read = columns_of(self.model, only=None if columns is None else frozenset({*columns, "id", *self.order}))
        parts = [f"SELECT {read} FROM {statement.table} WHERE {where}{end}" for where in statement.wheres(after)]
        merged = parts[0] if len(parts) == 1 else f"SELECT {read} FROM ({_union(parts)}) AS merged{end}"
        rows = await read_statement(self.model, merged, *statement.values)
        return rows[:first], len(rows) > first

    async def count(self) -> Count:
        """Count the rows, exactly up to MAX_EXACT_COUNT."""
        if not self.alternatives:
            return Count(0, exact=True)
        (found,) = await count_each([self])
        return found


async def count_each(listings: Sequence[Listing]) -> list[Count]:
    """Count the rows of several listings in one statement, each exactly up to MAX_EXACT_COUNT."""
    values, limit, counts = _Values(), MAX_EXACT_COUNT + 1, list[str]()
    for listing in listings:
        statement = _Statement(listing, values)
        parts = [f"SELECT 1 FROM {statement.table} WHERE {where} LIMIT {limit}" for where in statement.wheres(None)]
        rows = f"SELECT * FROM ({_union(parts)}) AS found LIMIT {limit}" if parts else "SELECT 1 WHERE false"
        counts.append(f"(SELECT count(*) FROM ({rows}) AS counted) AS count_{len(counts)}")
    if not counts:
        return []
    (row,) = await execute(f"SELECT {', '.join(counts)}", *values.all)
    numbers = [row[f"count_{index}"] for index in range(len(counts))]
    return [Count(min(number, MAX_EXACT_COUNT), exact=number <= MAX_EXACT_COUNT) for number in numbers]


class _Values:
    """The numbered values of a statement. Equal values have one number, so that few are sent."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._numbers: dict[tuple[type, str], str] = {}

    def number(self, value: Any) -> str:
        """Return the number of a value, such as ``$1``."""
        key = (type(value), str(value))
        if key not in self._numbers:
            self.all.append(value)
            self._numbers[key] = f"${len(self.all)}"
        return self._numbers[key]


class _Statement:
    """The conditions of a listing as SQL, with its numbered values."""

    def __init__(self, listing: Listing, values: _Values | None = None) -> None:
        self.table = f'"{listing.model._meta.db_table}"'
        self._listing = listing
        self._values = values or _Values()

    @property
    def values(self) -> list[Any]:
        """The values, in the order of their numbers."""
        return self._values.all

    def wheres(self, after: str | None) -> list[str]:
        """Return the condition of each alternative, for the rows after a row."""
        follows = [] if after is None else [self._follows(after)]
        return [" AND ".join([*map(self._sql, each), *follows]) or "TRUE" for each in self._listing.alternatives]

    def _sql(self, condition: Condition) -> str:
        return condition.sql.format(*map(self._values.number, condition.values))

    def _follows(self, after: str) -> str:
        """Return the condition that a row comes after the row with an id, of which only the id is known."""
        order, cursor = self._listing.order, self._values.number(after)
        values = [
            cursor if column == "id" else f"(SELECT {column} FROM {self.table} AS cursor WHERE cursor.id = {cursor})"
            for column in order
        ]
        return f"({', '.join(map(_sorted, order))}) {'<' if self._listing.descending else '>'} ({', '.join(values)})"


def _sorted(column: str) -> str:
    """Return a column of an order as SQL. Texts are in the order of bytes, as the indexes of lists have them."""
    return in_byte_order(column) if column in TEXT_COLUMNS else column


def _union(parts: list[str]) -> str:
    return " UNION ALL ".join(f"SELECT * FROM ({part}) AS part" for part in parts)
