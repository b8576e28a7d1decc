"""Write to the database, and take it back: what /ready asks."""

import asyncio
import errno
import sqlite3
from pathlib import Path
from typing import Any, cast

from asyncpg.exceptions import DiskFullError
from tortoise.connection import get_connection

from api.ids import new_id
from api.store.engine.corruption import driver_error, sqlite_code
from api.store.engine.database import is_postgres
from api.store.engine.sql import run
from api.store.engine.sqlite_file import MEMORY
from api.store.engine.transactions import transaction
from plugins.private_files import try_writing

DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class _RollbackError(Exception):
    """Ends the transaction of a trial."""


async def probe_write() -> None:
    """Write a row and take it back. Raises what the database, or the disk of a SQLite file, raises.

    SQLite writes a transaction to the disk only when it is committed: so a file beside the database tells whether
    there is space.
    """
    try:
        async with transaction():
            await run("INSERT INTO tz_database (id, fingerprint) VALUES ($1, '')", new_id("try"))
            raise _RollbackError
    except _RollbackError:
        pass
    if not is_postgres():
        file = cast(Any, get_connection("default")).filename
        if file != MEMORY:
            await asyncio.to_thread(_try_file_beside, file)


def _try_file_beside(file: str) -> None:
    try_writing(Path(file).absolute().parent)


def is_disk_full(problem: BaseException) -> bool:
    """Say whether an error means that the database's disk is full."""
    own = driver_error(problem)
    if isinstance(own, sqlite3.Error):
        return sqlite_code(own) == sqlite3.SQLITE_FULL
    return isinstance(own, DiskFullError) or (isinstance(own, OSError) and own.errno in DISK_FULL_ERRNOS)
