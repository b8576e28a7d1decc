"""Imports run beside the passes of the loop, and what fails is told: a database that is away in a line."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncpg.exceptions import ConnectionDoesNotExistError

from api import tick
from api.graphql.limits.budgets import Budgets
from api.http.access.request_guard import RequestGuard
from api.make_runtime import make_ticker
from api.models import Job, Person
from api.services.following.row_watch import RowWatch
from api.services.jobs.runner import JobRunner
from api.services.people.imports import start_import
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings
from api.states import JobState
from api.store import jobs
from api.store.engine import database_clock, notifications
from api.store.engine.database import is_postgres
from api.store.engine.database_clock import DatabaseClock
from api.tick import Ticker
from plugins.loading.manager import load
from tests.services.world import make_world

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


async def test_the_loop_imports_what_waits(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = asyncio.Event()

    async def seen(job: Job, state: JobState, *rest: Any) -> bool:
        done = await finish(job, state, *rest)
        imported.set()
        return done

    finish = jobs.finish
    monkeypatch.setattr(jobs, "finish", seen)
    ticker = make_ticker(Settings.read({"TOUCHLINE_POLL_SECONDS": "3600"}), load({}), lambda: NOW)
    loop = asyncio.create_task(ticker.run())
    context = ticker.runtime.context(await create_workspace("Acme", NOW))
    await start_import(context, "email\nada@example.com\nbob@example.com")
    context.wake()
    async with asyncio.timeout(60):
        await imported.wait()
        ticker.stop()
        await loop
    assert await Person.all().count() == 2


async def test_once_does_all_that_waits(database: str) -> None:
    ticker = make_ticker(Settings.read({}), load({}), lambda: NOW)
    await start_import(ticker.runtime.context(await create_workspace("Acme", NOW)), "email\nada@example.com")
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

    monkeypatch.setattr(JobRunner, "take_next", look)
    world = await make_world(1)
    ticker = Ticker(world.runtime, Clock(), 60)
    loop = asyncio.create_task(ticker.run())
    while not looked:  # noqa: ASYNC110 - it looks as the loop starts
        await asyncio.sleep(0)
    ticker.stop()
    await loop
    assert min(looked) > 0


async def until_cancelled(_: object) -> None:
    await asyncio.Event().wait()


async def one_round(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    """Run the loop until a step and both runners of jobs have met the problem."""
    met: list[str] = []
    all_met = asyncio.Event()

    def meets(name: str) -> Callable[..., Awaitable[None]]:
        async def fail(*_: object) -> None:
            met.append(name)
            if sorted(met) == ["job", "job", "step"]:
                all_met.set()
            raise problem

        return fail

    monkeypatch.setattr(tick.JobRunner, "take_next", meets("job"))
    monkeypatch.setattr(tick.Dispatcher, "step", meets("step"))
    monkeypatch.setattr(tick, "listen", until_cancelled)  # which would wake all of them once more
    ticker = make_ticker(Settings.read({"TOUCHLINE_POLL_SECONDS": "3600"}), load({}), lambda: NOW)
    loop = asyncio.create_task(ticker.run())
    async with asyncio.timeout(60):
        await all_met.wait()
        ticker.stop()
        await loop


async def test_a_database_that_is_away_is_a_line_without_a_traceback(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await one_round(monkeypatch, ConnectionDoesNotExistError("nobody\nlistens"))
    assert [record for record in caplog.records if record.exc_info] == []
    assert caplog.messages.count("the database is unavailable: nobody listens") == 3


async def test_a_fault_of_ours_keeps_its_traceback(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await one_round(monkeypatch, RuntimeError("a fault"))
    told = [record.getMessage() for record in caplog.records if record.exc_info]
    jobs_failed = ["cannot start background jobs"] * 2
    assert sorted(text.split(";")[0] for text in told) == ["a step of the tick loop failed", *jobs_failed]


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (ConnectionDoesNotExistError("gone"), "the database is unavailable: gone"),
        (RuntimeError("broken\nin two"), "cannot listen for notifications; polling instead: broken in two"),
    ],
)
async def test_announcements_are_heard_again(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, problem: Exception, line: str
) -> None:
    caplog.set_level("INFO")
    heard, failed = asyncio.Event(), asyncio.Event()

    def broken(_: str) -> None:
        failed.set()
        raise problem

    monkeypatch.setattr(notifications, "RECONNECT_SECONDS", 0.01)
    with monkeypatch.context() as patched:
        patched.setattr(notifications, "get_connection", broken)
        listening = asyncio.create_task(notifications.listen(heard.set))
        async with asyncio.timeout(60):
            await failed.wait()
    async with asyncio.timeout(60):
        await heard.wait()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert line in caplog.messages
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_change_that_cannot_be_announced_is_a_line(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(*_: object) -> None:
        raise ConnectionDoesNotExistError("nobody listens")

    monkeypatch.setattr(notifications, "execute", refuse)
    await notifications._notify(notifications.DUE)
    assert caplog.messages == ["the database is unavailable: nobody listens"]


async def test_a_server_without_a_tick_loop_goes_by_the_databases_time(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_clock, "SYNC_INTERVAL_SECONDS", 0.0)
    clock, corrected = DatabaseClock(lambda: NOW), list[datetime]()
    monkeypatch.setattr(database_clock, "correct_clock", corrected.append)
    runtime = replace((await make_world(1)).runtime, clock=clock)
    await RequestGuard(runtime, RowWatch(), 1_000, introspection=True, budgets=Budgets(1_000, 1_000)).context("")
    assert (clock() > NOW) is bool(corrected) is is_postgres()


async def test_a_step_that_hangs_keeps_no_process_from_ending(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began, thawed = asyncio.Event(), asyncio.Event()

    async def frozen(*_: object) -> None:
        began.set()
        while not thawed.is_set():
            with suppress(asyncio.CancelledError):
                await thawed.wait()

    monkeypatch.setattr(tick, "STEP_STOP_SECONDS", 0.01)
    monkeypatch.setattr(tick.Dispatcher, "step", frozen)
    ticker = make_ticker(Settings.read({}), load({}), lambda: NOW)
    loop = asyncio.create_task(ticker.run())
    await began.wait()
    ticker.stop()
    async with asyncio.timeout(60):
        await loop
    thawed.set()
