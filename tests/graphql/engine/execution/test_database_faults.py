"""Every error that a database can give reaches the client with a code to act on, on a query and on a mutation."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import aiosqlite
import asyncpg
import pytest
from asyncpg.exceptions import (
    ConnectionDoesNotExistError,
    InterfaceError,
    InternalClientError,
    InvalidCachedStatementError,
    OutdatedSchemaCacheError,
)

from api.models import Person
from api.store.engine.faults.database_faults import DatabaseFault, fault_of
from api.store.engine.sql import execute
from tests import story
from tests.client import Client
from tests.http.test_database_away import asked

CAMPAIGNS = "{ campaigns { nodes { id } } }"
AWAY, BUSY, FULL = ("DATABASE_AWAY", 503, "5"), ("DATABASE_BUSY", 503, "5"), ("DATABASE_FULL", 503, "5")
TIMEOUT, CORRUPT = ("DATABASE_TIMEOUT", 200, None), ("DATABASE_CORRUPT", 503, None)
INVALID, LARGE = ("INVALID_VALUE", 200, None), ("TOO_LARGE", 200, None)
CHANGED, OURS = ("CHANGED_MEANWHILE", 200, None), ("INTERNAL_ERROR", 200, None)
STATES = {
    "08000": AWAY, "08003": AWAY, "08006": AWAY, "57P01": AWAY, "57P02": AWAY, "57P03": AWAY, "57P04": AWAY,
    "25006": AWAY, "28P01": AWAY, "28000": AWAY, "3D000": AWAY, "42501": AWAY, "58030": AWAY,
    "40001": BUSY, "40P01": BUSY, "40000": BUSY, "55P03": BUSY, "55006": BUSY, "53300": BUSY, "53200": BUSY,
    "53000": BUSY, "53100": FULL, "57014": TIMEOUT, "25P03": TIMEOUT, "25P04": TIMEOUT,
    "22000": INVALID, "22001": INVALID, "22003": INVALID, "22007": INVALID, "22008": INVALID, "22021": INVALID,
    "22P02": INVALID, "22P05": INVALID, "22032": INVALID, "22012": INVALID, "23502": INVALID, "23514": INVALID,
    "54000": LARGE, "54001": LARGE, "54011": LARGE, "54023": LARGE,
    "23000": CHANGED, "23503": CHANGED, "23505": CHANGED, "23P01": CHANGED, "40002": CHANGED,
    "XX001": CORRUPT, "XX002": CORRUPT, "42P01": CORRUPT,
}  # fmt: skip
"""By SQLSTATE, as PostgreSQL raises it."""


def of_sqlite(code: int, text: str = "trouble", kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    problem = kind(text)
    problem.sqlite_errorcode = code
    return problem


GENERAL = sqlite3.SQLITE_ERROR
SQLITE = [
    (of_sqlite(sqlite3.SQLITE_BUSY), BUSY),
    (of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), BUSY),
    (of_sqlite(sqlite3.SQLITE_LOCKED), BUSY),
    (of_sqlite(sqlite3.SQLITE_NOMEM), BUSY),
    (of_sqlite(sqlite3.SQLITE_FULL), FULL),
    (of_sqlite(sqlite3.SQLITE_IOERR_FSYNC), AWAY),
    (of_sqlite(sqlite3.SQLITE_CANTOPEN), AWAY),
    (of_sqlite(sqlite3.SQLITE_READONLY), AWAY),
    (of_sqlite(sqlite3.SQLITE_INTERRUPT), TIMEOUT),
    (of_sqlite(sqlite3.SQLITE_CORRUPT, kind=sqlite3.DatabaseError), CORRUPT),
    (of_sqlite(sqlite3.SQLITE_TOOBIG, "string or blob too big", sqlite3.DataError), LARGE),
    (of_sqlite(GENERAL, "too many SQL variables"), LARGE),
    (of_sqlite(GENERAL, "Expression tree is too large (maximum depth 1000)"), LARGE),
    (of_sqlite(GENERAL, "parser stack overflow"), LARGE),
    (of_sqlite(GENERAL, "LIKE or GLOB pattern too complex"), LARGE),
    (of_sqlite(GENERAL, "malformed JSON"), INVALID),
    (of_sqlite(GENERAL, "integer overflow"), INVALID),
    (of_sqlite(sqlite3.SQLITE_MISMATCH, kind=sqlite3.IntegrityError), INVALID),
    (of_sqlite(sqlite3.SQLITE_CONSTRAINT_NOTNULL, kind=sqlite3.IntegrityError), INVALID),
    (of_sqlite(sqlite3.SQLITE_CONSTRAINT_CHECK, kind=sqlite3.IntegrityError), INVALID),
    (of_sqlite(sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, kind=sqlite3.IntegrityError), CHANGED),
    (of_sqlite(sqlite3.SQLITE_CONSTRAINT_UNIQUE, kind=sqlite3.IntegrityError), CHANGED),
    (OverflowError("Python int too large to convert to SQLite INTEGER"), INVALID),
    (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), INVALID),
    (sqlite3.ProgrammingError("Cannot operate on a closed database."), AWAY),
    (sqlite3.InterfaceError("Error binding parameter 1: type 'x' is not supported"), INVALID),
    (ValueError("no active connection"), AWAY),
]
ASYNCPG = [
    (ConnectionRefusedError("nobody listens"), AWAY),
    (ConnectionResetError("cut"), AWAY),
    (TimeoutError(), AWAY),
    (OSError(113, "no route"), AWAY),
    (ConnectionDoesNotExistError("connection was closed in the middle of operation"), AWAY),
    (InterfaceError("connection is closed"), AWAY),
    (InterfaceError("pool is closing"), AWAY),
    # What asyncpg raises if a connection is cut while it is used, and when it goes back to the pool.
    (InternalClientError("cannot switch to state 12; another operation (2) is in progress"), AWAY),
    (InternalClientError("PoolConnectionHolder.release() called on a free connection holder"), AWAY),
    (InterfaceError("the number of query arguments cannot exceed 32767"), LARGE),
    (asyncpg.DataError("invalid input for query argument $1: 2 ** 99 (value out of int64 range)"), INVALID),
    (InvalidCachedStatementError("cached statement plan is invalid"), BUSY),
    (OutdatedSchemaCacheError("cached statement plan is invalid"), BUSY),
]
MINE: dict[str, Any] = {"__name__": "asyncpg.made_by_a_test"}
exec("def raise_it(problem):\n    raise problem\n", MINE)  # a function that counts as one of a driver's


@pytest.fixture(autouse=True)
def one_line_each(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No error of the database is logged with a traceback."""
    yield
    loud = [record.getMessage() for record in caplog.get_records("call") if record.exc_info]
    assert [text for text in loud if "an internal error at createPerson" not in text] == []


