"""A database that is away, or locked by another program, is told as that: later, the same goes well."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from asyncpg.exceptions import ConnectionDoesNotExistError
from tortoise.connection import get_connection

from api.http.monitoring import timed_checks
from api.http.unsubscribing.page_routes import link_maker
from api.models import Person
from api.settings import Settings
from api.store.engine.sql import execute
from tests import story
from tests.client import OPERATOR, SECRET, Client, new_client, serving
from tests.live import Live
from tests.relay import relay
from tests.served import NOW

NAME = "{ workspace { name } }"
ENVIRONMENT = {"TOUCHLINE_PUBLIC_URL": "http://test", "TOUCHLINE_SECRET": SECRET}

pytestmark = pytest.mark.usefixtures("quiet")


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Another program holds the SQLite file."""
    other = sqlite3.connect(url.removeprefix("sqlite://").split("?")[0], isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


@pytest.fixture
async def database_url(database_url: str) -> str:
    """The same, where SQLite waits for no lock."""
    return f"{database_url}?synchronous=NORMAL&busy_timeout=0" if "sqlite" in database_url else database_url


async def refused(*_: Any) -> None:
    raise ConnectionDoesNotExistError("nobody listens")


async def asked(client: Client, query: str, **variables: Any) -> httpx.Response:
    return await client.http.post(
        "/graphql",
        content=json.dumps({"query": query, "variables": variables}),
        headers={"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"},
    )


def told(answer: httpx.Response) -> tuple[int, str, str]:
    return answer.status_code, answer.headers["Retry-After"], answer.json()["errors"][0]["extensions"]["code"]


async def test_a_token_that_cannot_be_looked_up_is_answered(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("api.http.access.request_guard.workspace_by_token", refused)
        answer = await asked(client, NAME)
    assert told(answer) == (503, "5", "DATABASE_AWAY")
    assert "Try again later" in answer.json()["errors"][0]["message"]
    assert (await asked(client, NAME)).status_code == 200


async def test_a_lock_that_a_resolver_meets_is_answered(client: Client, database_url: str) -> None:
    person = {"email": "a@example.com"}
    with locked(database_url):
        answer = await asked(client, story.PERSON, input=person)
        assert told(answer) == (503, "5", "DATABASE_BUSY")
        assert (await asked(client, NAME)).status_code == 200, "reading goes on"
    await client.do(story.PERSON, "person", input=person)


async def test_the_unsubscribe_page_asks_to_come_back(database_url: str) -> None:
    async with serving(database_url, ENVIRONMENT) as http:
        person = await Person.get(id=await story.person(await new_client(http, NOW), "a@example.com"))
        link = str(link_maker(Settings.read(ENVIRONMENT))(person))
        with locked(database_url):
            answer = await http.post(link)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "try again in a few minutes" in answer.text
        assert "will receive no more emails from" in (await http.post(link)).text


async def test_a_websocket_stays_open_and_a_new_one_is_asked_to_come_back(
    live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with live.opened(rep.token) as socket, live.opened() as late:
        with monkeypatch.context() as patched:
            patched.setattr("api.http.access.request_guard.workspace_by_token", refused)
            await socket.begin(NAME)
            answer = await socket.hear()
            assert (answer["type"], answer["payload"][0]["extensions"]) == ("error", {"code": "DATABASE_AWAY"})
            await late.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {rep.token}"}})
            assert await late.closing() == (1013, "The database does not answer at the moment. Try again later.")
        assert (await socket.ask(NAME))["data"] == {"workspace": {"name": "Test"}}


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_a_database_that_may_only_be_read_is_told(
    client: Client, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    person = {"email": "a@example.com"}
    async with only_read(database_url):
        answer = await asked(client, story.PERSON, input=person)
        assert told(answer) == (503, "5", "DATABASE_AWAY")
        assert (await asked(client, NAME)).status_code == 200, "reading goes on"
        ready = await client.http.get("/ready", headers=OPERATOR)
        assert (ready.status_code, ready.json()["problems"]) == (503, {"database": "It is read-only."})
    assert [line for line in caplog.messages if line.startswith("Resetting connection")] == []
    assert (await client.http.get("/ready")).status_code == 200
    await client.do(story.PERSON, "person", input=person)


@asynccontextmanager
async def only_read(url: str) -> AsyncIterator[None]:
    """Let the database refuse changes for a while."""
    if "sqlite" in url:
        await execute("PRAGMA query_only = ON")
        yield
        await execute("PRAGMA query_only = OFF")
        return
    pool, name = get_connection("default")._pool, urlsplit(url).path[1:]  # type: ignore[attr-defined]
    await execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await pool.expire_connections()
    yield
    other = await asyncpg.connect(url)
    await other.execute("SET default_transaction_read_only = off")
    await other.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    await other.close()
    await pool.expire_connections()


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
async def test_postgresql_that_is_cut_off_is_told(database_url: str) -> None:
    async with relay(database_url) as (url, between), serving(url, ENVIRONMENT) as http:
        client = await new_client(http, NOW)
        person = await Person.get(id=await story.person(client, "a@example.com"))
        link = str(link_maker(Settings.read(ENVIRONMENT))(person))
        between.cut()
        for _ in range(3):
            assert told(await asked(client, NAME)) == (503, "5", "DATABASE_AWAY")
            assert (await http.post(link)).status_code == 503


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
async def test_postgresql_that_is_frozen_keeps_nobody_waiting(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relay(database_url) as (url, between), serving(url) as http:
        assert (await http.get("/ready")).status_code == 200
        between.flowing.clear()
        with monkeypatch.context() as impatient:
            impatient.setattr(timed_checks, "CHECK_TIMEOUT_SECONDS", 0.2)
            for _ in range(4):
                assert (await http.get("/ready", headers=OPERATOR)).json()["problems"] == {
                    "database": "It does not answer."
                }
                assert "touchline_due" not in (await http.get("/metrics", headers=OPERATOR)).text
        between.flowing.set()
        async with asyncio.timeout(60):
            while (await http.get("/ready")).status_code != 200:  # noqa: ASYNC110 - nobody tells that it is back
                await asyncio.sleep(0.05)
        assert "touchline_due 0.0" in (await http.get("/metrics", headers=OPERATOR)).text
