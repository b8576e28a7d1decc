"""The tables that the migrations make: as the models describe them, in a new database and in an upgraded one."""

from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

from api.store.engine.database import TORTOISE_APP, close_database, is_postgres, migrate, open_database
from api.store.engine.sql import execute
from tests.databases import Databases, drop
from tests.migrations.migrating import opened_as_of

COLUMNS = {
    "sqlite": """SELECT t.name AS "table", c.name AS "column", upper(c.type) AS type, NOT c."notnull" AS nullable,
        c.dflt_value AS preset FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'""",
    "postgres": """SELECT table_name AS "table", column_name AS "column",
        upper(data_type) || coalesce('(' || character_maximum_length || ')', '') AS type,
        is_nullable = 'YES' AS nullable, column_default AS preset
        FROM information_schema.columns WHERE table_schema = 'public'""",
}
INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index'",
    "postgres": "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = 'public'",
}
INDEX_COLUMNS = {
    "sqlite": """SELECT t.name AS "table", i.name AS name, c.name AS "column" FROM sqlite_master AS t
        JOIN pragma_index_list(t.name) AS i JOIN pragma_index_info(i.name) AS c
        WHERE t.type = 'table' ORDER BY i.name, c.seqno""",
    "postgres": """SELECT t.relname AS "table", i.relname AS name, a.attname AS "column" FROM pg_index AS x
        JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS t ON t.oid = x.indrelid
        JOIN pg_attribute AS a ON a.attrelid = i.oid
        WHERE t.relnamespace = 'public'::regnamespace ORDER BY i.relname, a.attnum""",
}


async def columns() -> dict[tuple[str, str], tuple[str, bool, str | None]]:
    """The type, the nullability and the default of every column."""
    rows = await execute(COLUMNS["postgres" if is_postgres() else "sqlite"])
    return {(row["table"], row["column"]): (row["type"], bool(row["nullable"]), row["preset"]) for row in rows}


async def indexes() -> dict[str, str | None]:
    """The statement of every index."""
    return {row["name"]: row["sql"] for row in await execute(INDEXES["postgres" if is_postgres() else "sqlite"])}


@pytest.mark.usefixtures("database")
async def test_the_tables_are_as_the_models_say() -> None:
    found = await columns()
    for model in Tortoise.apps["touchline"].values():
        table: str = model._meta.db_table
        names = model._meta.fields_db_projection
        fields: dict[str, Any] = {column: model._meta.fields_map[name] for name, column in names.items()}
        assert {column for name, column in found if name == table} == set(fields), table
        for column, field in fields.items():
            kind, nullable, _ = found[table, column]
            assert nullable == field.null, f"{table}.{column}"
            length = getattr(field, "max_length", None)
            assert length is None or f"({length})" in kind, f"{table}.{column} is {kind}"


def declared_indexes(model: type[Model]) -> set[tuple[str, ...]]:
    """Return the columns of each index that a model declares."""
    fields, columns = model._meta.fields_map, model._meta.fields_db_projection
    single = {(column,) for name, column in columns.items() if fields[name].index and not fields[name].pk}
    several = (*(model._meta.indexes or ()), *(model._meta.unique_together or ()))
    return single | {tuple(columns.get(name, name) for name in index) for index in several}


@pytest.mark.usefixtures("database")
async def test_every_index_that_a_model_declares_exists() -> None:
    """The migrations create more indexes: partial ones, and those for lists."""
    named: dict[tuple[str, str], list[str]] = {}
    for row in await execute(INDEX_COLUMNS["postgres" if is_postgres() else "sqlite"]):
        named.setdefault((row["table"], row["name"]), []).append(row["column"])
    found = {(table, tuple(names)) for (table, _), names in named.items()}
    for model in Tortoise.apps["touchline"].values():
        declared = {(model._meta.db_table, each) for each in declared_indexes(model)}
        assert declared - found == set(), model.__name__


@pytest.mark.usefixtures("database")
async def test_an_upgraded_database_is_as_a_new_one(database_kind: str, request: pytest.FixtureRequest) -> None:
    new = await columns(), await indexes()
    async with opened_as_of("0007_edits", database_kind, request):
        before = await columns()
        assert ("person", "unsubscribed_at") in before
        assert ("written_email", "subject") not in before
        await migrate()
        assert (await columns(), await indexes()) == new


async def test_the_tables_are_those_that_tortoise_makes(
    database_kind: str,
    database_url: str,
    databases: Databases,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Our executor renders less than tortoise's, and must make the same tables."""
    # What queries of the rendered models would need takes three quarters of the time, and changes no table.
    monkeypatch.setattr(StateApps, "_build_initial_querysets", lambda self: None)
    monkeypatch.setattr("tortoise.models.get_filters_for_field", lambda **_: {})
    await open_database(database_url)
    ours = await columns(), await indexes()
    await close_database()
    server = "" if database_kind == "sqlite" else request.getfixturevalue("postgres_server")
    other = await databases.clone(server) if server else f"sqlite://{tmp_path}/theirs.db"
    await open_database(other)
    try:
        await MigrationExecutor(get_connection("default"), {"touchline": TORTOISE_APP}).migrate()
        assert (await columns(), await indexes()) == ours
    finally:
        await close_database()
        if server:
            await drop(server, other)
