"""Checks that answer in a bounded time, for the pages of monitoring."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

CHECK_TIMEOUT_SECONDS = 5.0
"""Longest time that a check may take."""


class TimedCheck(Generic[Answer]):
    """Runs a check and waits at most CHECK_TIMEOUT_SECONDS for it.

    When a database server hangs, even cancelling a query can hang. So the check is cancelled without waiting for it,
    and requests that arrive meanwhile share the running check: hung checks cannot use up all connections.
    """

    def __init__(self, check: Callable[[], Awaitable[Answer]]) -> None:
        self._check = check
        self._running: asyncio.Task[Answer] | None = None

    async def __call__(self) -> Answer:
        """Return the result of the check. Raises TimeoutError, and what the check raises."""
        running_check = self._running
        if running_check is None or running_check.done():
            running_check = self._running = asyncio.create_task(self._run())
            running_check.add_done_callback(_consume_result)
        await asyncio.wait({running_check}, timeout=CHECK_TIMEOUT_SECONDS)
        if not running_check.done():
            running_check.cancel()
        if not running_check.done() or running_check.cancelled():
            raise TimeoutError(f"no answer within {CHECK_TIMEOUT_SECONDS:g} s")
        return running_check.result()

    async def _run(self) -> Answer:
        return await self._check()


def _consume_result(running_check: "asyncio.Task[Answer]") -> None:
    """Retrieve the exception of a check for which nobody waits, so that asyncio does not log it."""
    if not running_check.cancelled():
        running_check.exception()
