"""Await resolvers so that no request holds the event loop or the database for long."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

from api.graphql.engine.execution.time_slices import TIME_SLICE
from strategies.questions import held_slot


async def in_turn(result: Awaitable[Any]) -> Any:
    """Await a resolver's result within the time slice of operations."""
    try:
        if TIME_SLICE.over():
            await TIME_SLICE.wait()
    except BaseException:
        _close(result)
        raise
    value = await result
    if TIME_SLICE.over():
        await TIME_SLICE.wait()
    return value


async def among(queries: asyncio.Semaphore, result: Awaitable[Any]) -> Any:
    """Await a resolver's result while the semaphore limits how many fields of the token query the database."""
    try:
        await queries.acquire()
    except BaseException:
        _close(result)
        raise
    token = held_slot.set(_Slot(queries))
    try:
        return await in_turn(result)
    finally:
        held_slot.reset(token)
        queries.release()


class _Slot:
    """The slot of a field, which is free while the field waits for a send option."""

    def __init__(self, queries: asyncio.Semaphore) -> None:
        self._queries = queries

    def release(self) -> None:
        """Let another field query the database."""
        self._queries.release()

    async def acquire(self) -> None:
        """Wait for a slot. It is acquired also if the task is cancelled, because ``among`` releases it."""
        await asyncio.shield(self._queries.acquire())


def _close(result: Awaitable[Any]) -> None:
    """Close a coroutine that nobody will await."""
    if isinstance(result, Coroutine):
        result.close()
