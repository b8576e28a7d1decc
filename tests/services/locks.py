"""Work on connections of its own, and whether it waits for a lock that the test holds. PostgreSQL only."""

import asyncio
import contextvars
from collections.abc import Awaitable, Coroutine
from typing import Any

from api.store.engine.sql import execute
from api.store.engine.transactions import transaction


def beside(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """Run on a connection of its own, outside of the transaction at hand."""
    return asyncio.get_running_loop().create_task(work, context=contextvars.Context())


async def waits_for_us(task: "asyncio.Task[Any]") -> bool:
    """Whether the task comes to wait for a lock, and not to its end."""
    blocked = (
        "SELECT count(*) AS found FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    while not task.done():
        if (await execute(blocked))[0]["found"]:
            return True
    await task
    return False


async def lock(table: str) -> None:
    """Lock as whoever changes the rows does."""
    await execute(f"SELECT id FROM {table} ORDER BY id FOR NO KEY UPDATE")


async def crossed(work: Coroutine[Any, Any, Any], first: Awaitable[Any], then: Awaitable[Any]) -> Any:
    """Do ``first``, let the work come to wait for it, and do what has to wait for the work.

    PostgreSQL ends the work and not us, since we never look for a deadlock.
    """
    async with transaction():
        await execute("SET LOCAL deadlock_timeout = '1h'")
        await first
        crossing = beside(work)
        assert await waits_for_us(crossing)
        await then
    return await crossing