@contextmanager
def failing(kind: str, part: str, fails: Callable[[Any], Any]) -> Iterator[None]:
    """Let every statement with a part fail in the driver. ``fails`` gets the driver's connection."""
    if kind == "sqlite":
        owner, names = aiosqlite.Connection, ["_execute"]
    else:
        owner, names = asyncpg.Connection, ["fetch", "fetchrow", "execute", "executemany"]
    with pytest.MonkeyPatch.context() as patched:
        for name in names:
            patched.setattr(owner, name, _failing(getattr(owner, name), part, fails))
        yield


def _failing(real: Any, part: str, fails: Callable[[Any], Any]) -> Any:
    async def call(self: Any, *args: Any, **given: Any) -> Any:
        if any(isinstance(arg, str) and part in arg for arg in args):
            found = fails(self)
            if found is not None:
                await found
        return await real(self, *args, **given)

    return call


async def answers(client: Client, kind: str, fails: Callable[[Any], Any]) -> list[tuple[str, int, str | None]]:
    """Return the code, the status and when to come back, of a mutation and of a query."""
    found = []
    for part, query, variables in (
        ('INSERT INTO "person"', story.PERSON, {"input": {"email": "a@example.com"}}),
        ('FROM "campaign"', CAMPAIGNS, {}),
    ):
        with failing(kind, part, fails):
            answer = await asked(client, query, **variables)
        body = answer.json()
        (error,) = body.get("errors") or body["data"]["createPerson"]["errors"]
        code = error["extensions"]["code"] if "extensions" in error else error["code"]
        found.append((code, answer.status_code, answer.headers.get("Retry-After")))
    assert await Person.filter(email="a@example.com").count() == 0, "nothing is written"
    return found


