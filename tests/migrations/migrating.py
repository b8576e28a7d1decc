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

import api.migrations
from api.store.engine.database import close_database, is_postgres, open_database
from api.store.engine.sql import execute
from tests.databases import drop

FOLDER = Path(str(api.migrations.__file__)).parent


LISTS = "0023_lists"
"""The migration that adds triggers to the table of emails."""


async def before(name: str) -> list[str]:
    """Drop what this migration and all later ones have added, and return their names: ``migrate`` applies them."""
    names = sorted(path.stem for path in FOLDER.glob("0*.py") if path.stem >= name)
    for each in reversed(names):
        for operation in reversed(importlib.import_module(f"api.migrations.{each}").Migration.operations):
            if isinstance(operation, ops.RunSQL) and str(operation.reverse_sql).startswith("DROP INDEX"):
                await execute(str(operation.reverse_sql))
            if undo := getattr(operation, "undo", None):
                await execute(undo)
            if isinstance(operation, ops.AddField):
                table = Tortoise.apps["touchline"][operation.model_name]._meta.db_table
                await execute(f'ALTER TABLE {table} DROP COLUMN "{operation.name}"')
        if each == LISTS:
            await _undo_lists()
        await execute("DELETE FROM tortoise_migrations WHERE name = $1", each)
    return names


async def _undo_lists() -> None:
    """Remove the triggers that count emails, and the indexes of lists. Their migration adds what is missing."""
    for event in ("insert", "delete", "update"):
        await execute(f"DROP TRIGGER send_counted_{event}{' ON send' if is_postgres() else ''}")
    await execute("DROP TABLE email_count")


@asynccontextmanager
async def opened_as_of(name: str, kind: str, request: pytest.FixtureRequest) -> AsyncIterator[BaseDBAsyncClient]:
    """Open a new empty database with the tables that were there after this migration. No other test uses it."""
    databases = request.getfixturevalue("databases")
    server = "" if kind == "sqlite" else request.getfixturevalue("postgres_server")
    file = request.getfixturevalue("tmp_path") / "before.db"
    url = await (databases.postgres(server, name) if server else databases.sqlite(file, name))
    await open_database(url)
    try:
        yield get_connection("default")
    finally:
        await close_database()
        if server:
            await drop(server, url)
