"""Imports run beside the passes of the loop."""

import asyncio
from datetime import UTC, datetime

import pytest

from api import tick
from api.app import make_ticker
from api.clock import Clock
from api.models import PeopleImport, Person
from api.services.imports import run_import, start_import
from api.services.workspaces import create_workspace
from api.settings import Settings
from api.store.database_clock import DatabaseClock
from api.tick import Ticker
from plugins.manager import load
from tests.store.world import make_world

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


async def test_the_loop_imports_what_waits(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = asyncio.Event()

    async def seen(row: PeopleImport, clock: Clock) -> PeopleImport:
        done = await run_import(row, clock)
        imported.set()
        return done

    monkeypatch.setattr(tick, "run_import", seen)
    ticker = make_ticker(Settings.read({"TOUCHLINE_POLL_SECONDS": "3600"}), load({}), lambda: NOW)
    loop = asyncio.create_task(ticker.run())
    scope = ticker.post.scope(await create_workspace("Acme", NOW))
    await start_import(scope, "email\nada@example.com\nbob@example.com")
    scope.wake()
    async with asyncio.timeout(10):
        await imported.wait()
        ticker.stop()
        await loop
    assert await Person.all().count() == 2


async def test_once_does_all_that_waits(database: str) -> None:
    ticker = make_ticker(Settings.read({}), load({}), lambda: NOW)
    await start_import(ticker.post.scope(await create_workspace("Acme", NOW)), "email\nada@example.com")
    await ticker.until_idle()
    assert await Person.all().count() == 1


async def test_no_lease_is_looked_at_before_the_clock_is_set(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(DatabaseClock):
        asked = 0

        async def sync(self) -> None:
            Clock.asked += 1

    looked: list[int] = []

    async def look(*_: object) -> None:
        looked.append(Clock.asked)

    for what in ("claim_import", "claim_launch", "claim_holds", "claim_edit"):
        monkeypatch.setattr(tick, what, look)
    world = await make_world(1)
    ticker = Ticker(world.post, Clock(), 60)
    loop = asyncio.create_task(ticker.run())
    while len(looked) < 4:  # noqa: ASYNC110 - each looks as the loop starts
        await asyncio.sleep(0)
    ticker.stop()
    await loop
    assert min(looked) > 0
