"""The queue of one account: deliveries that wait for a session, or sessions that wait for a delivery."""

import asyncio
from collections import deque
from collections.abc import Iterable

from api.services.dispatch.claim.delivery import Delivery


class DeliveryQueue:
    """A first-in, first-out queue. If it is empty, a session waits up to ``linger_seconds`` for a delivery.

    The account worker adds deliveries. Sessions take them, and put back deliveries that a new session shall try. The
    session that began to wait last is woken first, so that sessions that are not needed time out. One timer serves all
    waiting sessions.
    """

    def __init__(self, linger_seconds: float) -> None:
        self._linger_seconds = linger_seconds
        self._deliveries: deque[Delivery] = deque()
        self._waiting: dict[asyncio.Future[None], float] = {}
        """The waiting sessions in the order in which they began, and until when they wait, by the loop's clock."""
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._looked_at = 0
        """How many of the first deliveries ``next_unprepared`` has looked at."""

    def __len__(self) -> int:
        return len(self._deliveries)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Append deliveries without waking a session."""
        self._deliveries.extend(deliveries)

    def put_back(self, delivery: Delivery) -> None:
        """Append a delivery for another session, and wake one."""
        self._deliveries.append(delivery)
        self.wake(1)

    def take_all(self) -> list[Delivery]:
        """Remove and return all deliveries."""
        deliveries, self._deliveries, self._looked_at = list(self._deliveries), deque(), 0
        return deliveries

    def take(self, most: int) -> list[Delivery]:
        """Remove and return up to ``most`` deliveries that wait now."""
        return [self._take_first() for _ in range(min(most, len(self._deliveries)))]

    def has_unprepared(self, limit: int) -> bool:
        """Say whether ``next_unprepared`` has not looked at all of the first ``limit`` deliveries."""
        return self._looked_at < min(limit, len(self._deliveries))

    def next_unprepared(self, limit: int) -> Delivery | None:
        """Return the first delivery that is not prepared, among the first ``limit`` that wait. Returns each once."""
        while self.has_unprepared(limit):
            delivery = self._deliveries[self._looked_at]
            self._looked_at += 1
            if delivery.prepared is None:
                return delivery
        return None

    def remove(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Remove these deliveries. Returns those that were still waiting."""
        ids = {id(delivery) for delivery in deliveries}
        removed = [delivery for delivery in self._deliveries if id(delivery) in ids]
        self._deliveries = deque(delivery for delivery in self._deliveries if id(delivery) not in ids)
        self._looked_at = 0
        return removed

    def deliveries(self) -> list[Delivery]:
        """Return the waiting deliveries in their order."""
        return list(self._deliveries)

    async def next(self) -> Delivery | None:
        """Take the first delivery, or wait for one. Returns None if none comes in time or the queue is closed."""
        if not self._deliveries and self._linger_seconds:
            clock = asyncio.get_running_loop().time
            until = clock() + self._linger_seconds
            while not self._deliveries and not self._closed and clock() < until:
                await self._wait(until)
        return self._take_first() if self._deliveries else None

    def wake(self, sessions: int) -> int:
        """Wake up to ``sessions`` waiting sessions. Returns the number of woken sessions."""
        number = min(sessions, len(self._waiting))
        for _ in range(number):
            _set(self._waiting.popitem()[0])
        return number

    def close(self) -> list[Delivery]:
        """Close the queue, so that waiting sessions end. Returns the deliveries that were waiting."""
        self._closed = True
        self.wake(len(self._waiting))
        return self.take_all()

    def _take_first(self) -> Delivery:
        self._looked_at = max(0, self._looked_at - 1)
        return self._deliveries.popleft()

    async def _wait(self, until: float) -> None:
        """Wait until this session is woken or the time is over."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        self._waiting[woken] = until
        if self._timer is None:
            self._timer = loop.call_at(until, self._end_waits)
        try:
            await woken
        finally:
            self._waiting.pop(woken, None)

    def _end_waits(self) -> None:
        """End the waits whose time is over, and watch the others."""
        loop = asyncio.get_running_loop()
        self._timer, now = None, loop.time()
        for woken, until in self._waiting.items():
            if until > now:
                self._timer = loop.call_at(until, self._end_waits)
                return
            _set(woken)


def _set(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
