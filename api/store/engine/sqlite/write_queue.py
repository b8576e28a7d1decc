"""The order in which writers get the one connection that writes to a SQLite file.

A client waits for the one short transaction of its request. The tick loop, jobs and dispatch write many transactions in
a row, so in the order of arrival, a request would wait for several of them. Here requests go first. The trade-off:
background work waits while requests are queued, so it gets a turn after MAX_REQUESTS_IN_A_ROW requests.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tortoise.backends.sqlite.client import SqliteClient

MAX_REQUESTS_IN_A_ROW = 5
"""The most requests that write one after the other while a background writer waits."""

_is_background: ContextVar[bool] = ContextVar("is_background", default=False)


@contextmanager
def in_background() -> Iterator[None]:
    """Give the writes of this block, and of the tasks that it starts, a lower priority than those of requests."""
    token = _is_background.set(True)
    try:
        yield
    finally:
        _is_background.reset(token)


class WriteQueue:
    """A lock with two queues. It has the methods of ``asyncio.Lock`` that tortoise-orm calls.

    ``acquire`` and ``release`` write all fields.
    """

    def __init__(self) -> None:
        self._locked = False
        self._requests: deque[asyncio.Future[None]] = deque()
        self._background: deque[asyncio.Future[None]] = deque()
        self._in_a_row = 0
        """Requests that got the lock while a background writer waited."""

    def locked(self) -> bool:
        """Say whether a writer has the lock."""
        return self._locked

    async def acquire(self) -> bool:
        """Wait for the lock."""
        if not self._locked:
            self._locked = True
            return True
        queue = self._background if _is_background.get() else self._requests
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()  # it was given the lock just before
            elif turn in queue:
                queue.remove(turn)
            raise
        return True

    def release(self) -> None:
        """Give the lock to the next writer."""
        if not self._locked:
            raise RuntimeError("the lock is not acquired")
        while (queue := self._next_queue()) is not None:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._locked = False

    def _next_queue(self) -> deque[asyncio.Future[None]] | None:
        if self._requests and (not self._background or self._in_a_row < MAX_REQUESTS_IN_A_ROW):
            self._in_a_row = self._in_a_row + 1 if self._background else 0
            return self._requests
        self._in_a_row = 0
        return self._background or None


def queue_writes(client: Any) -> None:
    """Let requests write before background work, if the database is a SQLite file."""
    if isinstance(client, SqliteClient):
        client._lock = WriteQueue()  # type: ignore[assignment]
