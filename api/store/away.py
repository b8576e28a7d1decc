"""Tell a database that is away for the moment from a fault of ours."""

import logging
import sqlite3

from asyncpg import InterfaceError, PostgresConnectionError, TooManyConnectionsError
from asyncpg.exceptions import AdminShutdownError, CannotConnectNowError, CrashShutdownError
from tortoise.exceptions import OperationalError

log = logging.getLogger("touchline.store")

POSTGRES = (
    OSError,  # whatever keeps a connection from being made
    PostgresConnectionError,
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    TooManyConnectionsError,
)
SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    }
)
PRIMARY = 0xFF
"""The byte of SQLite's code that says what kind of trouble it is."""


def told_away(problem: BaseException | None) -> bool:
    """Say whether the database is away, and if so log it: in a line, since it is no fault of ours."""
    away = database_away(problem)
    if away:
        log.warning("the database is away: %s", problem)
    return away


def database_away(problem: BaseException | None) -> bool:
    """Say whether the database does not answer, or is locked by another program: later, the same may go well."""
    if isinstance(problem, OperationalError) and problem.args and isinstance(problem.args[0], Exception):
        problem = problem.args[0]  # what tortoise has wrapped
    if isinstance(problem, sqlite3.Error):
        return getattr(problem, "sqlite_errorcode", 0) & PRIMARY in SQLITE
    if isinstance(problem, InterfaceError):
        return "closed" in str(problem) or "closing" in str(problem)
    return isinstance(problem, POSTGRES)
