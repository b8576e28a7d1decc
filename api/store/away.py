"""Tell a database that is away for the moment from a fault of ours."""

import logging
import sqlite3

from asyncpg import InterfaceError, PostgresConnectionError
from asyncpg.exceptions import (
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    InsufficientPrivilegeError,
    InsufficientResourcesError,
    InvalidAuthorizationSpecificationError,
    InvalidCatalogNameError,
    ReadOnlySQLTransactionError,
    TargetServerAttributeNotMatched,
)

from api.store.corruption import database_corrupt, driver_error, sqlite_code

log = logging.getLogger("touchline.store")

POSTGRES = (
    OSError,  # whatever keeps a connection from being made
    PostgresConnectionError,
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    InsufficientResourcesError,  # too many connections, no memory, or no space on the disk
    InvalidAuthorizationSpecificationError,  # also a wrong password: it was changed while this process runs
    InsufficientPrivilegeError,
    InvalidCatalogNameError,  # the database was dropped: restoring it under its name helps
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


def told_away(problem: BaseException | None) -> bool:
    """Say whether the fault is the database's (it is away, or damaged), and if so log it in one line."""
    away, corrupt = database_away(problem), database_corrupt(problem)
    if problem is not None and corrupt:
        log.error("the database is damaged: %s", in_a_line(problem))
    elif problem is not None and away:
        log.warning("the database is away: %s", in_a_line(problem))
    return away or corrupt


def in_a_line(problem: BaseException) -> str:
    """Return what an error says, in one line; where it says nothing, its name."""
    return " ".join(str(problem).split()) or type(problem).__name__


def database_away(problem: BaseException | None) -> bool:
    """Say whether the database does not answer, is locked by another program, or may only be read.

    Later, the same may go well.
    """
    problem = driver_error(problem)
    if isinstance(problem, sqlite3.Error):
        return sqlite_code(problem) in SQLITE
    if isinstance(problem, InterfaceError):
        return "closed" in str(problem) or "closing" in str(problem)
    return isinstance(problem, POSTGRES)


def read_only(problem: BaseException) -> bool:
    """Say whether the database answers and takes no changes."""
    own = driver_error(problem)
    if isinstance(own, sqlite3.Error):
        return sqlite_code(own) == sqlite3.SQLITE_READONLY
    return isinstance(own, ReadOnlySQLTransactionError)
