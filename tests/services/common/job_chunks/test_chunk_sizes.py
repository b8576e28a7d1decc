"""The size of a job's chunks: on SQLite by the time that their transactions take, on PostgreSQL fixed."""

import asyncio
from collections.abc import Iterator

import pytest

from api.services.common.job_chunks.chunk_sizes import WRITE_SLICE_SECONDS, ChunkSize
from api.store.engine.database import is_postgres
from api.store.engine.transactions import transaction


def sized(most: int, *seconds: float) -> ChunkSize:
    """Return a size whose next transactions take these times."""

    def instants() -> Iterator[float]:
        for each in seconds:
            yield 100.0
            yield 100.0 + each

    found = instants()
    return ChunkSize(most, lambda: next(found))


async def run(size: ChunkSize) -> int:
    """Run one chunk. Returns its size."""
    rows = size.size
    async with size.transaction(rows):
        pass
    return rows


@pytest.mark.usefixtures("database")
async def test_a_chunk_is_sized_to_take_a_slice_of_time() -> None:
    size = sized(1_000, 2 * WRITE_SLICE_SECONDS, WRITE_SLICE_SECONDS, WRITE_SLICE_SECONDS / 3, 0.0, 0.0, 5.0)
    sizes = [await run(size) for _ in range(6)]
    if is_postgres():
        assert sizes == [1_000] * 6
    else:
        # It starts at a quarter of the most, halves, stays, doubles at most, and never falls below a tenth.
        assert sizes == [250, 125, 125, 250, 500, 1_000]
        assert size.size == 100


@pytest.mark.usefixtures("database")
async def test_a_small_chunk_never_shrinks() -> None:
    size = sized(25, 5.0, 5.0)
    assert [await run(size), await run(size), size.size] == [25, 25, 25]


@pytest.mark.usefixtures("database")
async def test_a_failed_transaction_changes_nothing() -> None:
    size = sized(1_000, 5.0)
    before = size.size
    with pytest.raises(ValueError, match="refused"):
        async with size.transaction(before):
            raise ValueError("refused")
    assert size.size == before


@pytest.mark.usefixtures("database")
async def test_the_wait_for_another_transaction_does_not_count() -> None:
    """The clock is read only after the transaction has begun."""
    read: list[float] = []

    def timer() -> float:
        read.append(0.0)
        return 0.0

    size, begun, may_end = ChunkSize(1_000, timer), asyncio.Event(), asyncio.Event()

    async def other() -> None:
        async with transaction():
            begun.set()
            await may_end.wait()

    async def chunk() -> None:
        async with size.transaction(1):
            pass

    holder = asyncio.create_task(other())
    await begun.wait()
    waiting = asyncio.create_task(chunk())
    for _ in range(10):
        await asyncio.sleep(0)
    if not is_postgres():  # whose transactions do not wait
        assert read == []
    may_end.set()
    await asyncio.gather(holder, waiting)
    assert len(read) == 2
