"""Tell a database that is away for the moment from a fault of ours."""

import logging
import sqlite3

from asyncpg import InterfaceError, PostgresConnectionError, TooManyConnectionsError
from asyncpg.exceptions import (
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    ReadOnlySQLTransactionError,
    TargetServerAttributeNotMatched,
)
from tortoise.exceptions import OperationalError, TransactionManagementError

log = logging.getLogger("touchline.store")

POSTGRES = (
    OSError,  # whatever keeps a connection from being made
    PostgresConnectionError,
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    TooManyConnectionsError,
    ReadOnlySQLTransactionError,  # a standby, until it takes over
    TargetServerAttributeNotMatched,  # the same, where the URL asks for another one
)
SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
    }
)
PRIMARY = 0xFF
"""The byte of SQLite's code that says what kind of trouble it is."""


def told_away(problem: BaseException | None) -> bool:
    """Say whether the database is away, and if so log it: in a line, since it is no fault of ours."""
    away = database_away(problem)
    if away and problem is not None:
        log.warning("the database is away: %s", in_a_line(problem))
    return away


def in_a_line(problem: BaseException) -> str:
    """Return what an error says, in one line; where it says nothing, its name."""
    return " ".join(str(problem).split()) or type(problem).__name__


def database_away(problem: BaseException | None) -> bool:
    """Say whether the database does not answer, is locked by another program, or may only be read.

    Later, the same may go well.
    """
    problem = _driver_s(problem)
    if isinstance(problem, sqlite3.Error):
        return _code(problem) in SQLITE
    if isinstance(problem, InterfaceError):
        return "closed" in str(problem) or "closing" in str(problem)
    return isinstance(problem, POSTGRES)


def read_only(problem: BaseException) -> bool:
    """Say whether the database answers and takes no changes."""
    own = _driver_s(problem)
    if isinstance(own, sqlite3.Error):
        return _code(own) == sqlite3.SQLITE_READONLY
    return isinstance(own, ReadOnlySQLTransactionError)


def _driver_s(problem: BaseException | None) -> BaseException | None:
    """Return the driver's own error where tortoise has wrapped it."""
    if not isinstance(problem, OperationalError | TransactionManagementError):
        return problem
    return problem.args[0] if problem.args and isinstance(problem.args[0], Exception) else problem


def _code(problem: sqlite3.Error) -> int:
    return getattr(problem, "sqlite_errorcode", 0) & PRIMARY
