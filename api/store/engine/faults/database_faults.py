"""Classifies database errors: whether a retry helps, and what the client gets.

Only errors of the drivers are classified. An OSError, OverflowError or ValueError counts only if its traceback shows
that a driver raised it: the same error from our code or a partner's package is a bug in that code.
"""

import re
import sqlite3
from enum import Enum

import asyncpg
from asyncpg.exceptions import (
    InvalidCachedStatementError,
    OutdatedSchemaCacheError,
    ReadOnlySQLTransactionError,
    TargetServerAttributeNotMatched,
)
from tortoise.exceptions import IntegrityError, ValidationError

from api.codes.request_errors.database import DatabaseCode
from api.codes.request_errors.inputs import InputCode
from api.codes.request_errors.queries import QueryCode
from api.codes.request_errors.requests import RequestCode
from api.store.engine.faults.corruption import driver_error, is_corrupt, sqlite_code


class DatabaseFault(Enum):
    """The kind of a database error. Its value is the message that clients get."""

    CORRUPT = DatabaseCode.DATABASE_CORRUPT.message()
    AWAY = DatabaseCode.DATABASE_AWAY.message()
    FULL = DatabaseCode.DATABASE_FULL.message()
    BUSY = DatabaseCode.DATABASE_BUSY.message()
    TIMEOUT = DatabaseCode.DATABASE_TIMEOUT.message()
    TOO_LARGE = RequestCode.TOO_LARGE.message("database")
    INVALID = QueryCode.INVALID_VALUE.message("database")
    CHANGED = InputCode.CHANGED_MEANWHILE.message("database")

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self in {DatabaseFault.AWAY, DatabaseFault.BUSY, DatabaseFault.FULL}

    @property
    def is_operational(self) -> bool:
        """Whether the state of the database is the cause, and not the request."""
        return self.is_transient or self in {DatabaseFault.CORRUPT, DatabaseFault.TIMEOUT}


FAULT_BY_SQLSTATE = {
    "08": DatabaseFault.AWAY,  # the connection
    "22": DatabaseFault.INVALID,  # a value that a column cannot store
    "23": DatabaseFault.CHANGED,  # a foreign key or a unique constraint
    "23502": DatabaseFault.INVALID,  # not null
    "23514": DatabaseFault.INVALID,  # a check constraint
    "25006": DatabaseFault.AWAY,  # read-only: a standby before its promotion
    "25P03": DatabaseFault.TIMEOUT,  # idle in a transaction
    "25P04": DatabaseFault.TIMEOUT,  # a transaction
    "28": DatabaseFault.AWAY,  # the password was changed while this process runs
    "3D000": DatabaseFault.AWAY,  # the database was dropped, and may be restored
    "40": DatabaseFault.BUSY,  # a deadlock, or a transaction that cannot be serialized
    "40002": DatabaseFault.CHANGED,
    "42501": DatabaseFault.AWAY,  # a privilege was revoked
    "53": DatabaseFault.BUSY,  # too many connections, or no memory (shared memory for locks included)
    "53100": DatabaseFault.FULL,
    "54": DatabaseFault.TOO_LARGE,  # an index row, the stack depth or the number of arguments
    "55": DatabaseFault.BUSY,  # a lock that was not granted in time
    "57": DatabaseFault.AWAY,  # the server stops or starts
    "57014": DatabaseFault.TIMEOUT,  # statement_timeout, or an operator cancelled it
    "58": DatabaseFault.AWAY,  # the server cannot read or write a file
}
"""By PostgreSQL's SQLSTATE, or its class. Other states, such as a syntax error, are bugs of Touchline."""
FAULT_BY_SQLITE_CODE = {
    sqlite3.SQLITE_BUSY: DatabaseFault.BUSY,
    sqlite3.SQLITE_LOCKED: DatabaseFault.BUSY,
    sqlite3.SQLITE_PROTOCOL: DatabaseFault.BUSY,
    sqlite3.SQLITE_SCHEMA: DatabaseFault.BUSY,
    sqlite3.SQLITE_NOMEM: DatabaseFault.BUSY,
    sqlite3.SQLITE_FULL: DatabaseFault.FULL,
    sqlite3.SQLITE_IOERR: DatabaseFault.AWAY,
    sqlite3.SQLITE_CANTOPEN: DatabaseFault.AWAY,
    sqlite3.SQLITE_READONLY: DatabaseFault.AWAY,
    sqlite3.SQLITE_PERM: DatabaseFault.AWAY,
    sqlite3.SQLITE_AUTH: DatabaseFault.AWAY,
    sqlite3.SQLITE_INTERRUPT: DatabaseFault.TIMEOUT,
    sqlite3.SQLITE_TOOBIG: DatabaseFault.TOO_LARGE,
    sqlite3.SQLITE_MISMATCH: DatabaseFault.INVALID,
    sqlite3.SQLITE_CONSTRAINT: DatabaseFault.CHANGED,
}
"""By SQLite's primary result code."""
FAULT_BY_SQLITE_CONSTRAINT = {
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: DatabaseFault.INVALID,
    sqlite3.SQLITE_CONSTRAINT_CHECK: DatabaseFault.INVALID,
}
FAULT_BY_ASYNCPG_CLASS: tuple[tuple[type[Exception], DatabaseFault], ...] = (
    (TargetServerAttributeNotMatched, DatabaseFault.AWAY),  # a standby, but the URL requires a primary
    (InvalidCachedStatementError, DatabaseFault.BUSY),  # another session has changed a table
    (OutdatedSchemaCacheError, DatabaseFault.BUSY),
)
"""Errors of asyncpg that have no SQLSTATE, or one that is too general."""
FAULT_BY_TEXT = (
    (re.compile(r"closed|closing|no active connection"), DatabaseFault.AWAY),
    (
        re.compile(
            r"too many (SQL )?(variables|terms|columns|arguments|FROM)|too large|too big|too complex|stack overflow"
            r"|number of query arguments",
            re.IGNORECASE,
        ),
        DatabaseFault.TOO_LARGE,
    ),
    (
        re.compile(
            r"malformed JSON|bad JSON path|integer overflow|invalid input for query argument|binding"
            r"|embedded null|surrogates|datatype mismatch",
            re.IGNORECASE,
        ),
        DatabaseFault.INVALID,
    ),
)
"""By the message, for errors without a code: SQLite's general error and errors of the drivers."""
DRIVER_MODULES = ("asyncpg", "aiosqlite", "tortoise.backends")


