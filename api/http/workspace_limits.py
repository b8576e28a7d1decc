"""What all workspaces share, in shares: the memory of large bodies, and the requests that run at once."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MAX_RUNNING_OPERATIONS = 20
"""GraphQL operations of one workspace that run at once, over HTTP and websockets together. Others wait in order."""
MAX_WAITING_OPERATIONS = 200
"""Operations of one workspace that may wait. Further ones are refused."""
MAX_LARGEST_BODIES = 4
"""Bodies of the largest size for which there is memory. One workspace has half of it at most."""
BODY_WAIT_SECONDS = 10.0
"""How long a large body waits for memory, unread, before it is refused."""
MESSAGES_PER_SECOND = 300.0
"""Websocket messages of one workspace that are read in a second, over all of its connections together."""
MESSAGE_BURST = 500
"""How many more may come in a burst."""


class BusyError(Exception):
    """There is no room now. The client may try again later."""


@dataclass
class MessageRateLimit:
    """Reads the websocket messages of each workspace no faster than others can bear. What is not read yet waits."""

    per_second: float = MESSAGES_PER_SECOND
    burst: int = MESSAGE_BURST
    _reached: dict[str, float] = field(default_factory=dict)
    """Up to which time of the loop each workspace has used its share."""

    async def wait(self, key: str) -> None:
        """Wait until one more message of this workspace may be handled."""
        now = asyncio.get_running_loop().time()
        reached = max(self._reached.get(key, 0.0), now - self.burst / self.per_second) + 1 / self.per_second
        self._reached[key] = reached
        await asyncio.sleep(max(0.0, reached - now))


@dataclass
class OperationQueue:
    """Lets so many operations of each workspace run at once, and the others wait in order."""

    running_most: int = MAX_RUNNING_OPERATIONS
    waiting_most: int = MAX_WAITING_OPERATIONS
    _running: Counter[str] = field(default_factory=Counter)
    _waiting: dict[str, deque["asyncio.Future[None]"]] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for a turn of this workspace. Raises BusyError where too many wait already."""
        await self._take(key)
        try:
            yield
        finally:
            self._give(key)

    async def _take(self, key: str) -> None:
        if self._running[key] < self.running_most:
            self._running[key] += 1
            return
        queue = self._waiting.setdefault(key, deque())
        if len(queue) >= self.waiting_most:
            told = (
                f"{self.running_most} operations of this workspace run, and {self.waiting_most} wait. Try again later."
            )
            raise BusyError(told)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the turn came in the same moment
                self._give(key)
            raise

    def _give(self, key: str) -> None:
        queue = self._waiting.get(key)
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._waiting.pop(key, None)
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]


@dataclass
class BodyMemory:
    """The memory for bodies that are read or worked on. It is taken before a body is read."""

    largest: int
    """Bytes of the largest body."""
    patience: float = BODY_WAIT_SECONDS
    _held: Counter[str] = field(default_factory=Counter)
    _waiting: list["asyncio.Future[None]"] = field(default_factory=list)

    @asynccontextmanager
    async def room(self, key: str, size: int) -> AsyncIterator[None]:
        """Hold memory for a body of a workspace. Raises BusyError where none becomes free in time."""
        try:
            async with asyncio.timeout(self.patience):
                while not self._fits(key, size):
                    freed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.append(freed)
                    await freed
        except TimeoutError:
            raise BusyError("Too many large requests are being read. Try again in a moment.") from None
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
