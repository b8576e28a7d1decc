"""A PostgreSQL that cannot be used is refused with a sentence that says why."""

import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from api.ids import new_id
from api.store.engine import database
from api.store.engine.database import close_database, migrate, open_database
from tests.databases import on_database


async def opened(url: str) -> None:
    """Open a database, bring its tables up to date, and close it."""
    await open_database(url)
    try:
        await migrate()
    finally:
        await close_database()


async def on_server(server: str, *statements: str) -> None:
    connection = await asyncpg.connect(server)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def as_user(url: str, user: str) -> str:
    return urlunsplit(urlsplit(url)._replace(netloc=f"{user}@"))


async def new_database(server: str, *statements: str) -> str:
    name = new_id("bad")
    await on_server(server, f"CREATE DATABASE {name}")
    url = on_database(server, name)
    await on_server(url, *statements)
    return url


async def no_database(server: str) -> tuple[str, str]:
    return on_database(server, "nowhere"), "create it, as docs/operations.md shows"


async def no_role(server: str) -> tuple[str, str]:
    return as_user(server, "stranger"), "correct the user and the password in TOUCHLINE_DATABASE_URL"


async def unreachable(server: str) -> tuple[str, str]:
    return (
        "postgresql://127.0.0.1:1/x",
        "check that PostgreSQL is running at the host and port of TOUCHLINE_DATABASE_URL",
    )


async def no_host(server: str) -> tuple[str, str]:
    return "postgresql://nowhere.invalid/x", "correct the host in TOUCHLINE_DATABASE_URL"


async def silent(server: str) -> tuple[str, str]:
    return (
        f"postgresql://127.0.0.1:{SILENT.getsockname()[1]}/x",
        "it does not respond: check that PostgreSQL is running",
    )


async def no_privilege(server: str) -> tuple[str, str]:
    role = new_id("role")
    url = await new_database(server, f"CREATE ROLE {role} LOGIN")
    return as_user(url, role), "let the role of TOUCHLINE_DATABASE_URL own its database"


async def no_privilege_on_tables(server: str) -> tuple[str, str]:
    role, url = new_id("role"), await new_database(server)
    await opened(url)
    await on_server(url, f"CREATE ROLE {role} LOGIN")
    return as_user(url, role), "let the role of TOUCHLINE_DATABASE_URL own its database"


async def may_not_connect(server: str) -> tuple[str, str]:
    role, url = new_id("role"), await new_database(server)
    name = urlsplit(url).path[1:]
    await on_server(url, f"CREATE ROLE {role} LOGIN", f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    return as_user(url, role), "let the role of TOUCHLINE_DATABASE_URL own its database"


async def too_many(server: str) -> tuple[str, str]:
    role = new_id("role")
    url = await new_database(server, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    return as_user(url, role), "lower maxsize in the URLs, or raise PostgreSQL's max_connections"


async def anothers(server: str) -> tuple[str, str]:
    url = await new_database(server, "CREATE TABLE auth_user (id int)", "CREATE TABLE django_migrations (id int)")
    return url, "it has tables that Touchline did not create (auth_user, django_migrations). Give Touchline a database"


async def no_schema(server: str) -> tuple[str, str]:
    return f"{await new_database(server)}&schema=nowhere", "its schema does not exist"


async def of_a_newer_release(server: str) -> tuple[str, str]:
    url = await new_database(server)
    await opened(url)
    later = "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('touchline', '0999_later', now())"
    await on_server(url, later)
    return (
        url,
        "this release does not have 0999_later. Install that release again, or restore the backup",
    )


SILENT = socket.create_server(("127.0.0.1", 0))
"""Takes connections and says nothing."""


@pytest.mark.parametrize(
    "spoil",
    [
        no_database,
        no_role,
        unreachable,
        no_host,
        silent,
        no_privilege,
        no_privilege_on_tables,
        may_not_connect,
        too_many,
        anothers,
        no_schema,
        of_a_newer_release,
    ],
)
async def test_a_postgresql_that_cannot_be_used(
    postgres_server: str, spoil: Callable[[str], Awaitable[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database.CONNECT_TIMEOUT_SECONDS == 5
    url, said = await spoil(postgres_server)
    if spoil is silent:
        monkeypatch.setattr(database, "CONNECT_TIMEOUT_SECONDS", 0.1)
    try:
        with pytest.raises(OSError) as refusal:
            await opened(url)
    finally:
        await close_database()
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_a_schema_of_its_own_beside_another_program_s_tables(postgres_server: str) -> None:
    url = await new_database(postgres_server, "CREATE TABLE auth_user (id int)", "CREATE SCHEMA own")
    await open_database(f"{url}&schema=own")
    try:
        assert "0001_initial" in "".join(await migrate())
    finally:
        await close_database()
