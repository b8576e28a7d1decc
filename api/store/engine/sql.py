"""One SQL text for both databases: numbered values (``$1``), lists of ids, and many rows in one value."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from tortoise.connection import get_connection

from api.store.engine.database import is_postgres


def in_list(column: str, number: int) -> str:
    """Return the condition that a column is one of the texts in value ``$number``, a list."""
    return in_values(column, f"${number}")


def in_byte_order(column: str) -> str:
    """Return a column of texts in the order of their bytes, which does not depend on the database's locale."""
    return f'{column} COLLATE "C"' if is_postgres() else column


def in_values(column: str, value: str) -> str:
    """Return the condition that a column is one of the texts in a list: ``value`` is an SQL expression."""
    if is_postgres():
        return f"{column} = ANY({value}::text[])"
    return f"{column} IN (SELECT value FROM json_each({value}))"


Row = Mapping[str, Any]
LONG_PAST = datetime(1970, 1, 1, tzinfo=UTC)


class Records:
    """Many rows as the last value of a statement: tuples in the order of ``columns``, which are named with their types.

    PostgreSQL gets an array for each column; a column in which all rows agree is sent once.
    """

    def __init__(self, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        self.columns = columns
        self.rows = rows
        self.values: list[Any] = []
        self._own: list[bool] = []
        if is_postgres():
            by_column = zip(*rows, strict=True) if rows else ((),) * len(columns)
            for values in by_column:
                own = not self._own or not rows or values.count(values[0]) != len(values)
                self._own.append(own)  # the first one always is: it says how many rows there are
                self.values.append(values if own else values[0])

    def table(self, number: int) -> str:
        """Return the rows as a table named ``r``, where they are the value ``$number``."""
        if not is_postgres():
            picked = ", ".join(f"value ->> {at} AS {name}" for at, name in enumerate(self.columns))
            return f"(SELECT {picked} FROM json_each(${number})) AS r"
        own, arrays, shared = [], [], []
        for at, ((name, kind), differs) in enumerate(zip(self.columns.items(), self._own, strict=True), number):
            if differs:
                own.append(name)
                arrays.append(f"${at}::{kind}[]")
            else:
                shared.append(f", ${at}::{kind} AS {name}")
        return f"(SELECT u.*{''.join(shared)} FROM unnest({', '.join(arrays)}) AS u({', '.join(own)})) AS r"


async def execute(statement: str, *values: Any) -> Sequence[Row]:
    """Execute a statement, in the current transaction if there is one. Returns its rows as the driver returns them."""
    postgres, connection = is_postgres(), get_connection("default")
    given = [each for value in values for each in _values(value, postgres)]
    if not postgres:
        return await connection.execute_query_dict(statement.replace("$", "?"), given)
    # Tortoise answers an UPDATE with a number, unless it does not see that it is one; and a dict for each row, which
    # it would make otherwise, costs as much as fetching it.
    _, rows = await connection.execute_query(f"/* rows */ {statement}", given)
    return rows


def instant(value: Any) -> datetime:
    """Return a stored instant, UTC."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


def instant_or_past(value: Any) -> datetime:
    """Return a stored instant, UTC. One that cannot be read is long past: its row is looked at, and then found."""
    try:
        return instant(value)
    except (ValueError, OverflowError, TypeError):
        return LONG_PAST


def document(value: Any) -> Any:
    """Return a stored JSON document."""
    return json.loads(value) if isinstance(value, str) else value


def _values(value: Any, postgres: bool) -> Iterable[Any]:
    """Return a value as the driver takes it; on PostgreSQL, records are a value for each column."""
    if not isinstance(value, Records):
        return (_value(value, postgres),)
    if not postgres:
        return (json.dumps([[_value(each, postgres) for each in row] for row in value.rows]),)
    return value.values


def _value(value: Any, postgres: bool) -> Any:
    if isinstance(value, datetime):
        return value if postgres else str(value.astimezone(UTC))
    if isinstance(value, date):
        return value if postgres else value.isoformat()
    if isinstance(value, list) and not postgres:
        return json.dumps(value)
    return value
