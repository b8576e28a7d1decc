"""Checks for /ready that the database accepts writes."""

import asyncio
import errno
import sqlite3
from pathlib import Path
from typing import Any, cast

from asyncpg.exceptions import DiskFullError
from tortoise.connection import get_connection

from api.ids import new_id
from api.store.engine.database import is_postgres
from api.store.engine.faults.corruption import driver_error, sqlite_code
from api.store.engine.sql import execute
from api.store.engine.sqlite.sqlite_file import MEMORY
from api.store.engine.transactions import transaction
from plugins.private_files import try_writing

DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class _RollbackError(Exception):
    """Rolls the probe's transaction back."""


async def probe_write() -> None:
    """Write a row and roll back. Raises the error of the database, or of the disk of a SQLite file.

    SQLite writes to the disk only at the commit, so a file next to the database shows whether there is space.
    """
    try:
        async with transaction():
            await execute("INSERT INTO tz_database (id, fingerprint) VALUES ($1, '')", new_id("try"))
            raise _RollbackError
    except _RollbackError:
        pass
    if not is_postgres():
        file = cast(Any, get_connection("default")).filename
        if file != MEMORY:
            await asyncio.to_thread(_try_writing_next_to, file)


def _try_writing_next_to(file: str) -> None:
    try_writing(Path(file).absolute().parent)


def is_disk_full(problem: BaseException) -> bool:
    """Say whether an error means that the database's disk is full."""
    error = driver_error(problem)
    if isinstance(error, sqlite3.Error):
        return sqlite_code(error) == sqlite3.SQLITE_FULL
    return isinstance(error, DiskFullError) or (isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS)
