"""Requests write to a SQLite file before background work, and background work gets its turn."""

import asyncio
from contextlib import nullcontext

import pytest
from tortoise.connection import get_connection

from api.store.engine.sql import execute
from api.store.engine.sqlite.write_queue import MAX_REQUESTS_IN_A_ROW, WriteQueue, in_background
from api.store.engine.transactions import transaction


class Writers:
    """Tasks that wait for the lock, and the order in which they got it."""

    def __init__(self) -> None:
        self.queue = WriteQueue()
        self.order: list[str] = []

    async def write(self, name: str) -> None:
        await self.queue.acquire()
        self.order.append(name)
        await asyncio.sleep(0)
        self.queue.release()

    def start(self, name: str, *, background: bool = False) -> asyncio.Task[None]:
        with in_background() if background else nullcontext():
            return asyncio.create_task(self.write(name))


async def test_a_request_comes_before_background_work() -> None:
    writers = Writers()
    await writers.queue.acquire()
    tasks = [writers.start(name, background=True) for name in ("settle", "claim")]
    tasks.append(writers.start("request"))
    await asyncio.sleep(0)
    writers.queue.release()
    await asyncio.gather(*tasks)
    assert writers.order == ["request", "settle", "claim"]
    assert not writers.queue.locked()


async def test_background_work_gets_its_turn() -> None:
    writers = Writers()
    await writers.queue.acquire()
    tasks = [writers.start(f"request {number}") for number in range(2 * MAX_REQUESTS_IN_A_ROW + 1)]
    tasks += [writers.start(name, background=True) for name in ("settle", "claim")]
    await asyncio.sleep(0)
    writers.queue.release()
    await asyncio.gather(*tasks)
    assert writers.order.index("settle") == MAX_REQUESTS_IN_A_ROW
    assert writers.order.index("claim") == 2 * MAX_REQUESTS_IN_A_ROW + 1
    assert len(writers.order) == 2 * MAX_REQUESTS_IN_A_ROW + 3


@pytest.mark.parametrize("after_its_turn", [False, True])
async def test_a_cancelled_writer_blocks_nobody(after_its_turn: bool) -> None:
    writers = Writers()
    await writers.queue.acquire()
    cancelled, other = writers.start("cancelled"), writers.start("other", background=True)
    await asyncio.sleep(0)
    if after_its_turn:
        writers.queue.release()
        cancelled.cancel()
    else:
        cancelled.cancel()
        await asyncio.sleep(0)
        writers.queue.release()
    await asyncio.gather(cancelled, other, return_exceptions=True)
    assert (cancelled.cancelled(), writers.order, writers.queue.locked()) == (True, ["other"], False)


async def test_a_free_lock_cannot_be_released() -> None:
    with pytest.raises(RuntimeError):
        WriteQueue().release()


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_database_uses_it(database: str) -> None:
    """A task of the tick loop that waited first writes after a request."""
    order: list[str] = []

    async def write(name: str) -> None:
        async with transaction():
            await execute("DELETE FROM job")
            order.append(name)

    queue = get_connection("default")._lock  # type: ignore[attr-defined]
    assert isinstance(queue, WriteQueue)
    await queue.acquire()
    with in_background():
        waiting = [asyncio.create_task(write("job"))]
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(write("request")))
    await asyncio.sleep(0)
    queue.release()
    await asyncio.gather(*waiting)
    assert order == ["request", "job"]
