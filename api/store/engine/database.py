"""Open the database that the settings name, and bring its tables up to date."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from asyncpg import InsufficientPrivilegeError
from tortoise import Tortoise
from tortoise.connection import get_connection

from api.store.engine.availability import database_away, in_a_line
from api.store.engine.corruption import database_corrupt, driver_error, watch_file
from api.store.engine.database_url import connection_of
from api.store.engine.migration_executor import SchemaMigrationExecutor
from api.store.engine.opening import OPENING, OWN, why_not_opened
from api.store.engine.schema_check import check_schema
from api.store.engine.sqlite_file import prepare
from api.store.engine.sqlite_readers import open_readers
from api.store.engine.transactions import forget_dialect

log = logging.getLogger("touchline.store")

PATIENCE = 2.0
"""Seconds that connections get to close in good order."""
MIGRATION_LOCK = 7_280_114_001
"""PostgreSQL's advisory lock that lets one ``migrate`` run at a time."""
CONNECT_SECONDS = 5.0
"""How long a database may take to answer when a process starts; the URL's ``timeout`` sets another."""

MODELS = {"models": ["api.models"], "migrations": "api.migrations", "default_connection": "default"}


async def open_database(url: str) -> None:
    """Connect. Call close_database before opening another.

    Raises ValueError for a URL that cannot be used, and ConnectionError with a sentence for whatever keeps the
    database from being used; then nothing stays open.
    """
    forget_dialect()
    connection = connection_of(url)
    if "file_path" in connection["credentials"]:
        await asyncio.to_thread(prepare, connection["credentials"]["file_path"])
    config: dict[str, Any] = {
        "connections": {"default": connection},
        "apps": {"touchline": MODELS},
        "use_tz": True,
        "timezone": "UTC",
    }
    try:
        await Tortoise.init(config=config, _enable_global_fallback=True)
        async with asyncio.timeout(connection["credentials"].get("timeout", CONNECT_SECONDS)):
            # Connects now, so that a wrong URL is heard at once.
            await get_connection("default").execute_query("SELECT 1")
            await open_readers(get_connection("default"))
    except BaseException as problem:
        await close_database()  # a connection that stays open keeps the process from ending
        if not isinstance(problem, OPENING):
            raise
        raise ConnectionError(f"the database cannot be opened: {why_not_opened(problem)}") from problem
    watch_file(connection["credentials"].get("file_path"))


async def close_database() -> None:
    """Close every connection: in good order, or where the database does not answer, at once."""
    watch_file(None)
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
    except ConnectionError:
        raise
    except Exception as problem:
        if isinstance(driver_error(problem), InsufficientPrivilegeError):
            raise PermissionError(f"{in_a_line(problem)}: {OWN}") from problem
        if database_away(problem) or database_corrupt(problem):
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
        await check_schema()
        await SchemaMigrationExecutor(connection, {"touchline": MODELS}).migrate(progress=report)
        return applied
    async with connection.acquire_connection() as holder:
        await holder.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        try:
            await check_schema()
            await SchemaMigrationExecutor(connection, {"touchline": MODELS}).migrate(progress=report)
        finally:
            await holder.execute(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})")
    return applied
