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
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from api.store.engine.database import is_postgres
from api.store.engine.faults.availability import one_line
from api.store.engine.faults.corruption import driver_error
from api.store.engine.opening.durability import main_file
from api.store.engine.opening.timeline import (
    COPY_ADVICE,
    FAILED_OVER,
    TIMELINE_SQL,
    remember_timeline,
    watches_timeline,
)
from api.store.engine.sql import execute
from plugins.private_files import PRIVATE_FILE

log = logging.getLogger("touchline.store")

RESTORED = "the database was restored from a backup, or moved"
READ_ONLY = "this PostgreSQL is a standby, which cannot be written. Let TOUCHLINE_DATABASE_URL name its primary."
SUFFIX = "-home"
"""The end of the name of the file beside a SQLite database."""
MAX_BYTES = 100
"""The most bytes of this file that are read. It has 34."""
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
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InternalServerError,
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

    On PostgreSQL, stop to watch for failovers if it waits for standbys by now. Then a failover loses no commit.
    It does nothing if this process did not call ``check_home``.
    """
    if not (watches_timeline() if is_postgres() else _sqlite.path and await main_file() == _sqlite.path):
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
    if found["timeline"] is None:
        raise ConnectionError(READ_ONLY)
    timeline = None if found["waits"] else found["timeline"]
    row = next(iter(await execute(STORED_SQL)), None)
    if row is not None and not accept:
        if row["place"] != found["place"]:
            raise ConnectionError(f"{RESTORED}, such as by pg_upgrade. {COPY_ADVICE}.")
        if row["timeline"] not in {None, found["timeline"]}:
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
    with _beside(file) as home, closing(sqlite3.connect(file)) as connection:
        fcntl.flock(home, fcntl.LOCK_EX)  # two processes may start at once
        (old,) = connection.execute(PLACE_IN_FILE_SQL).fetchone() or ("",)
        if old and not accept and old not in os.pread(home, MAX_BYTES, 0).decode("ascii", "replace").split():
            raise ConnectionError(f"{RESTORED} without {file.name}{SUFFIX}. {COPY_ADVICE}.")
        new = secrets.token_hex(8)
        _write(home, old or new, new)
        connection.execute(STORE_IN_FILE_SQL, (new,))
        connection.commit()
        _write(home, new, new)


@contextmanager
def _beside(file: Path) -> Iterator[int]:
    """Open the file beside a database, and create it if it is missing. Yields its descriptor.

    A new one gets the owner and the permissions of the database: another user may have run ``touchline recover``.
    """
    home = os.open(f"{file}{SUFFIX}", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        if not os.fstat(home).st_size:
            database = file.stat()
            with suppress(PermissionError):
                os.fchown(home, database.st_uid, database.st_gid)
            with suppress(PermissionError):
                os.fchmod(home, stat.S_IMODE(database.st_mode))
        yield home
    finally:
        os.close(home)


def _write(home: int, *texts: str) -> None:
    """Write two texts over the two before, so that neither a full disk nor a loss of power empties the file."""
    os.ftruncate(home, os.pwrite(home, f"{' '.join(texts)}\n".encode("ascii"), 0))
    os.fsync(home)
