"""Tell a database that is damaged, or whose file was taken away: trying again does not help, its operator must act."""

import os
import sqlite3

from asyncpg.exceptions import DataCorruptedError, IndexCorruptedError, UndefinedTableError
from tortoise.exceptions import OperationalError, TransactionManagementError

POSTGRES_ERRORS = (
    DataCorruptedError,
    IndexCorruptedError,
    UndefinedTableError,  # the database was made again, without its tables
)
SQLITE_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
SQLITE_MESSAGES = ("no such table", "Could not decode to UTF-8")
"""How errors of SQLite begin that have no code of their own: a table was removed, or a text was overwritten."""
PRIMARY_CODE_MASK = 0xFF
"""The byte of SQLite's code that says what kind of error it is."""


class FileGoneError(sqlite3.OperationalError):
    """The SQLite file was deleted or replaced while it is open: what is written goes nowhere."""


class _OpenFile:
    """The SQLite file that is open, if one is. ``open_database`` writes it, each statement reads it."""

    path = ""
    identity: tuple[int, int] | None = None


def watch_file(path: str | None) -> None:
    """Remember which file was opened; None or SQLite's memory is no file."""
    _OpenFile.identity = None
    if path and path != ":memory:":
        _OpenFile.path = os.path.abspath(path)
        _OpenFile.identity = _identity(_OpenFile.path)


def check_file_in_place() -> None:
    """Check that the open file still is where it was. Raises FileGoneError.

    SQLite goes on with a file that has no name any more: everything would be lost when the process ends.
    """
    if _OpenFile.identity is not None and _identity(_OpenFile.path) != _OpenFile.identity:
        raise FileGoneError("the database's file was deleted or replaced while it is open")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def is_corrupt(problem: BaseException | None) -> bool:
    """Say whether the database is damaged, lacks tables, or has lost its file."""
    problem = driver_error(problem)
    if isinstance(problem, sqlite3.Error):
        damaged = sqlite_code(problem) in SQLITE_CODES or str(problem).startswith(SQLITE_MESSAGES)
        return damaged or isinstance(problem, FileGoneError)
    return isinstance(problem, POSTGRES_ERRORS)


def driver_error(problem: BaseException | None) -> BaseException | None:
    """Return the driver's own error where tortoise has wrapped it."""
    if not isinstance(problem, OperationalError | TransactionManagementError):
        return problem
    return problem.args[0] if problem.args and isinstance(problem.args[0], Exception) else problem


def sqlite_code(problem: sqlite3.Error) -> int:
    """Return the kind of an error of SQLite; 0 where the error comes from Python's module itself."""
    return getattr(problem, "sqlite_errorcode", 0) & PRIMARY_CODE_MASK
