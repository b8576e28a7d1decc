"""The conditions of a listing as SQL, with numbered values."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tortoise.models import Model


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition with ``{}`` for each value."""

    sql: str
    values: tuple[Any, ...] = ()
    looks_up: bool = False
    """Whether it reads another row for each row."""


class Values:
    """The numbered values of a statement. Equal values share a number, so that each is sent once."""

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


TYPES = ((bool, "boolean"), (str, "text"), (int, "bigint"), (datetime, "timestamptz"), (date, "date"))
"""PostgreSQL's types of the values of conditions. A datetime is a date as well."""


class Statement:
    """A statement on the table of a model, or on another ``source`` of its ids."""

    def __init__(self, model: type[Model], values: Values, source: str = "") -> None:
        self.table = source or f'"{model._meta.db_table}"'
        self.values = values

    def where(self, conditions: Iterable[Condition]) -> str:
        """Return conditions that all hold, as SQL."""
        return " AND ".join(each.sql.format(*map(self.values.number, each.values)) for each in conditions) or "TRUE"

    def each(
        self, alternatives: Sequence[Sequence[Condition]], limits: Sequence[Condition], read: str, end: str
    ) -> str:
        """Return the first rows of each alternative, on PostgreSQL.

        ``read`` are the columns, and ``end`` is the order and the LIMIT. PostgreSQL plans alternatives once if they
        differ only in values.
        """
        alike = defaultdict[tuple[str, ...], list[list[Any]]](list)
        for conditions in alternatives:
            alike[tuple(one.sql for one in conditions)].append([value for one in conditions for value in one.values])
        parts = []
        for texts, rows in alike.items():
            names, table = self._values_table(rows)
            chosen = " AND ".join(texts).format(*names) or "TRUE"
            first = f"SELECT {read} FROM {self.table} WHERE {chosen} AND {self.where(limits)}{end}"
            parts.append(f"SELECT rows.* FROM {table}, LATERAL ({first}) AS rows" if table else first)
        return union(parts)

    def _values_table(self, rows: Sequence[Sequence[Any]]) -> tuple[list[str], str]:
        """Return each value of alternatives as SQL, and the table of the values in which they differ, if any do."""
        names, columns = list[str](), list[list[str]]()
        for values in zip(*rows, strict=True):
            if all(value == values[0] for value in values):
                names.append(self.values.number(values[0]))
                continue
            (type_, *_) = [name for kind, name in TYPES if isinstance(values[0], kind)]
            names.append(f"given.value_{len(columns)}")
            columns.append([f"{self.values.number(value)}::{type_}" for value in values])
        if not columns:
            return names, ""
        listed = ", ".join(f"({', '.join(row)})" for row in zip(*columns, strict=True))
        return names, f"(VALUES {listed}) AS given({', '.join(name.split('.')[1] for name in names if '.' in name)})"


def union(parts: list[str]) -> str:
    """Return the rows of several SELECTs, each of which may have a LIMIT."""
    return " UNION ALL ".join(f"SELECT * FROM ({part}) AS part" for part in parts)
