"""A database as it was before a migration."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.migrations import operations as ops
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

import api.migrations
from api.ids import new_id
from api.store.database import MODELS, close_database, open_database
from api.store.sql import run
from tests.conftest import _clone, on_database

FOLDER = Path(str(api.migrations.__file__)).parent


async def before(name: str) -> list[str]:
    """Drop what this migration and all later ones have added, and return their names: ``migrate`` applies them."""
    names = sorted(path.stem for path in FOLDER.glob("0*.py") if path.stem >= name)
    for each in reversed(names):
        for operation in reversed(importlib.import_module(f"api.migrations.{each}").Migration.operations):
            if isinstance(operation, ops.RunSQL) and str(operation.reverse_sql).startswith("DROP INDEX"):
                await run(str(operation.reverse_sql))
            if isinstance(operation, ops.AddField):
                table = Tortoise.apps["touchline"][operation.model_name]._meta.db_table
                await run(f'ALTER TABLE {table} DROP COLUMN "{operation.name}"')
        await run("DELETE FROM tortoise_migrations WHERE name = $1", each)
    return names


@asynccontextmanager
async def opened_as_of(name: str, kind: str, request: pytest.FixtureRequest) -> AsyncIterator[BaseDBAsyncClient]:
    """Open a new empty database with the tables that were there after this migration."""
    if kind == "sqlite":
        url = f"sqlite://{request.getfixturevalue('tmp_path') / 'before.db'}"
    else:
        server, database = request.getfixturevalue("postgres_server"), new_id("before")
        await _clone(server, "template1", database)
        url = on_database(server, database)
    await open_database(url)
    try:
        connection = get_connection("default")
        await MigrationExecutor(connection, {"touchline": MODELS}).migrate([MigrationTarget("touchline", name)])
        yield connection
    finally:
        await close_database()
