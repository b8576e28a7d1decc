"""One SQL text for both databases: numbered values (``$1``), lists of ids, and many rows in one value."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tortoise.connection import get_connection

from api.store.database import is_postgres


def among(column: str, number: int) -> str:
    """Return the condition that a column is one of the texts in value ``$number``, a list."""
    if is_postgres():
        return f"{column} = ANY(${number}::text[])"
    return f"{column} IN (SELECT value FROM json_each(${number}))"


Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Records:
    """Many rows as one value of a statement: tuples in the order of ``columns``, which are named with their types."""

    columns: Mapping[str, str]
    rows: Sequence[Sequence[Any]]


def recordset(number: int, columns: Mapping[str, str]) -> str:
    """Return the rows in value ``$number``, Records, as a table named ``r``. It is the last of a statement's values."""
    if is_postgres():
        arrays = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(columns.values(), number))
        return f"unnest({arrays}) AS r({', '.join(columns)})"
    picked = ", ".join(f"value ->> {at} AS {name}" for at, name in enumerate(columns))
    return f"(SELECT {picked} FROM json_each(${number})) AS r"


async def run(statement: str, *values: Any) -> Sequence[Row]:
    """Run a statement in the transaction at hand, if there is one. Returns its rows, as the driver gives them."""
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


def document(value: Any) -> Any:
    """Return a stored JSON document."""
    return json.loads(value) if isinstance(value, str) else value


def _values(value: Any, postgres: bool) -> Iterable[Any]:
    """Return a value as the driver takes it; on PostgreSQL, records are an array for each column."""
    if not isinstance(value, Records):
        return (_value(value, postgres),)
    if not postgres:
        return (json.dumps([[_value(each, postgres) for each in row] for row in value.rows]),)
    return zip(*value.rows, strict=True) if value.rows else [()] * len(value.columns)


def _value(value: Any, postgres: bool) -> Any:
    if isinstance(value, datetime):
        return value if postgres else str(value.astimezone(UTC))
    if isinstance(value, date):
        return value if postgres else value.isoformat()
    if isinstance(value, list) and not postgres:
        return json.dumps(value)
    return value
