"""Wait for what resolvers load, in turns."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

from api.graphql.engine.time_slices import TIME_SLICE


async def in_turn(result: Awaitable[Any]) -> Any:
    """Return what a resolver loads, within the time slice of operations."""
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
    """Return the same while few other fields of the token query the database."""
    try:
        await queries.acquire()
    except BaseException:
        _close(result)
        raise
    try:
        return await in_turn(result)
    finally:
        queries.release()


def _close(result: Awaitable[Any]) -> None:
    """Close a coroutine that nobody will await."""
    if isinstance(result, Coroutine):
        result.close()
