"""The migration of suppressions on populated tables: everyone who had unsubscribed still has, and no row is lost."""

import importlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from api.models import Enrollment, Person, Send, Suppression, SuppressionChange
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from tests.migrations.migrating import opened_as_of
from tests.services.world import NOW, World, make_world

migration: Any = importlib.import_module("api.migrations.0010_suppressions")


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(3)


async def test_who_had_unsubscribed_still_has(world: World) -> None:
    kind = "timestamptz" if get_connection("default").capabilities.dialect == "postgres" else "timestamp"
    await execute(f"ALTER TABLE person ADD COLUMN unsubscribed_at {kind}")
    await execute("UPDATE person SET unsubscribed_at = $1 WHERE email <> 'bob@example.com'", NOW)
    counts = [await table.all().count() for table in (Person, Enrollment, Send)]
    editor = SimpleNamespace(client=get_connection("default"))
    await migration.carry_over(None, editor)
    (remove,) = [each for each in migration.Migration.operations if isinstance(each, migration.RemoveColumn)]
    await remove.database_forward("touchline", None, None, editor)
    assert [await table.all().count() for table in (Person, Enrollment, Send)] == counts
    rows = await Suppression.all().order_by("email")
    assert [(row.email, row.unsubscribed_at, str(row.source)) for row in rows] == [
        ("ada@example.com", NOW, "UPGRADE"),
        ("p2@example.com", NOW, "UPGRADE"),
    ]
    history = await SuppressionChange.all().order_by("id")
    assert [(row.suppression_id, str(row.kind), row.at) for row in history] == [
        (row.id, "UNSUBSCRIBED", NOW) for row in sorted(rows, key=lambda row: row.id)
    ]
    for table in (Suppression, SuppressionChange):
        assert all(len(row.id) == 30 for row in await table.all())
    await world.tick()
    assert world.channel.left == ["bob@example.com"]


@pytest.fixture
async def release_before(database_kind: str, request: pytest.FixtureRequest) -> AsyncIterator[BaseDBAsyncClient]:
    """An open database with the tables that were there before this migration."""
    async with opened_as_of("0009_rep_texts", database_kind, request) as connection:
        yield connection


async def test_a_database_of_the_release_before_is_brought_up_to_date(release_before: BaseDBAsyncClient) -> None:
    at = NOW if release_before.capabilities.dialect == "postgres" else NOW.isoformat(" ")
    await execute(
        "INSERT INTO workspace (id, name, sandbox, blocked_domains, created_at) VALUES ('wsp_1', 'A', false, '[]', $1)",
        at,
    )
    for number, since in enumerate((None, at, at), 1):
        await execute(
            "INSERT INTO person (id, workspace_id, email, email_key, first_name, last_name, title, company, own_fields,"
            " unsubscribed_at, created_at) VALUES ($1, 'wsp_1', $2, $3, '', '', '', '', '{}', $4, $5)",
            f"per_{number}",
            f"P{number}@example.com",
            f"p{number}@example.com",
            since,
            at,
        )
    assert "0010_suppressions" in await migrate()
    assert await Person.all().count() == 3, "no row is lost"
    rows = await Suppression.all().order_by("email_key")
    assert [(row.email, row.email_key, row.unsubscribed_at) for row in rows] == [
        ("P2@example.com", "p2@example.com", NOW),
        ("P3@example.com", "p3@example.com", NOW),
    ]
    assert await SuppressionChange.filter(at=NOW, kind="UNSUBSCRIBED").count() == 2
