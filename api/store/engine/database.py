"""Open the database that the settings name, and bring its tables up to date."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from asyncpg import InsufficientPrivilegeError
from tortoise import Tortoise
from tortoise.connection import get_connection

from api.store.engine.availability import database_unavailable, one_line
from api.store.engine.corruption import driver_error, is_corrupt, watch_file
from api.store.engine.database_url import connection_settings
from api.store.engine.migration_executor import SchemaMigrationExecutor
from api.store.engine.opening import OPENING_ERRORS, OWN_DATABASE_ADVICE, describe_opening_error
from api.store.engine.schema_check import check_schema
from api.store.engine.sqlite_file import prepare_file
from api.store.engine.sqlite_readers import open_readers
from api.store.engine.transactions import forget_dialect

log = logging.getLogger("touchline.store")

CLOSE_TIMEOUT_SECONDS = 2.0
"""Seconds that connections get to close in good order."""
MIGRATION_LOCK_KEY = 7_280_114_001
"""PostgreSQL's advisory lock that lets one ``migrate`` run at a time."""
CONNECT_TIMEOUT_SECONDS = 5.0
"""How long a database may take to answer when a process starts; the URL's ``timeout`` sets another."""

TORTOISE_APP = {"models": ["api.models"], "migrations": "api.migrations", "default_connection": "default"}


async def open_database(url: str) -> None:
    """Connect. Call close_database before opening another.

    Raises ValueError for a URL that cannot be used, and ConnectionError with a sentence for whatever keeps the
    database from being used; then nothing stays open.
    """
    forget_dialect()
    connection = connection_settings(url)
    if "file_path" in connection["credentials"]:
        await asyncio.to_thread(prepare_file, connection["credentials"]["file_path"])
    config: dict[str, Any] = {
        "connections": {"default": connection},
        "apps": {"touchline": TORTOISE_APP},
        "use_tz": True,
        "timezone": "UTC",
    }
    try:
        await Tortoise.init(config=config, _enable_global_fallback=True)
        async with asyncio.timeout(connection["credentials"].get("timeout", CONNECT_TIMEOUT_SECONDS)):
            # Connects now, so that a wrong URL is heard at once.
            await get_connection("default").execute_query("SELECT 1")
            await open_readers(get_connection("default"))
    except BaseException as problem:
        await close_database()  # a connection that stays open keeps the process from ending
        if not isinstance(problem, OPENING_ERRORS):
            raise
        raise ConnectionError(f"the database cannot be opened: {describe_opening_error(problem)}") from problem
    watch_file(connection["credentials"].get("file_path"))


async def close_database() -> None:
    """Close every connection: in good order, or where the database does not answer, at once."""
    watch_file(None)
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):  # its cancelling makes the driver break what is left
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
            raise PermissionError(f"{one_line(problem)}: {OWN_DATABASE_ADVICE}") from problem
        if database_unavailable(problem) or is_corrupt(problem):
            raise ConnectionError(f"the tables cannot be brought up to date: {one_line(problem)}") from problem
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
        await SchemaMigrationExecutor(connection, {"touchline": TORTOISE_APP}).migrate(progress=report)
        return applied
    async with connection.acquire_connection() as holder:
        await holder.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK_KEY})")
        try:
            await check_schema()
            await SchemaMigrationExecutor(connection, {"touchline": TORTOISE_APP}).migrate(progress=report)
        finally:
            await holder.execute(f"SELECT pg_advisory_unlock({MIGRATION_LOCK_KEY})")
    return applied
