"""Read-only connections to SQLite, next to tortoise-orm's connection, which also writes.

Tortoise has one connection to a SQLite file, and a transaction blocks it, so every client would wait for a job with
long transactions. In WAL mode, other connections can read meanwhile. So reads outside of transactions use their own
connections and see committed rows, as on PostgreSQL.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import aiosqlite
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper, translate_exceptions

from api.store.engine.faults.corruption import check_file_in_place
from api.store.engine.sqlite.sqlite_file import MEMORY

MAX_READERS = 3
"""Read-only connections. Each has a thread."""
_QUERY, _QUERY_DICT, _CLOSE = SqliteClient.execute_query, SqliteClient.execute_query_dict, SqliteClient.close


class Readers:
    """The connections of one open database."""

    def __init__(self) -> None:
        self._all: list[aiosqlite.Connection] = []
        self._free: list[aiosqlite.Connection] = []
        self._turn = asyncio.Semaphore(MAX_READERS)

    async def open(self, client: SqliteClient) -> None:
        """Connect with the pragmas of the writing connection."""
        for _ in range(MAX_READERS):
            connection = await aiosqlite.connect(client.filename, isolation_level=None)
            self._all.append(connection)
            connection._conn.row_factory = sqlite3.Row
            for name, value in (*client.pragmas.items(), ("query_only", "ON")):
                await connection.execute_fetchall(f"PRAGMA {name}={value}")
        self._free = list(self._all)

    async def close(self) -> None:
        """Close all connections, also after ``open`` has failed."""
        while self._all:
            await self._all.pop().close()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[aiosqlite.Connection]:
        """Wait for a free connection."""
        async with self._turn:
            connection = self._free.pop()
            try:
                yield connection
            finally:
                self._free.append(connection)


async def open_readers(client: object) -> None:
    """Use separate connections for reads outside of transactions, if the database is a SQLite file."""
    if not isinstance(client, SqliteClient) or client.filename == MEMORY:
        return
    readers = client._readers = Readers()  # type: ignore[attr-defined]
    await readers.open(client)


def _readers(client: SqliteClient, query: str) -> Readers | None:
    """Return the read-only connections if a query is a SELECT outside of a transaction."""
    if isinstance(client, SqliteTransactionWrapper) or not query.startswith("SELECT"):
        return None
    return cast(Readers | None, getattr(client, "_readers", None))


@translate_exceptions
async def _execute_query(self: SqliteClient, query: str, values: list[Any] | None = None) -> Any:
    readers = _readers(self, query)
    if readers is None:
        return await _QUERY(self, query, values)
    rows = await _fetched(self, readers, query, values)
    return len(rows), rows


@translate_exceptions
async def _execute_query_dict(self: SqliteClient, query: str, values: list[Any] | None = None) -> Any:
    readers = _readers(self, query)
    if readers is None:
        return await _QUERY_DICT(self, query, values)
    return list(map(dict, await _fetched(self, readers, query, values)))


async def _fetched(
    client: SqliteClient, readers: Readers, query: str, values: list[Any] | None
) -> Sequence[sqlite3.Row]:
    client.log.debug("%s: %s", query, values)
    check_file_in_place()
    async with readers.one() as connection:
        return list(await connection.execute_fetchall(query.replace("\x00", "'||CHAR(0)||'"), values))


async def _close(self: SqliteClient) -> None:
    readers: Readers | None = getattr(self, "_readers", None)
    try:
        if readers is not None:
            await readers.close()
    finally:
        await _CLOSE(self)


SqliteClient.execute_query = _execute_query  # type: ignore[method-assign]
SqliteClient.execute_query_dict = _execute_query_dict  # type: ignore[method-assign]
SqliteClient.close = _close  # type: ignore[method-assign]
