"""Fair limits for each workspace or client: running operations, websocket messages, memory for large bodies."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from api.codes.request_errors.requests import RequestCode
from strategies import Refusal

MAX_RUNNING_OPERATIONS = 20
"""Most operations of one workspace that run at the same time, over HTTP and websockets. Others wait in order."""
MAX_WAITING_OPERATIONS = 200
"""Most operations of one workspace that wait. More are refused."""
MAX_LARGEST_BODIES = 4
"""How many bodies of the largest size fit into the memory for bodies. One workspace or client may use half of it."""
BODY_WAIT_SECONDS = 10.0
"""How long a large body waits for memory before it is refused."""
MESSAGES_PER_SECOND = 300.0
"""Websocket messages of one workspace that are read per second, over all its connections."""
MESSAGE_BURST = 500
"""Most messages of a workspace in a burst above that rate."""


@dataclass
class MessageRateLimit:
    """Limits the rate at which the websocket messages of each workspace are read. Unread messages wait."""

    per_second: float = MESSAGES_PER_SECOND
    burst: int = MESSAGE_BURST
    _used_until: dict[str, float] = field(default_factory=dict)
    """For each workspace, the loop time until which its rate is used up."""

    async def wait(self, key: str) -> None:
        """Wait until one more message of this workspace may be handled."""
        now = asyncio.get_running_loop().time()
        used_until = max(self._used_until.get(key, 0.0), now - self.burst / self.per_second) + 1 / self.per_second
        self._used_until[key] = used_until
        await asyncio.sleep(max(0.0, used_until - now))


@dataclass
class OperationQueue:
    """Runs a limited number of operations of each workspace at the same time. The others wait in order."""

    max_running: int = MAX_RUNNING_OPERATIONS
    max_waiting: int = MAX_WAITING_OPERATIONS
    _running: Counter[str] = field(default_factory=Counter)
    _waiting: dict[str, deque["asyncio.Future[None]"]] = field(default_factory=dict)

    @asynccontextmanager
    async def slot(self, key: str) -> AsyncIterator[None]:
        """Run the block when fewer than ``max_running`` operations of the workspace run.

        Raises Refusal if too many operations wait.
        """
        await self._acquire(key)
        try:
            yield
        finally:
            self._release(key)

    async def _acquire(self, key: str) -> None:
        if self._running[key] < self.max_running:
            self._running[key] += 1
            return
        queue = self._waiting.setdefault(key, deque())
        if len(queue) >= self.max_waiting:
            raise Refusal.of(RequestCode.BUSY, running=self.max_running, waiting=self.max_waiting)
        slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(slot)
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():  # the operation got a slot just before it was cancelled
                self._release(key)
            raise

    def _release(self, key: str) -> None:
        queue = self._waiting.get(key)
        while queue:
            slot = queue.popleft()
            if not slot.done():
                slot.set_result(None)
                return
        self._waiting.pop(key, None)
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]


@dataclass
class BodyMemory:
    """The memory for request bodies. It is reserved before a body is read, until its operation is done."""

    largest: int
    """Bytes of the largest body."""
    wait_seconds: float = BODY_WAIT_SECONDS
    _held: Counter[str] = field(default_factory=Counter)
    _waiting: list["asyncio.Future[None]"] = field(default_factory=list)

    @asynccontextmanager
    async def reserve(self, key: str, size: int) -> AsyncIterator[None]:
        """Reserve memory for a body of a workspace or client. Raises Refusal if none becomes free in time."""
        try:
            async with asyncio.timeout(self.wait_seconds):
                while not self._fits(key, size):
                    freed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.append(freed)
                    await freed
        except TimeoutError:
            raise Refusal.of(RequestCode.BUSY, case="bodies") from None
        self._held[key] += size
        try:
            yield
        finally:
            self._held[key] -= size
            if not self._held[key]:
                del self._held[key]
            waiting, self._waiting = self._waiting, []
            for freed in waiting:
                if not freed.done():
                    freed.set_result(None)

    def _fits(self, key: str, size: int) -> bool:
        total = MAX_LARGEST_BODIES * self.largest
        return self._held[key] + size <= total // 2 and self._held.total() + size <= total
