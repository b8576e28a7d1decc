"""Open the database that the settings name, and bring its tables up to date."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from asyncpg import InsufficientPrivilegeError, InterfaceError, InternalClientError, PostgresError
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.exceptions import BaseORMException, OperationalError
from tortoise.migrations.executor import MigrationExecutor

from api.store.away import database_away, in_a_line
from api.store.database_url import connection_of
from api.store.transactions import forget_dialect

log = logging.getLogger("touchline.store")

PATIENCE = 2.0
"""Seconds that connections get to close in good order."""
MIGRATION_LOCK = 7_280_114_001
"""PostgreSQL's advisory lock that lets one ``migrate`` run at a time."""
OWN = "let the role of TOUCHLINE_DATABASE_URL own its database, as docs/operations.md shows"

MODELS = {"models": ["api.models"], "migrations": "api.migrations", "default_connection": "default"}


async def open_database(url: str) -> None:
    """Connect. Call close_database before opening another.

    Raises ValueError for a URL that cannot be used, and ConnectionError when the database does not answer.
    """
    forget_dialect()
    config: dict[str, Any] = {
        "connections": {"default": connection_of(url)},
        "apps": {"touchline": MODELS},
        "use_tz": True,
        "timezone": "UTC",
    }
    await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        await get_connection("default").execute_query("SELECT 1")  # connects now, so that a wrong URL is heard at once
    except (OSError, BaseORMException, PostgresError, InterfaceError, InternalClientError) as problem:
        raise ConnectionError(f"the database cannot be opened: {in_a_line(problem)}") from problem


async def close_database() -> None:
    """Close every connection: in good order, or where the database does not answer, at once."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):  # its cancelling makes the driver break what is left
            await Tortoise.close_connections()


def is_postgres() -> bool:
    """Say whether the open database is PostgreSQL."""
    return bool(get_connection("default").capabilities.dialect == "postgres")


async def migrate() -> list[str]:
    """Bring the tables up to date, one process at a time. Returns the names of the migrations that were applied.

    Raises PermissionError where the role may make no tables, and ConnectionError where the database is away.
    """
    try:
        applied = await _migrate()
    except Exception as problem:
        if isinstance(problem, OperationalError) and isinstance(problem.args[0], InsufficientPrivilegeError):
            raise PermissionError(f"{in_a_line(problem)}: {OWN}") from problem
        if database_away(problem):
            raise ConnectionError(f"the tables cannot be brought up to date: {in_a_line(problem)}") from problem
        raise
    if applied:
        log.info("the tables were brought up to date by %s", ", ".join(applied))
    return applied


async def _migrate() -> list[str]:
    connection = get_connection("default")
    applied: list[str] = []

    def report(event: str, _app: str, name: str) -> None:
        if event == "apply_done":
            applied.append(name)

    if not is_postgres():
        await MigrationExecutor(connection, {"touchline": MODELS}).migrate(progress=report)
        return applied
    async with connection.acquire_connection() as holder:
        await holder.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        try:
            await MigrationExecutor(connection, {"touchline": MODELS}).migrate(progress=report)
        finally:
            await holder.execute(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})")
    return applied
