"""What keeps a database from being opened and brought up to date is told in a sentence."""

import asyncio
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tortoise.connection import get_connection

from api.ids import new_id
from api.store.engine import database
from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.opening import sort_order
from api.store.engine.opening.opening_errors import describe_opening_error
from tests.databases import on_database
from tests.relay import relay


@pytest.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    """Close what a test has opened."""
    yield
    await close_database()


async def empty(server: str) -> str:
    """Make an empty database, and return its URL."""
    name = new_id("test")
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return on_database(server, name)


async def do(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def test_two_connections_are_enough_to_migrate(postgres_server: str) -> None:
    await open_database(f"{await empty(postgres_server)}&maxsize=2")
    async with asyncio.timeout(60):
        assert "0001_initial" in "".join(await migrate())


async def test_a_role_that_may_make_no_tables_is_told_what_to_do(postgres_server: str) -> None:
    url, role = await empty(postgres_server), new_id("role")
    await do(url, f"CREATE ROLE {role} LOGIN")
    await open_database(urlunsplit(urlsplit(url)._replace(netloc=f"{role}@")))
    with pytest.raises(PermissionError) as refused:
        await migrate()
    assert str(refused.value).startswith("permission denied for schema public: let the role of TOUCHLINE_DATABASE_URL")
    assert "docs/operations.md" in str(refused.value)


async def test_a_role_that_owns_its_database_makes_its_tables(postgres_server: str) -> None:
    url, role = await empty(postgres_server), new_id("role")
    await do(url, f"CREATE ROLE {role} LOGIN; ALTER DATABASE {urlsplit(url).path[1:]} OWNER TO {role}")
    await open_database(urlunsplit(urlsplit(url)._replace(netloc=f"{role}@")))
    assert await migrate() != []


async def test_a_standby_without_the_tables_is_told(postgres_server: str) -> None:
    url = await empty(postgres_server)
    await do(url, f"ALTER DATABASE {urlsplit(url).path[1:]} SET default_transaction_read_only = on")
    await open_database(url)
    with pytest.raises(ConnectionError, match=r"migrations cannot be applied: .* in a read-only transaction"):
        await migrate()


async def test_a_standby_is_refused_where_another_is_asked_for(postgres_server: str) -> None:
    url = await empty(postgres_server)
    await do(url, f"ALTER DATABASE {urlsplit(url).path[1:]} SET default_transaction_read_only = on")
    with pytest.raises(ConnectionError, match="the database cannot be opened: "):
        await open_database(f"{url}&target_session_attrs=read-write")


async def test_tls_is_insisted_on_only_where_it_is_asked_for(postgres_server: str) -> None:
    async with relay(postgres_server) as (url, _):
        for mode in ("require", "verify-full&sslrootcert=system"):
            with pytest.raises(ConnectionError, match=r"the database cannot be opened: .*rejected SSL upgrade"):
                await open_database(f"{url}?sslmode={mode}")
            await close_database()
        for mode in ("disable", "allow", "prefer"):
            await open_database(f"{url}?sslmode={mode}&application_name=here")
            await close_database()


async def test_a_missing_certificate_of_the_authority_is_told_in_a_line(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    async with relay(postgres_server) as (url, _):
        with pytest.raises(ConnectionError, match="root certificate file") as refused:
            await open_database(f"{url}?sslmode=verify-ca")
    assert "\n" not in str(refused.value)


async def test_a_database_that_sorts_by_bytes_has_no_warning(
    postgres_server: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = new_id("test")
    await do(postgres_server, f"CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C'")
    await open_database(on_database(postgres_server, name))
    with caplog.at_level(logging.WARNING, "touchline.store"):
        assert await migrate() != []
    assert caplog.messages == []


async def test_a_database_that_sorts_by_a_language_has_one_warning(
    postgres_server: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server of the tests has no such database, so the statement finds what it would find there.
    monkeypatch.setattr(sort_order, "BY_LANGUAGE_SQL", "SELECT 'a' < 'b' AS by_language")
    await open_database(await empty(postgres_server))
    with caplog.at_level(logging.WARNING, "touchline.store"):
        assert await migrate() != []
        assert await migrate() == []
    assert caplog.messages == [sort_order.LANGUAGE_ORDER_WARNING]


async def test_a_pooler_may_give_each_transaction_another_connection(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    holders: list[str] = []

    async def look() -> bool:
        found = await get_connection("default").execute_query_dict(
            "SELECT state FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory'"
            " AND datname = current_database()"
        )
        holders.extend(row["state"] for row in found)
        return True

    monkeypatch.setattr(database, "check_schema", look)
    await open_database(await empty(postgres_server))
    await migrate()
    assert holders == ["idle in transaction"]


@pytest.mark.parametrize("error", [asyncpg.DuplicatePreparedStatementError, asyncpg.InvalidSQLStatementNameError])
def test_a_pooler_without_prepared_statements_has_advice(error: type[asyncpg.PostgresError]) -> None:
    sentence = describe_opening_error(error("it exists HINT: switch to asyncpg"))
    assert sentence.startswith("it exists: a pooler does not keep prepared statements: add statement_cache_size=0 to")