def raising(state: str) -> Callable[[Any], Any]:
    """Let PostgreSQL itself raise an error."""
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'made by a test' USING ERRCODE = '{state}'; END $$"
    return lambda connection: connection.execute(statement)


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
async def test_errors_of_postgresql(client: Client) -> None:
    wrong = {}
    for state, expected in STATES.items():
        told = await answers(client, "postgres", raising(state))
        # A person who exists already is an answer of the mutation's own.
        own = ("PERSON_EXISTS", 200, None) if state.startswith("23") else expected
        if told != [own, expected]:
            wrong[state] = told
    assert wrong == {}
    await client.do(story.PERSON, "person", input={"email": "a@example.com"})


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
async def test_errors_of_asyncpg(client: Client) -> None:
    for problem, expected in ASYNCPG:
        told = await answers(client, "postgres", lambda _, problem=problem: MINE["raise_it"](problem))
        assert told == [expected, expected], problem
    await client.do(story.PERSON, "person", input={"email": "a@example.com"})


async def test_errors_of_sqlite(client: Client) -> None:
    for problem, expected in SQLITE:
        told = await answers(client, "sqlite", lambda _, problem=problem: MINE["raise_it"](problem))
        own = ("PERSON_EXISTS", 200, None) if isinstance(problem, sqlite3.IntegrityError) else expected
        assert told == [own, expected], problem
    await client.do(story.PERSON, "person", input={"email": "a@example.com"})


@pytest.mark.parametrize("kind", [OSError, ConnectionResetError, TimeoutError, OverflowError, ValueError])
async def test_the_same_errors_of_our_own_code_are_faults_of_ours(
    client: Client, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise kind("a secret of the house, which is closed")

    monkeypatch.setattr("api.services.people.people.create_person", broken)
    answer = await asked(client, story.PERSON, input={"email": "a@example.com"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
    assert (answer.status_code, "Retry-After" in answer.headers) == (200, False)


BEYOND = [
    2**63,
    -(2**63) - 1,
    10**5_000,
    float("inf"),
    date.min,
    date.max,
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    "a\x00b",
    "\ud800",
    {"a": 1},
    b"x",
    object(),
]


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
@pytest.mark.usefixtures("client")
async def test_whatever_a_driver_refuses_has_a_code(database_kind: str) -> None:
    """Values past all our checks, as the arguments of a statement."""
    types = ["integer", "bigint", "text", "timestamptz", "date", "jsonb", "boolean"]
    for value in BEYOND:
        for kind in types if database_kind == "postgres" else ["text"]:
            try:
                await execute(f"SELECT CAST($1 AS {kind}) AS found", value)
            except Exception as problem:
                assert fault_of(problem) is DatabaseFault.INVALID, (kind, type(value), repr(problem)[:200])


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
@pytest.mark.usefixtures("client")
async def test_whatever_is_too_large_for_a_statement_has_a_code(database_kind: str) -> None:
    many = 40_000
    statements = [
        (f"SELECT 1 WHERE {' + '.join(['1'] * 100_000)} > 0", ()),
        ("SELECT 1 WHERE 'a' IN (" + ", ".join(f"${n}" for n in range(1, many)) + ")", ["a"] * (many - 1)),
    ]
    if database_kind == "postgres":
        await execute("CREATE TABLE wide (value text)")
        await execute("CREATE INDEX wide_value ON wide (value)")
        noise = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 2000) AS n)"
        statements.append((f"INSERT INTO wide SELECT {noise}", ()))
    else:
        statements.append((f"SELECT {'(' * 20_000}1{')' * 20_000}", ()))
    refused = 0
    for statement, values in statements:
        try:
            await execute(statement, *values)
        except Exception as problem:
            refused += 1
            assert fault_of(problem) is DatabaseFault.TOO_LARGE, repr(problem)[:200]
    assert refused >= 2
