"""A database as it was before a migration."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.migrations import operations as ops
from tortoise.migrations.executor import MigrationTarget

import api.migrations
from api.store.engine.database import TORTOISE_APP, close_database, is_postgres, open_database
from api.store.engine.opening.migration_executor import LazyMigrationExecutor
from api.store.engine.sql import execute
from tests.databases import drop
from tests.services.world import NOW

FOLDER = Path(str(api.migrations.__file__)).parent


LISTS = "0023_lists"
"""The migration that adds triggers to the table of emails."""


async def before(name: str) -> list[str]:
    """Drop what this migration and all later ones have added, and return their names: ``migrate`` applies them."""
    names = sorted(path.stem for path in FOLDER.glob("0*.py") if path.stem >= name)
    for each in reversed(names):
        for operation in reversed(importlib.import_module(f"api.migrations.{each}").Migration.operations):
            drops = isinstance(operation, ops.RunSQL) and str(operation.reverse_sql).startswith(
                ("DROP INDEX", "DROP TABLE", "ALTER TABLE one_off_email DROP COLUMN")
            )
            if drops and not hasattr(operation, "undo"):
                await execute(str(operation.reverse_sql))
            undo = getattr(operation, "undo", None)
            for statement in undo(is_postgres()) if callable(undo) else [undo] if undo else []:
                await execute(statement)
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


async def migrate_to(name: str) -> None:
    """Apply the missing migrations up to this one. Tests read columns of that time alone, by their names."""
    executor = LazyMigrationExecutor(get_connection("default"), {"touchline": TORTOISE_APP})
    await executor.migrate([MigrationTarget("touchline", name)])


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


async def insert(table: str, **values: Any) -> None:
    """Insert a row as the release before did."""
    names = ", ".join(values)
    numbers = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await execute(f"INSERT INTO {table} ({names}) VALUES ({numbers})", *values.values())


async def insert_enrollment() -> None:
    """Insert a person in a campaign of one step, as release 0033 and earlier ones did."""
    own: dict[str, Any] = {"workspace_id": "wsp_1"}
    empty = "{}"
    await insert("workspace", id="wsp_1", name="A", sandbox=False, blocked_domains="[]", created_at=NOW)
    await insert(
        "sender", id="sdr_1", name="G", email="g@example.com", zone="Europe/Berlin", channel="record",
        channel_config=empty, created_at=NOW, **own,
    )  # fmt: skip
    await insert(
        "campaign", id="cmp_1", name="C", sender_id="sdr_1", skip_weekends=False, remove_on_bounce=True,
        on_reply="END", use_recipient_zone=False, on_task_expiry="WAIT", created_at=NOW, **own,
    )  # fmt: skip
    await insert(
        "step", id="stp_1", campaign_id="cmp_1", number=1, day=1, type="CALL", name="", send_option="task",
        config=empty, follow_up=False, notes="", priority="NORMAL", **own,
    )  # fmt: skip
    await insert(
        "person", id="per_1", email="p@example.com", email_key="p@example.com", first_name="", last_name="", title="",
        company="", own_fields=empty, created_at=NOW, **own,
    )  # fmt: skip
    await insert(
        "enrollment", id="enr_1", campaign_id="cmp_1", person_id="per_1", zone="Europe/Berlin", launched_at=NOW,
        times=empty, status="ACTIVE", **own,
    )  # fmt: skip
