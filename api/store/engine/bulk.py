"""Insert many rows that differ in few columns. Values that all rows share are sent once."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tortoise.fields import JSONField
from tortoise.models import Model

from api.store.engine.sql import Records, execute

ALL_TEXT: Mapping[str, str] = {}


def shared(row: Model, own: Collection[str]) -> dict[str, Any]:
    """Return the columns of a row that all rows share, for ``insert``: all except the columns in ``own``."""
    columns = {}
    for name, column in row._meta.fields_db_projection.items():
        if column not in own:
            value = getattr(row, name)
            columns[column] = json.dumps(value) if isinstance(row._meta.fields_map[name], JSONField) else value
    return columns


async def insert(
    table: str,
    columns: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    types: Mapping[str, str] = ALL_TEXT,
    *,
    skip_duplicates: bool = False,
) -> set[str]:
    """Insert rows. Returns the ids of the inserted rows.

    ``columns`` has the values that all rows share. Each of ``rows`` has its own columns, including ``id``. ``types``
    are the SQL types of those that are not text.
    ``skip_duplicates`` skips rows that violate a unique index.
    """
    if not rows:
        return set()
    records = Records({name: types.get(name, "text") for name in rows[0]}, [tuple(row.values()) for row in rows])
    names = ", ".join([*columns, *records.columns])
    numbers = range(1, len(columns) + 1)
    values = ", ".join([*(f"${number}" for number in numbers), *(f"r.{name}" for name in records.columns)])
    inserted = await execute(
        # "WHERE true" tells SQLite that ON CONFLICT does not belong to the join.
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {records.table(len(columns) + 1)} WHERE true"
        f" {'ON CONFLICT DO NOTHING' if skip_duplicates else ''} RETURNING id",
        *columns.values(),
        records,
    )
    return {row["id"] for row in inserted}
