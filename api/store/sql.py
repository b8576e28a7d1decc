"""One SQL text for both databases: numbered values (``$1``), lists of ids, and many rows in one value."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from tortoise.connection import get_connection

from api.store.database import is_postgres


def among(column: str, number: int) -> str:
    """Return the condition that a column is one of the texts in value ``$number``, a list."""
    if is_postgres():
        return f"{column} = ANY(${number}::text[])"
    return f"{column} IN (SELECT value FROM json_each(${number}))"


def recordset(number: int, columns: Mapping[str, str]) -> str:
    """Return the rows in value ``$number``, a list of dicts, as a table named ``r``; ``columns`` by PostgreSQL type."""
    if is_postgres():
        typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return f"jsonb_to_recordset(${number}::jsonb) AS r({typed})"
    picked = ", ".join(f"value ->> '{name}' AS {name}" for name in columns)
    return f"(SELECT {picked} FROM json_each(${number})) AS r"


async def run(statement: str, *values: Any) -> list[dict[str, Any]]:
    """Run a statement in the transaction at hand, if there is one. Returns its rows, as the driver gives them."""
    postgres = is_postgres()
    if not postgres:
        statement = statement.replace("$", "?")
    rows: Sequence[dict[str, Any]] = await get_connection("default").execute_query_dict(
        statement, [_value(value, postgres) for value in values]
    )
    return list(rows)


def instant(value: Any) -> datetime:
    """Return a stored instant, UTC."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


def document(value: Any) -> Any:
    """Return a stored JSON document."""
    return json.loads(value) if isinstance(value, str) else value


def _value(value: Any, postgres: bool) -> Any:
    if isinstance(value, datetime):
        return value if postgres else str(value.astimezone(UTC))
    if isinstance(value, date):
        return value if postgres else value.isoformat()
    if isinstance(value, list) and not (postgres and all(isinstance(item, str) for item in value)):
        return json.dumps(value, default=str)
    return value
