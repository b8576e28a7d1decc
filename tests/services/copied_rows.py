"""The rows of a small database as a script, which inserts them into another database under new ids."""

import re
from collections.abc import Collection, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import NamedTuple

from tortoise.connection import get_connection
from tortoise.context import get_current_context
from tortoise.models import Model

from api.ids import new_id
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute

ID = re.compile(r"\b([a-z]+)_([0-9a-hjkmnp-tv-z]{26})\b")


class CopiedRows(NamedTuple):
    """All rows of a database."""

    script: str
    """The statements that insert the rows, with the ids that they had."""
    ids: tuple[str, ...]
    """The ids in the script, oldest first."""

    async def insert(self, known: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """Insert the rows under new ids of the same order. Returns the new ids by those in the script.

        ``known`` has the ids of rows to which these refer and which the database has.
        """
        renewed = {old: new_id(old.partition("_")[0]) for old in self.ids} | dict(known or {})
        script = ID.sub(lambda found: renewed[found[0]], self.script)
        await get_connection("default").execute_script(script)
        return renewed


async def primary_keys() -> list[tuple[str, str]]:
    """Return the table and the primary key of each row of the open database, those of a table in their order."""
    found = []
    for model in _parents_first():
        table, key = model._meta.db_table, model._meta.db_pk_column
        found += [(table, str(row["found"])) for row in await execute(f'SELECT "{key}" AS found FROM "{table}"')]
    return sorted(found)


async def copy_rows(besides: Collection[tuple[str, str]] = ()) -> CopiedRows:
    """Copy all rows of the open database, besides those with some tables and primary keys."""
    quote = "quote_nullable({}::text)" if is_postgres() else "quote({})"
    statements = []
    for model in _parents_first():
        table, columns = model._meta.db_table, [f'"{name}"' for name in model._meta.fields_db_projection.values()]
        if table == "event":
            columns.remove('"position"')  # the other database has not given it
        values = " || ',' || ".join(quote.format(column) for column in columns)
        select = f'SELECT {values} AS found, "{model._meta.db_pk_column}" AS key FROM "{table}"'
        rows = [f"({row['found']})" for row in await execute(select) if (table, str(row["key"])) not in besides]
        if rows:
            statements.append(f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES {", ".join(rows)};')
    script = "\n".join(statements)
    return CopiedRows(script, tuple(sorted({found[0] for found in ID.finditer(script)}, key=lambda id_: id_[-26:])))


def _parents_first() -> Iterator[type[Model]]:
    """Yield the models of all tables, each after those that its foreign keys refer to."""
    context = get_current_context()
    assert context is not None
    assert context.apps is not None
    parents: dict[type[Model], set[type[Model]]] = {}
    for models in context.apps.values():
        for model in models.values():
            keys = (model._meta.fields_map[name] for name in model._meta.fk_fields | model._meta.o2o_fields)
            parents[model] = {key.related_model for key in keys} - {model}  # type: ignore[attr-defined]
    return iter(tuple(TopologicalSorter(parents).static_order()))
