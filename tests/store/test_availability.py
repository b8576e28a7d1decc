"""Which errors mean that the database is unavailable, however tortoise has wrapped them."""

import sqlite3

import asyncpg
import pytest
from asyncpg.exceptions import (
    InterfaceError,
    InternalClientError,
    ReadOnlySQLTransactionError,
    TargetServerAttributeNotMatched,
    UniqueViolationError,
)
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError

from api.store.engine.faults.availability import database_unavailable, one_line
from api.store.engine.faults.database_faults import is_read_only


def of_sqlite(code: int) -> sqlite3.OperationalError:
    problem = sqlite3.OperationalError("trouble")
    problem.sqlite_errorcode = code
    return problem


@pytest.mark.parametrize(
    ("problem", "away", "reads"),
    [
        (ConnectionRefusedError(), False, False),  # not from a driver
        (TimeoutError(), False, False),
        (TargetServerAttributeNotMatched("none"), True, False),
        (InterfaceError("connection is closed"), True, False),
        (InterfaceError("another operation is in progress"), False, False),
        (InternalClientError("cannot switch to state 12; another operation (2) is in progress"), True, False),
        (ReadOnlySQLTransactionError("no"), True, True),
        (TransactionManagementError(ReadOnlySQLTransactionError("no")), True, True),
        (TransactionManagementError("finalised"), False, False),
        (of_sqlite(sqlite3.SQLITE_READONLY), True, True),
        (OperationalError(of_sqlite(sqlite3.SQLITE_READONLY | 4 << 8)), True, True),
        (OperationalError(of_sqlite(sqlite3.SQLITE_BUSY)), True, False),
        (OperationalError(of_sqlite(sqlite3.SQLITE_ERROR)), False, False),
        (IntegrityError(UniqueViolationError("twice")), False, False),
        (RuntimeError(), False, False),
    ],
    ids=repr,
)
def test_what_means_that_it_is_away(problem: Exception, away: bool, reads: bool) -> None:
    assert (database_unavailable(problem), is_read_only(problem)) == (away, reads)


@pytest.mark.parametrize(
    ("problem", "told"),
    [(OSError("a\nb  c"), "a b c"), (TimeoutError(), "TimeoutError"), (OSError(" "), "OSError")],
)
def test_an_error_is_told_in_a_line(problem: Exception, told: str) -> None:
    assert one_line(problem) == told


async def test_a_connection_that_cannot_be_made_is_the_database_s() -> None:
    with pytest.raises(OSError) as caught:
        await asyncpg.connect(host="127.0.0.1", port=1, user="nobody", timeout=5)
    assert database_unavailable(caught.value)
