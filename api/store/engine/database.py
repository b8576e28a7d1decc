"""Opens, migrates and closes the database."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from asyncpg import InsufficientPrivilegeError
from tortoise import Tortoise
from tortoise.connection import get_connection

from api.store.engine.faults.availability import database_unavailable, one_line
from api.store.engine.faults.corruption import driver_error, is_corrupt, watch_file
from api.store.engine.opening.database_url import connection_settings
from api.store.engine.opening.migration_executor import LazyMigrationExecutor
from api.store.engine.opening.opening_errors import OPENING_ERRORS, OWN_DATABASE_ADVICE, describe_opening_error
from api.store.engine.opening.schema_check import check_schema
from api.store.engine.opening.sort_order import LANGUAGE_ORDER_WARNING, sorts_by_language
from api.store.engine.opening.timeline import check_timeline
from api.store.engine.sqlite.sqlite_file import prepare_file
from api.store.engine.sqlite.sqlite_readers import open_readers
from api.store.engine.sqlite.write_queue import queue_writes
from api.store.engine.transactions import forget_dialect

log = logging.getLogger("touchline.store")

CLOSE_TIMEOUT_SECONDS = 2.0
"""How long closing the connections may take."""
MIGRATION_LOCK_KEY = 7_280_114_001
"""Key of PostgreSQL's advisory lock, so that one ``migrate`` runs at a time."""
CONNECT_TIMEOUT_SECONDS = 5.0
"""How long connecting may take when a process starts. The parameter ``timeout`` of the URL overrides it."""

TORTOISE_APP = {"models": ["api.models"], "migrations": "api.migrations", "default_connection": "default"}


@dataclass(slots=True)
class _Open:
    """The open database.

    It keeps the dialect, because a request reads it a dozen times, and tortoise needs microseconds for it.
    """

    dialect: str = ""


_open = _Open()


async def open_database(url: str) -> None:
    """Connect. Call close_database before opening another.

    Raises ValueError for an invalid URL, and ConnectionError with a sentence if the database cannot be used. Then no
    connection stays open.
    """
    forget_dialect()
    connection = connection_settings(url)
    if "file_path" in connection["credentials"]:
        await asyncio.to_thread(prepare_file, connection["credentials"]["file_path"])
    else:
        connection["credentials"] |= {"init": check_timeline, "reset": _keep_session}
    config: dict[str, Any] = {
        "connections": {"default": connection},
        "apps": {"touchline": TORTOISE_APP},
        "use_tz": True,
        "timezone": "UTC",
    }
    try:
        await Tortoise.init(config=config, _enable_global_fallback=True)
        _open.dialect = get_connection("default").capabilities.dialect
        async with asyncio.timeout(connection["credentials"].get("timeout", CONNECT_TIMEOUT_SECONDS)):
            # Connect now, so that a wrong URL is reported at the start.
            queue_writes(get_connection("default"))
            await get_connection("default").execute_query("SELECT 1")
            await open_readers(get_connection("default"))
    except BaseException as problem:
        await close_database()  # an open connection would keep the process alive
        if not isinstance(problem, OPENING_ERRORS):
            raise
        raise ConnectionError(f"the database cannot be opened: {describe_opening_error(problem)}") from problem
    watch_file(connection["credentials"].get("file_path"))


async def _keep_session(_: object) -> None:
    """Return a connection to the pool without a query, because no statement here changes settings of its session.

    asyncpg rolls back an open transaction and removes listeners before it calls this. Its default also sends RESET ALL,
    which costs every transaction and every single statement one more round trip.
    """


async def close_database() -> None:
    """Close every connection; break those that do not close in time."""
    watch_file(None)
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):  # the cancellation makes the driver break open connections
            await Tortoise.close_connections()


def is_postgres() -> bool:
    """Say whether the open database is PostgreSQL."""
    return _open.dialect == "postgres"


async def migrate() -> list[str]:
    """Apply the missing migrations, one process at a time. Returns their names.

    Raises PermissionError if the role may not create tables, and ConnectionError if the database is unavailable.
    """
    try:
        applied = await _migrate()
    except ConnectionError:
        raise
    except Exception as problem:
        if isinstance(driver_error(problem), InsufficientPrivilegeError):
            raise PermissionError(f"{one_line(problem)}: {OWN_DATABASE_ADVICE}") from problem
        if database_unavailable(problem) or is_corrupt(problem):
            raise ConnectionError(f"the migrations cannot be applied: {one_line(problem)}") from problem
        raise
    if applied:
        log.info("applied the migrations %s", ", ".join(applied))
        if is_postgres() and await sorts_by_language():
            log.warning(LANGUAGE_ORDER_WARNING)
    return applied


async def _migrate() -> list[str]:
    connection = get_connection("default")
    applied: list[str] = []

    def report(event: str, _app: str, name: str) -> None:
        if event == "apply_done":
            applied.append(name)

    if not is_postgres():
        if not await check_schema():
            await LazyMigrationExecutor(connection, {"touchline": TORTOISE_APP}).migrate(progress=report)
        return applied
    # A lock of a transaction, because a pooler may give the next statement of a session to another connection.
    async with connection.acquire_connection() as holder, holder.transaction():
        await holder.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await holder.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK_KEY})")
        if not await check_schema():
            await LazyMigrationExecutor(connection, {"touchline": TORTOISE_APP}).migrate(progress=report)
    return applied
