"""SQL for both databases: numbered parameters (``$1``), lists of ids, and many rows in one parameter."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, cast

from tortoise.connection import get_connection

from api.store.engine.database import is_postgres


def in_list(column: str, number: int) -> str:
    """Return the condition that a column is one of the texts in parameter ``$number``, a list."""
    return in_values(column, f"${number}")


class Texts(list[str]):
    """A long list of texts as a parameter, for ``in_texts``. A statement takes a fifth of the time of a plain list."""


def in_texts(column: str, number: int) -> str:
    """Return the condition that a column is one of the texts in parameter ``$number``, which is ``Texts``."""
    return in_values(column, f"${number}::text" if is_postgres() else f"${number}")


def of_workspace(number: int, column: str = "workspace_id") -> str:
    """Return the condition that a row, which is found by its id, belongs to the workspace in parameter ``$number``.

    The CASE keeps PostgreSQL from finding it by an index of the workspace. Without statistics of a workspace, as after
    a large import, PostgreSQL believes that it is empty, and would read all of it.
    """
    return f"CASE WHEN {column} = ${number} THEN 1 END = 1"


def in_byte_order(column: str) -> str:
    """Return a text column for ORDER BY, in the order of bytes, which does not depend on the database's locale."""
    return f'{column} COLLATE "C"' if is_postgres() else column


def without_case(column: str) -> str:
    """Return a text column for ORDER BY with the letters of ASCII in lower case, in the order of bytes."""
    return f'lower({column} COLLATE "C")' if is_postgres() else f"lower({column})"


def in_values(column: str, value: str) -> str:
    """Return the condition that a column is one of the texts in a list. ``value`` is an SQL expression."""
    if is_postgres():
        return f"{column} = ANY({value}::text[])"
    return f"{column} IN (SELECT value FROM json_each({value}))"


def is_found(rows: str) -> str:
    """Return the condition that one of some rows exists. ``rows`` is SQL from the name of their table.

    Unlike EXISTS, it keeps PostgreSQL from reading all such rows of a table for a few rows of another.
    """
    return f"(SELECT 1 FROM {rows} LIMIT 1) IS NOT NULL"


def numbered(value: str) -> str:
    """Return an SQL table with the texts of a list, and their numbers from 1. ``value`` is an SQL expression.

    For many texts it costs a tenth of ``Records``, which makes a row of each.
    """
    if is_postgres():
        return f"unnest({value}::text[]) WITH ORDINALITY AS given(value, number)"
    return f"(SELECT value, key + 1 AS number FROM json_each({value})) AS given"


Row = Mapping[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Records:
    """Many rows as the last parameter of a statement.

    ``columns`` has SQL types by column name, and ``rows`` are tuples in the order of ``columns``. PostgreSQL gets an
    array for each column, one of texts as a literal. A value that is the same in all rows is sent once.
    """

    def __init__(self, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        self.columns = columns
        self.rows = rows
        self.values: list[Any] = []
        self._differs: list[bool] = []
        """For each column, whether it is sent as an array."""
        if is_postgres():
            by_column = zip(*rows, strict=True) if rows else ((),) * len(columns)
            for type_, values in zip(columns.values(), by_column, strict=True):
                # The first column is always an array, because its length is the number of rows.
                differs = not self._differs or not rows or values.count(values[0]) != len(values)
                self._differs.append(differs)
                if not differs:
                    self.values.append(values[0])
                else:
                    self.values.append(text_array(values) if type_ == "text" else values)

    def table(self, number: int, *, fenced: bool = False) -> str:
        """Return an SQL table named ``r`` with the rows. ``number`` is the number of their first parameter.

        ``fenced`` keeps PostgreSQL from using a value that is equal in all rows as a condition on the joined table. It
        expects one row to meet such a condition, and then compares each of these rows with each row that meets it.
        """
        if not is_postgres():
            selected = ", ".join(f"value ->> {index} AS {name}" for index, name in enumerate(self.columns))
            return f"(SELECT {selected} FROM json_each(${number})) AS r"
        names, arrays, shared = [], [], []
        columns = zip(self.columns.items(), self._differs, strict=True)
        for parameter, ((name, type_), differs) in enumerate(columns, number):
            if differs:
                names.append(name)
                literal = "::text" if type_ == "text" else ""
                arrays.append(f"${parameter}{literal}::{type_}[]")
            else:
                shared.append(f", ${parameter}::{type_} AS {name}")
        fence = " OFFSET 0" if fenced else ""
        return f"(SELECT u.*{''.join(shared)} FROM unnest({', '.join(arrays)}) AS u({', '.join(names)}){fence}) AS r"


def text_array(values: Sequence[str | None]) -> str:
    """Return PostgreSQL's literal of an array of texts.

    For a list, asyncpg asks of each element whether it is a list too, which takes 1 µs. A literal takes a fifth of it.
    """
    if None not in values:
        joined = '","'.join(cast("Sequence[str]", values))
        if values and "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return f'{{"{joined}"}}'
    return f"{{{','.join(map(_array_element, values))}}}"


def _array_element(value: str | None) -> str:
    if value is None:
        return "NULL"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


async def execute(statement: str, *values: Any) -> Sequence[Row]:
    """Execute a statement, in the current transaction if there is one. Returns its rows as the driver returns them."""
    postgres, connection = is_postgres(), get_connection("default")
    parameters = [parameter for value in values for parameter in _parameters(value, postgres)]
    if not postgres:
        return await connection.execute_query_dict(statement.replace("$", "?"), parameters)
    # For a statement that starts with UPDATE, tortoise returns a number, so a comment precedes it. execute_query_dict
    # is not used, because a dict for each row costs as much as fetching the row.
    _, rows = await connection.execute_query(f"/* rows */ {statement}", parameters)
    return rows


_PLAN_MODE = "SELECT set_config('plan_cache_mode', $1, true)"


async def execute_planned_now(statement: str, *values: Any) -> Sequence[Row]:
    """Execute a statement in a transaction. PostgreSQL plans it for the sizes that its tables have now.

    PostgreSQL keeps the plans of prepared statements. A plan from the time when a table was empty reads all of it
    later. The setting does not stay for the transaction: the check of a foreign key would be planned for each row.
    """
    if not is_postgres():
        return await execute(statement, *values)
    await execute(_PLAN_MODE, "force_custom_plan")
    rows = await execute(statement, *values)
    await execute(_PLAN_MODE, "auto")
    return rows


def instant(value: Any) -> datetime:
    """Return a stored time as a datetime in UTC."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


def instant_or_past(value: Any) -> datetime:
    """Return a stored time in UTC; EPOCH if it is invalid, so that its row counts as due and the error is found."""
    try:
        return instant(value)
    except (ValueError, OverflowError, TypeError):
        return EPOCH


def document(value: Any) -> Any:
    """Return a stored JSON document."""
    if value == "{}":  # the usual one, which takes a microsecond to parse
        return {}
    return json.loads(value) if isinstance(value, str) else value


def _parameters(value: Any, postgres: bool) -> Iterable[Any]:
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
    if isinstance(value, Texts):
        return text_array(value)
    return value
