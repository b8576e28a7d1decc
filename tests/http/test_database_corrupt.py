"""A database that is damaged while the server runs is told as that, and ends the tick loop."""

import asyncio
import os
import resource
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from asyncpg.exceptions import DataCorruptedError, UndefinedTableError
from tortoise.exceptions import OperationalError

from api.clock import system_clock
from api.services.dispatch.dispatcher import DispatchRuntime
from api.store.engine.faults.corruption import is_corrupt
from api.store.engine.sql import execute
from api.tick import MAX_CORRUPT_STEPS, DatabaseCorruptError, Ticker
from plugins.loading.manager import load
from tests import story
from tests.client import OPERATOR, Client
from tests.http.test_database_away import NAME, asked


@pytest.fixture
def database_kind() -> str:
    """The embedded default."""
    return "sqlite"


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite://").partition("?")[0])


async def deleted(file: Path) -> None:
    await asyncio.to_thread(file.unlink)


async def replaced(file: Path) -> None:
    await deleted(file)
    await asyncio.to_thread(file.touch)


async def overwritten(file: Path) -> None:
    await execute("PRAGMA wal_checkpoint(TRUNCATE)")
    await execute("PRAGMA shrink_memory")
    await asyncio.to_thread(_overwrite, file)


def _overwrite(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(0, os.SEEK_END)
        pages = opened.tell() // 4096
        for page in range(1, pages):
            opened.seek(page * 4096)
            opened.write(b"\xff" * 4096)


async def robbed(file: Path) -> None:
    await execute("ALTER TABLE token RENAME TO taken")


@pytest.mark.parametrize("spoil", [deleted, replaced, overwritten, robbed])
async def test_every_answer_says_that_the_database_is_damaged(
    client: Client, database_url: str, spoil: Callable[[Path], Awaitable[None]]
) -> None:
    await spoil(path_of(database_url))
    for query, variables in ((NAME, {}), (story.PERSON, {"input": {"email": "a@example.com"}})):
        answer = await asked(client, query, **variables)
        assert answer.status_code == 503, answer.text
        assert "Retry-After" not in answer.headers
        assert answer.json()["errors"][0]["extensions"]["code"] == "DATABASE_CORRUPT"
    if spoil is not robbed:
        ready = await client.http.get("/ready", headers=OPERATOR)
        assert (ready.status_code, ready.json()["problems"]["database"]) == (
            503,
            "It is damaged, or its file is missing.",
        )


async def test_the_tick_loop_ends_where_going_on_is_pointless(
    client: Client, database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("api.tick.FIRST_RETRY_SECONDS", 0.001)
    await deleted(path_of(database_url))
    runtime = DispatchRuntime(load({}), system_clock, lambda _: None, lambda: None, lease=timedelta(seconds=60))
    async with asyncio.timeout(30):
        with pytest.raises(DatabaseCorruptError, match="is damaged, or its file is missing"):
            await Ticker(runtime, system_clock, 0.001).run()
    assert not any("Traceback" in record.getMessage() or record.exc_info for record in caplog.records)
    lines = [line for line in caplog.messages if line.startswith("the database is damaged: ")]
    assert len(lines) >= MAX_CORRUPT_STEPS


async def test_a_fault_of_ours_is_json_as_well(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a secret of the server")

    monkeypatch.setattr("api.http.access.request_guard.workspace_by_token", broken)
    monkeypatch.setattr(client.http._transport, "raise_app_exceptions", False)
    answer = await asked(client, NAME)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in answer.text
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize(
    ("problem", "corrupt"),
    [
        (DataCorruptedError("page"), True),
        (OperationalError(UndefinedTableError('relation "token" does not exist')), True),
        (sqlite3.OperationalError("no such table: token"), True),
        (sqlite3.OperationalError("no such column: x"), False),
        (OSError(), False),
    ],
    ids=repr,
)
def test_what_means_that_it_is_damaged(problem: Exception, corrupt: bool) -> None:
    assert is_corrupt(problem) is corrupt


async def ready(client: Client) -> httpx.Response:
    return await client.http.get("/ready", headers=OPERATOR)


async def test_a_full_disk_is_not_ready(client: Client) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        answer = await ready(client)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (answer.status_code, answer.json()["problems"]) == (503, {"database": "Its disk is full."})
    assert (await ready(client)).status_code == 200
    assert await execute("SELECT id FROM tz_database WHERE id LIKE 'try%'") == []
