"""The conditions of a listing as SQL, with numbered values."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tortoise.models import Model


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition with ``{}`` for each value."""

    sql: str
    values: tuple[Any, ...] = ()


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


class Statement:
    """A statement on the table of a model, or on another ``source`` of its ids."""

    def __init__(self, model: type[Model], values: Values, source: str = "") -> None:
        self.table = source or f'"{model._meta.db_table}"'
        self.values = values

    def where(self, conditions: Iterable[Condition]) -> str:
        """Return conditions that all hold, as SQL."""
        return " AND ".join(each.sql.format(*map(self.values.number, each.values)) for each in conditions) or "TRUE"


def union(parts: list[str]) -> str:
    """Return the rows of several SELECTs, each of which may have a LIMIT."""
    return " UNION ALL ".join(f"SELECT * FROM ({part}) AS part" for part in parts)
