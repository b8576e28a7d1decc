"""Describes why a database cannot be opened, and what its operator can do."""

import socket

from asyncpg import (
    CannotConnectNowError,
    DuplicatePreparedStatementError,
    InsufficientPrivilegeError,
    InterfaceError,
    InternalClientError,
    InvalidAuthorizationSpecificationError,
    InvalidCatalogNameError,
    InvalidSQLStatementNameError,
    PostgresError,
    TooManyConnectionsError,
)
from tortoise.exceptions import BaseORMException

from api.store.engine.faults.availability import one_line
from api.store.engine.faults.corruption import driver_error

OPENING_ERRORS = (OSError, BaseORMException, PostgresError, InterfaceError, InternalClientError)
"""Errors that can occur when a database is opened."""
OWN_DATABASE_ADVICE = "let the role of TOUCHLINE_DATABASE_URL own its database, as docs/operations.md shows"
CREATE_DATABASE_ADVICE = "create it, as docs/operations.md shows, or correct the name in TOUCHLINE_DATABASE_URL"
POOLER_ADVICE = (
    "a pooler does not keep prepared statements: add statement_cache_size=0 to TOUCHLINE_DATABASE_URL,"
    " as docs/operations.md shows under A pooler"
)
ADVICE: tuple[tuple[type[BaseException], str], ...] = (
    (InvalidAuthorizationSpecificationError, "correct the user and the password in TOUCHLINE_DATABASE_URL"),
    (InvalidCatalogNameError, CREATE_DATABASE_ADVICE),
    (TooManyConnectionsError, "end other programs, lower maxsize in the URLs, or raise PostgreSQL's max_connections"),
    (InsufficientPrivilegeError, OWN_DATABASE_ADVICE),
    (DuplicatePreparedStatementError, POOLER_ADVICE),
    (InvalidSQLStatementNameError, POOLER_ADVICE),
    (CannotConnectNowError, "it is starting or stopping: start Touchline again in a moment"),
    (socket.gaierror, "correct the host in TOUCHLINE_DATABASE_URL"),
    (OSError, "check that PostgreSQL is running at the host and port of TOUCHLINE_DATABASE_URL and is reachable"),
)


def describe_opening_error(problem: BaseException) -> str:
    """Return one line: the driver's message, and what the operator can do."""
    error = driver_error(problem)
    if isinstance(error, BaseORMException) and isinstance(error.__cause__, InvalidCatalogNameError):
        error = error.__cause__
    reason = "it does not respond" if isinstance(error, TimeoutError) else one_line(error or problem)
    advice = next((advice for kind, advice in ADVICE if isinstance(error, kind)), "")
    if advice == POOLER_ADVICE:
        reason = reason.partition(" HINT:")[0]  # asyncpg's hint is for programmers
    return f"{reason.rstrip('.')}: {advice}" if advice else reason
