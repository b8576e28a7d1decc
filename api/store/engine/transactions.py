"""Transactions that stay consistent when a request is cancelled or a connection breaks.

When a transaction begins, tortoise-orm 1.1.9 acquires a lock (SQLite) or a pooled connection (PostgreSQL). It does not
release it if the task is cancelled before the block is entered, so a few clients that disconnect would block the
server. This module replaces both ``__aenter__`` methods. On SQLite a transaction begins with BEGIN IMMEDIATE, because a
deferred one that writes later can fail with "database is locked".

If a connection breaks inside a transaction, tortoise keeps it for the task, and every later transaction of the task
fails. If PostgreSQL refuses a write, tortoise releases the connection without a rollback, which asyncpg reports as an
error. So ``__aexit__`` is replaced as well.

Every statement on SQLite first checks that the open file is still in its place.
"""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from asyncpg.exceptions import DeadlockDetectedError, SerializationError
from tortoise.backends.base.client import BaseDBAsyncClient, ConnectionWrapper, TransactionContextPooled
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext
from tortoise.connection import get_connections
from tortoise.transactions import in_transaction

from api.store.engine.faults.corruption import check_file_in_place
from strategies.questions import with_answers

log = logging.getLogger("touchline.store")

Answer = TypeVar("Answer")
Params = ParamSpec("Params")


async def _enter_sqlite(self: Any) -> Any:
    await self._trxlock.acquire()
    try:
        await self.ensure_connection()
        await self.connection._connection.execute("BEGIN IMMEDIATE")
    except BaseException:
        # The statement may still run in the connection's thread; a rollback queued after it ends the transaction.
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
        await asyncio.shield(_release(self.client))
        raise
    self.token = get_connections().set(self.connection_name, self.client)
    return self.client


async def _exit_pooled(self: Any, kind: type[BaseException] | None, *_: object) -> None:
    try:
        if not self.client._finalized:
            await (self.client.rollback() if kind else self.client.commit())
    finally:
        get_connections().reset(self.token)
        await _release(self.client)


async def _release(client: Any) -> None:
    """Release a connection to the pool, which closes it if it is broken."""
    try:
        await client._parent._pool.release(client._connection)
    except Exception as problem:
        log.info("closed a broken connection to the database: %s", problem)


def _acquire_sqlite(self: Any) -> ConnectionWrapper[Any]:
    check_file_in_place()
    return ConnectionWrapper(self._lock, self)


SqliteClient.acquire_connection = _acquire_sqlite  # type: ignore[method-assign]
SqliteTransactionContext.__aenter__ = _enter_sqlite  # type: ignore[method-assign]
TransactionContextPooled.__aenter__ = _enter_pooled  # type: ignore[method-assign]
TransactionContextPooled.__aexit__ = _exit_pooled  # type: ignore[assignment, method-assign]


def forget_dialect() -> None:
    """Empty tortoise's cache of INSERT statements, which ignores the SQL dialect."""
    EXECUTOR_CACHE.clear()


MAX_DEADLOCK_RETRIES = 5
"""Retries of an aborted transaction. The last error is raised."""


def retry_on_deadlock(
    work: Callable[Params, Coroutine[Any, Any, Answer]],
) -> Callable[Params, Coroutine[Any, Any, Answer]]:
    """Decorate a function to retry it when PostgreSQL aborts its transaction because of a deadlock or a conflict.

    It is also retried if it needs answers of send options that other processes run: they are fetched after the
    rollback.

    The function must be one outermost transaction without other side effects, and must not change its arguments before
    the commit.
    """

    async def attempts(*args: Params.args, **kwargs: Params.kwargs) -> Answer:
        for _ in range(MAX_DEADLOCK_RETRIES):
            try:
                return await work(*args, **kwargs)
            except (DeadlockDetectedError, SerializationError) as problem:
                log.info("retrying a transaction: %s", problem)
        return await work(*args, **kwargs)

    @functools.wraps(work)
    async def retry(*args: Params.args, **kwargs: Params.kwargs) -> Answer:
        if _is_in_transaction():  # the caller of the outermost one finds the answers
            return await attempts(*args, **kwargs)
        return await with_answers(lambda: attempts(*args, **kwargs))

    return retry


LastWork = Callable[[Mapping[str, Any]], Coroutine[Any, Any, "Afterwards | None"]]
"""Work that a transaction does at its end, for the items that were passed to ``before_commit``, by their ids."""
Afterwards = Callable[[], Coroutine[Any, Any, None]]
"""The part of that work that has to wait for other transactions.

It runs after the commit, when the locks are released.
"""


class _Outermost:
    """The outermost transaction of a task, what it does before its commit, and what is called when it has ended."""

    def __init__(self) -> None:
        self.has_ended = False
        self.last_work: dict[LastWork, dict[str, Any]] = {}
        self.calls: list[Callable[[], object]] = []


_outermost: ContextVar[_Outermost | None] = ContextVar("outermost", default=None)


def _is_in_transaction() -> bool:
    """Say whether this task is in a transaction. A task inherits the ended one of the task that started it."""
    outermost = _outermost.get()
    return outermost is not None and not outermost.has_ended


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """Run the block in one transaction. A block inside a block is a savepoint."""
    outermost = _outermost.get()
    if outermost is not None and not outermost.has_ended:
        async with in_transaction("default") as connection:
            yield connection
        return
    outermost, rest = _Outermost(), list[Afterwards]()
    _outermost.set(outermost)
    try:
        async with in_transaction("default") as connection:
            yield connection
            for work, items in outermost.last_work.items():
                if (afterwards := await work(items)) is not None:
                    rest.append(afterwards)
    finally:
        outermost.has_ended = True
        _outermost.set(None)
        for call in outermost.calls:
            call()
    for afterwards in rest:
        try:
            await afterwards()
        except Exception:  # the transaction is committed, so it must not seem to have failed
            log.exception("the work after a committed transaction failed")


async def before_commit(work: LastWork, items: Mapping[str, Any]) -> None:
    """Do ``work`` once at the end of the task's outermost transaction, with the items of all calls.

    Its locks are the last ones of the transaction, so a transaction that waits for them cannot block this one. ``work``
    must not wait for locks that other transactions take earlier. Outside of a transaction, it runs in one of its own.
    """
    outermost = _outermost.get()
    if outermost is None or outermost.has_ended:
        async with transaction():
            await work(items)
    else:
        outermost.last_work.setdefault(work, {}).update(items)


def after_transaction(call: Callable[[], object]) -> None:
    """Call a function once the task's outermost transaction has ended; immediately outside of a transaction.

    It is called after a failure too, because a broken connection does not say whether the commit has succeeded.
    """
    outermost = _outermost.get()
    if outermost is None or outermost.has_ended:  # a task inherits the transaction of the one that started it
        call()
    elif call not in outermost.calls:
        outermost.calls.append(call)
