"""The migration of suppressions on populated tables: everyone who had unsubscribed still has, and no row is lost."""

import importlib
from types import SimpleNamespace
from typing import Any

import pytest
from tortoise.connection import get_connection

from api.models import Enrollment, Person, Send, Suppression, SuppressionChange
from api.store.sql import run
from tests.store.world import NOW, World, make_world

migration: Any = importlib.import_module("api.migrations.0010_suppressions")


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(3)


async def test_who_had_unsubscribed_still_has(world: World) -> None:
    kind = "timestamptz" if get_connection("default").capabilities.dialect == "postgres" else "timestamp"
    await run(f"ALTER TABLE person ADD COLUMN unsubscribed_at {kind}")
    await run("UPDATE person SET unsubscribed_at = $1 WHERE email <> 'bob@example.com'", NOW)
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
