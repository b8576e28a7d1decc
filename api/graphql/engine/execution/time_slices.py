"""Bound how long GraphQL operations hold the event loop, so that other work is served."""

import asyncio
import time
from collections import deque

TIME_SLICE_SECONDS = 0.01
"""How long all operations together may run in one round of the event loop."""
MAX_STEPS_PER_ROUND = 100
"""Waiting steps that continue in one round, in the order in which they came."""


class TimeSlice:
    """The share of one round of the event loop that operations may use. Then they wait for the next round.

    Each step of an operation is short, but thousands of them become ready at once, as soon as what they wait for is
    loaded: the event loop runs them all before it looks at another connection.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    def over(self) -> bool:
        """Return whether this round's share is used up."""
        now = time.perf_counter()
        loop = asyncio.get_running_loop()
        if self._began is None or self._loop is not loop:
            if self._loop is not loop:
                self._loop = loop
                self._waiting.clear()
            self._began = now
            if not self._waiting:
                loop.call_soon(self._end)
        return now - self._began > TIME_SLICE_SECONDS

    async def wait(self) -> None:
        """Wait until there is a share of a round left."""
        while self.over():
            called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(called)
            await called

    def _end(self) -> None:
        self._began = None
        for _ in range(min(MAX_STEPS_PER_ROUND, len(self._waiting))):
            called = self._waiting.popleft()
            if not called.done():
                called.set_result(None)
        if self._waiting and self._loop is not None:
            self._loop.call_soon(self._end)


TIME_SLICE = TimeSlice()
