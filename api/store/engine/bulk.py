"""Inserts many rows that differ in a few columns. Shared values are sent once."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tortoise.fields import JSONField
from tortoise.models import Model

from api.store.engine.sql import Records, execute


def shared(row: Model, own: Collection[str]) -> dict[str, Any]:
    """Return the columns of a row for ``insert``, without the columns in ``own``."""
    found = {}
    for name, column in row._meta.fields_db_projection.items():
        if column not in own:
            value = getattr(row, name)
            found[column] = json.dumps(value) if isinstance(row._meta.fields_map[name], JSONField) else value
    return found


async def insert(
    table: str, columns: Mapping[str, Any], rows: Sequence[Mapping[str, str | None]], *, skip_known: bool = False
) -> set[str]:
    """Insert rows, each a dict of its own text columns with ``id``; ``columns`` are shared. Returns the inserted ids.

    ``skip_known`` skips rows that violate a unique index. Call it in the transaction that makes the parent row.
    """
    if not rows:
        return set()
    own = Records(dict.fromkeys(rows[0], "text"), [tuple(row.values()) for row in rows])
    names = ", ".join([*columns, *own.columns])
    numbers = range(1, len(columns) + 1)
    values = ", ".join([*(f"${number}" for number in numbers), *(f"r.{name}" for name in own.columns)])
    inserted = await execute(
        # "WHERE true" tells SQLite that ON CONFLICT does not belong to the join.
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {own.table(len(columns) + 1)} WHERE true"
        f" {'ON CONFLICT DO NOTHING' if skip_known else ''} RETURNING id",
        *columns.values(),
        own,
    )
    return {row["id"] for row in inserted}
