"""Recognizes a damaged database or a missing SQLite file. A retry does not help: an operator must act."""

import os
import sqlite3

from asyncpg.exceptions import DataCorruptedError, IndexCorruptedError, UndefinedTableError
from tortoise.exceptions import OperationalError, TransactionManagementError

POSTGRES_ERRORS = (
    DataCorruptedError,
    IndexCorruptedError,
    UndefinedTableError,  # the database was recreated without its tables
)
SQLITE_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
SQLITE_MESSAGES = ("no such table", "Could not decode to UTF-8")
"""How SQLite's messages without a specific code begin: a table is missing, or a text is not UTF-8."""
PRIMARY_CODE_MASK = 0xFF
"""Mask of the primary result code in SQLite's extended result codes."""


class FileGoneError(sqlite3.OperationalError):
    """The open SQLite file was deleted or replaced, so writes would be lost."""


class _OpenFile:
    """The open SQLite file, if any. ``open_database`` sets it; every statement reads it."""

    path = ""
    identity: tuple[int, int] | None = None


def watch_file(path: str | None) -> None:
    """Remember the open file; None or ``:memory:`` means that there is no file."""
    _OpenFile.identity = None
    if path and path != ":memory:":
        _OpenFile.path = os.path.abspath(path)
        _OpenFile.identity = _identity(_OpenFile.path)


def check_file_in_place() -> None:
    """Check that the open file has not been deleted or replaced. Raises FileGoneError.

    SQLite continues to use a deleted file, and all writes would be lost when the process ends.
    """
    if _OpenFile.identity is not None and _identity(_OpenFile.path) != _OpenFile.identity:
        raise FileGoneError("the database's file was deleted or replaced while it is open")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def is_corrupt(problem: BaseException | None) -> bool:
    """Say whether an error means that the database is damaged, or that its tables or its file are missing."""
    problem = driver_error(problem)
    if isinstance(problem, sqlite3.Error):
        damaged = sqlite_code(problem) in SQLITE_CODES or str(problem).startswith(SQLITE_MESSAGES)
        return damaged or isinstance(problem, FileGoneError)
    return isinstance(problem, POSTGRES_ERRORS)


def driver_error(problem: BaseException | None) -> BaseException | None:
    """Return the driver's error if tortoise has wrapped it, else the error itself."""
    if not isinstance(problem, OperationalError | TransactionManagementError):
        return problem
    return problem.args[0] if problem.args and isinstance(problem.args[0], Exception) else problem


def sqlite_code(problem: sqlite3.Error) -> int:
    """Return the primary result code of an SQLite error; 0 if Python's module raised it itself."""
    return getattr(problem, "sqlite_errorcode", 0) & PRIMARY_CODE_MASK
