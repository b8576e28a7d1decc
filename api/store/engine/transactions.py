"""Transactions that a cancelled request cannot leave open.

tortoise-orm 1.1.9 acquires a lock (SQLite) or a pooled connection (PostgreSQL) when a transaction begins, and
keeps it when the task is cancelled before the block is entered: a client that hangs up a few times stops the
server. Both entries are replaced here by ones that give back what they took. On SQLite a transaction begins
IMMEDIATE, because a deferred one that writes later fails with "database is locked" between processes.

When a connection breaks inside a transaction, tortoise goes on taking it for the task's own, and every later
transaction of that task fails. One that PostgreSQL has refused to write in is given back without its end, which
asyncpg then tells as an error. So the exit is replaced as well.

Every statement on SQLite first checks that the file still is where it was opened.
"""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from asyncpg.exceptions import DeadlockDetectedError, SerializationError
from tortoise.backends.base.client import BaseDBAsyncClient, ConnectionWrapper, TransactionContextPooled
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext
from tortoise.connection import get_connections
from tortoise.transactions import in_transaction

from api.store.engine.corruption import check_file_in_place

log = logging.getLogger("touchline.store")

Answer = TypeVar("Answer")
Given = ParamSpec("Given")


async def _enter_sqlite(self: Any) -> Any:
    await self._trxlock.acquire()
    try:
        await self.ensure_connection()
        await self.connection._connection.execute("BEGIN IMMEDIATE")
    except BaseException:
        # The statement may still run in the connection's thread; a rollback queued behind it ends either way.
        await asyncio.shield(self.connection._connection.rollback())
        self._trxlock.release()
        raise
    self.token = get_connections().set(self.connection_name, self.connection)
    return self.connection


async def _enter_pooled(self: Any) -> Any:
    await self.ensure_connection()
    pool = self.client._parent._pool
    self.client._connection = await pool.acquire()
    try:
        await self.client.begin()
    except BaseException:
        await asyncio.shield(_give_back(self.client))
        raise
    self.token = get_connections().set(self.connection_name, self.client)
    return self.client


async def _exit_pooled(self: Any, kind: type[BaseException] | None, *_: object) -> None:
    try:
        if not self.client._finalized:
            await (self.client.rollback() if kind else self.client.commit())
    finally:
        get_connections().reset(self.token)
        await _give_back(self.client)


async def _give_back(client: Any) -> None:
    """Give a connection back to the pool. One that cannot even be reset is broken, and the pool closes it."""
    try:
        await client._parent._pool.release(client._connection)
    except Exception as problem:
        log.info("a broken connection was closed: %s", problem)


def _acquire_sqlite(self: Any) -> ConnectionWrapper[Any]:
    check_file_in_place()
    return ConnectionWrapper(self._lock, self)


SqliteClient.acquire_connection = _acquire_sqlite  # type: ignore[method-assign]
SqliteTransactionContext.__aenter__ = _enter_sqlite  # type: ignore[method-assign]
TransactionContextPooled.__aenter__ = _enter_pooled  # type: ignore[method-assign]
TransactionContextPooled.__aexit__ = _exit_pooled  # type: ignore[assignment, method-assign]


def forget_dialect() -> None:
    """Empty tortoise's cache of INSERT texts, which does not know that dialects differ."""
    EXECUTOR_CACHE.clear()


MAX_DEADLOCK_RETRIES = 5


def retry_on_deadlock(
    work: Callable[Given, Coroutine[Any, Any, Answer]],
) -> Callable[Given, Coroutine[Any, Any, Answer]]:
    """Let a function be called again where PostgreSQL ended its transaction because of another one.

    That is to undo a deadlock, or where an operator has raised the isolation of transactions.

    For what is one transaction, inside of no other, and has done nothing else before it ends. It must find its
    arguments as they were: what it changes it reads itself, or changes in memory after the commit.
    """

    @functools.wraps(work)
    async def done(*args: Given.args, **given: Given.kwargs) -> Answer:
        for _ in range(MAX_DEADLOCK_RETRIES):
            try:
                return await work(*args, **given)
            except (DeadlockDetectedError, SerializationError) as problem:
                log.info("a transaction is done again: %s", problem)
        return await work(*args, **given)

    return done


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """Run the block in one transaction. A block inside a block is a savepoint."""
    async with in_transaction("default") as connection:
        yield connection
