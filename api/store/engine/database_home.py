"""Recognizes a database that was restored from a backup or moved: it does not know what was sent since the copy.

The database stores its place. A copy of it is in another place: PostgreSQL gives a restored database and its tables new
ids, and a failover or a restore to an earlier moment begins a new timeline. SQLite has no such ids. So a file beside
the database has the same random text as the database, and both get a new one at each start and in each hour.
"""

import asyncio
import fcntl
import logging
import os
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from api.store.engine.database import is_postgres
from api.store.engine.faults.availability import one_line
from api.store.engine.faults.corruption import driver_error
from api.store.engine.opening.durability import main_file
from api.store.engine.opening.timeline import COPY_ADVICE, FAILED_OVER, TIMELINE_SQL, remember_timeline
from api.store.engine.sql import execute

log = logging.getLogger("touchline.store")

RESTORED = f"the database was restored from a backup, or moved. {COPY_ADVICE}."
SUFFIX = "-home"
"""The end of the name of the file beside a SQLite database."""
PLACE_SQL = f"""
SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || d.oid || '/' || to_regclass('send')::oid
 AS place, {TIMELINE_SQL} AS timeline, trim(current_setting('synchronous_standby_names')) <> ''
 AND current_setting('synchronous_commit') NOT IN ('off', 'local') AS waits
FROM pg_database AS d WHERE d.datname = current_database()
"""
STORED_SQL = "SELECT place, timeline FROM database_home"
STORE_SQL = """
INSERT INTO database_home (id, place, timeline) VALUES (1, $1, $2)
ON CONFLICT (id) DO UPDATE SET place = excluded.place, timeline = excluded.timeline
"""
PLACE_IN_FILE_SQL = "SELECT place FROM database_home"
STORE_IN_FILE_SQL = STORE_SQL.replace("$1", "?").replace("$2", "NULL")
UNKNOWN_PLACE_ERRORS = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedFunctionError,
    asyncpg.FeatureNotSupportedError,
)
"""Errors of managed services that do not tell where the database is. Then a restored one is not recognized."""


@dataclass(slots=True)
class _SqliteFile:
    """The SQLite file that this process has checked, or an empty text. Only ``_enter_sqlite`` writes it."""

    path: str = ""


_sqlite = _SqliteFile()


async def check_home() -> None:
    """Check that the open database is not a copy, and store its place. Raises ConnectionError."""
    await (_enter_postgres(accept=False) if is_postgres() else _enter_sqlite(accept=False))


async def renew_home() -> None:
    """Give the SQLite database of this process a new place, so that an older backup in the same folder is recognized.

    It does nothing if this process did not call ``check_home``.
    """
    if not _sqlite.path or is_postgres() or await main_file() != _sqlite.path:
        return
    try:
        await check_home()
    except ConnectionError as problem:
        log.error("%s", problem)


async def accept_home() -> None:
    """Store the place of the open database: from now on it is not a copy."""
    await (_enter_postgres(accept=True) if is_postgres() else _enter_sqlite(accept=True))


async def _enter_postgres(*, accept: bool) -> None:
    try:
        (found,) = await execute(PLACE_SQL)
    except Exception as problem:
        if isinstance(driver_error(problem), UNKNOWN_PLACE_ERRORS):
            return
        raise
    timeline = None if found["waits"] else found["timeline"]
    row = next(iter(await execute(STORED_SQL)), None)
    if row is not None and not accept:
        if row["place"] != found["place"]:
            raise ConnectionError(RESTORED)
        if row["timeline"] is not None and found["timeline"] not in {None, row["timeline"]}:
            raise ConnectionError(FAILED_OVER)
    if row is None or (row["place"], row["timeline"]) != (found["place"], timeline):
        await execute(STORE_SQL, found["place"], timeline)
    remember_timeline(timeline)


async def _enter_sqlite(*, accept: bool) -> None:
    file = await main_file()
    if not file:
        return
    _sqlite.path = file
    try:
        await asyncio.to_thread(_enter_file, Path(file), accept)
    except ConnectionError:
        raise
    except (OSError, sqlite3.Error) as problem:
        raise ConnectionError(f"{file} and {file}{SUFFIX} cannot be written: {one_line(problem)}.") from problem


def _enter_file(file: Path, accept: bool) -> None:
    """Give the database and the file beside it a new text. The file has the old one too until the new one is stored."""
    home = os.open(f"{file}{SUFFIX}", os.O_RDWR | os.O_CREAT, 0o600)
    with (
        os.fdopen(home, "r+", encoding="ascii", errors="replace") as beside,
        closing(sqlite3.connect(file)) as connection,
    ):
        fcntl.flock(beside, fcntl.LOCK_EX)  # two processes may start at once
        (old,) = connection.execute(PLACE_IN_FILE_SQL).fetchone() or ("",)
        if old and not accept and old not in beside.read().split():
            raise ConnectionError(RESTORED)
        new = secrets.token_hex(8)
        _write(beside, f"{old} {new}")
        connection.execute(STORE_IN_FILE_SQL, (new,))
        connection.commit()
        _write(beside, new)


def _write(file: Any, text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(f"{text}\n")
    file.flush()
    os.fsync(file.fileno())