def fault_of(problem: BaseException | None) -> DatabaseFault | None:
    """Classify an error, wrapped by tortoise or not. Returns None if it is not the database's."""
    if problem is None:
        return None
    if is_corrupt(problem):
        return DatabaseFault.CORRUPT
    if isinstance(problem, ValidationError):  # tortoise checks the length of values itself
        return DatabaseFault.INVALID
    error = driver_error(problem)
    if fault := next((fault for kind, fault in FAULT_BY_ASYNCPG_CLASS if isinstance(error, kind)), None):
        return fault
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return FAULT_BY_SQLSTATE.get(state) or FAULT_BY_SQLSTATE.get(state[:2])
    if isinstance(error, sqlite3.Error):
        return _classify_sqlite_error(error)
    if isinstance(error, asyncpg.InternalClientError):  # asyncpg's error for a connection that is cut during use
        return _classify_by_text(error) or DatabaseFault.AWAY
    if isinstance(error, asyncpg.InterfaceError):
        return _classify_by_text(error)
    if isinstance(error, IntegrityError):
        return DatabaseFault.CHANGED
    return _classify_python_error(error) if error is not None and is_raised_by_driver(error) else None


def is_read_only(problem: BaseException) -> bool:
    """Say whether an error means that the database is read-only."""
    error = driver_error(problem)
    if isinstance(error, sqlite3.Error):
        return sqlite_code(error) == sqlite3.SQLITE_READONLY
    return isinstance(error, ReadOnlySQLTransactionError)


def is_raised_by_driver(problem: BaseException) -> bool:
    """Say whether a database driver raised an error: one of its functions is in the traceback."""
    traceback = problem.__traceback__
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.startswith(DRIVER_MODULES):
            return True
        traceback = traceback.tb_next
    return False


def _classify_sqlite_error(problem: sqlite3.Error) -> DatabaseFault | None:
    code = sqlite_code(problem)
    return (
        FAULT_BY_SQLITE_CONSTRAINT.get(getattr(problem, "sqlite_errorcode", 0))
        or FAULT_BY_SQLITE_CODE.get(code)
        or _classify_by_text(problem)
    )


def _classify_by_text(problem: BaseException) -> DatabaseFault | None:
    text = str(problem)
    return next((fault for pattern, fault in FAULT_BY_TEXT if pattern.search(text)), None)


def _classify_python_error(problem: BaseException) -> DatabaseFault | None:
    """Classify a built-in exception that a driver has raised."""
    if isinstance(problem, OSError):  # a connection failed or broke
        return DatabaseFault.AWAY
    if isinstance(problem, OverflowError | UnicodeError):
        return DatabaseFault.INVALID
    return (_classify_by_text(problem) or DatabaseFault.INVALID) if isinstance(problem, ValueError) else None
