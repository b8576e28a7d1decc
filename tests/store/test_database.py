"""The tables on both databases, and transactions that a cancelled task cannot leave open."""

import asyncio

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, TransactionManagementError

from api.clock import system_clock
from api.ids import new_id
from api.models import Workspace
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction

pytestmark = pytest.mark.usefixtures("database")


async def _workspace() -> Workspace:
    return await Workspace.create(id=new_id("wsp"), name="Acme", created_at=system_clock())


async def test_instants_keep_their_zone() -> None:
    row = await _workspace()
    again = await Workspace.get(id=row.id)
    assert again.created_at == row.created_at
    assert again.created_at.utcoffset() is not None


async def test_migrating_twice_changes_nothing() -> None:
    assert await migrate() == []


async def test_a_refused_transaction_leaves_nothing() -> None:
    row = await _workspace()
    with pytest.raises(IntegrityError):
        async with transaction():
            await _workspace()
            await Workspace.create(id=row.id, name="the same id", created_at=system_clock())
    assert await Workspace.all().count() == 1


async def test_cancelled_tasks_leave_no_transaction_open() -> None:
    async def write() -> None:
        async with transaction():
            await _workspace()

    for turns in range(60):
        task = asyncio.create_task(write())
        for _ in range(turns % 12):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(60):
        await asyncio.gather(*(write() for _ in range(20)))
    assert await Workspace.all().count() >= 20


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_connection_that_breaks_inside_a_transaction_harms_no_later_one(database: str) -> None:
    for _ in range(30):  # more often than the pool has connections
        with pytest.raises(Exception, match=r"operation|closed"):
            async with transaction() as connection:
                busy = asyncio.create_task(connection._connection.execute("SELECT pg_sleep(60)"))  # type: ignore[attr-defined]
                await asyncio.sleep(0)
                raise RuntimeError("the work failed while the connection was busy")
        await asyncio.gather(busy, return_exceptions=True)
    async with transaction():
        assert [dict(row) for row in await execute("SELECT 1 AS one")] == [{"one": 1}]


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_transaction_that_may_only_read_is_ended(database: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TransactionManagementError, match="read-only transaction"):
        async with transaction():
            await execute("SET TRANSACTION READ ONLY")
            await _workspace()
    assert caplog.messages == [], "asyncpg has found it open"
    async with transaction():
        await _workspace()
    assert await Workspace.all().count() == 1


async def _statements(statement: str) -> list[str]:
    """Return what PostgreSQL gets for one statement, and then for a transaction with it."""
    sent: list[str] = []
    async with get_connection("default").acquire_connection() as connection:
        connection.add_query_logger(log := lambda record: sent.append(record.query))
    try:
        await execute(statement)
        async with transaction():
            await execute(statement)
    finally:
        async with get_connection("default").acquire_connection() as connection:
            connection.remove_query_logger(log)
    return sent


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_connection_returns_to_the_pool_without_a_query() -> None:
    one = "/* rows */ SELECT 1"
    assert await _statements("SELECT 1") == [one, "BEGIN;", one, "COMMIT;"]


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_an_open_transaction_of_a_returned_connection_is_rolled_back() -> None:
    await _workspace()
    async with get_connection("default").acquire_connection() as connection:
        await connection.execute("BEGIN; DELETE FROM workspace")
    assert await Workspace.all().count() == 1
