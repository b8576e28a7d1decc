"""One client that follows the Live Feed, and the group of clients that get the same results of events."""

from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from api.services.following.event_filter_index import EventFilter, FilterIndex
from api.services.following.follower_group import FollowerGroup, Result, Waiting
from api.store.events.event_feed import Place

MAX_WAITING = 1_000
"""The most events that wait for a slow client. With more, it reads from the database."""
MAX_RESULTS = 1_000
"""Results of the newest events that a group keeps for clients that join."""

Result_co = TypeVar("Result_co", covariant=True)
Events = Sequence[Any]
Results = tuple[Mapping[str, Result], frozenset[str]]
"""Results by the id of their event, and the tokens that were valid when they were made."""


class EventFollower(Generic[Result]):
    """One client. It reads from the database until it has reached the tail, and then takes what its group offers.

    Its own task reads ``place`` and moves it. While it follows the tail, the group fills ``_waiting``. If that is full,
    the client is dropped from the group: it sends what waits, and reads from the database again.
    """

    def __init__(self, filter_: EventFilter, place: Place, token: str, count: Callable[[], int]) -> None:
        self.filter, self.place, self.token = filter_, place, token
        self._count = count
        self.dropped = False
        """Whether the group no longer offers events."""
        self.behind_since = count()
        """How many events the tail had read when the client was at the tail for the last time, or when it joined."""
        self._waiting: deque[tuple[Any, Result, bool]] = deque()
        self._wake = Waiting()

    def offer(self, change: Events, result: Results[Result]) -> None:
        """Queue the results of the events that the client wants and does not have."""
        if self.dropped:
            return
        results, valid = result
        for event in change:
            # A client that comes from another server may be ahead of this server's tail.
            if self.filter.matches(event) and (event.position, event.id) > self.place:
                if len(self._waiting) >= MAX_WAITING:
                    self.drop()
                    return
                self._waiting.append((event, results[event.id], self.token in valid))
        self._wake.wake()

    def drop(self) -> None:
        """Offer the client no more events."""
        if not self.dropped:
            self.dropped, self.behind_since = True, self._count()
        self._wake.wake()

    async def next(self) -> tuple[Result, bool] | None:
        """Wait for an event. Return its result, and whether the token was valid; None if the client was dropped.

        A dropped client first gets the waiting events.
        """
        while not self._waiting:
            if self.dropped:
                return None
            await self._wake.wait()
        event, result, valid = self._waiting.popleft()
        self.place = Place(event.position, event.id)
        return result, valid


class EventMaker(Protocol[Result_co]):
    """Makes the results of events for clients with the same request."""

    async def make(self, events: Events) -> Mapping[str, Result_co]:
        """Return the result of each event, by its id."""

    async def valid(self, tokens: Collection[str]) -> frozenset[str]:
        """Return those of some tokens that are valid."""


class EventGroup(FollowerGroup[Events, Results[Result]]):
    """The followers of one workspace that get the same results of events, each with a filter of its own."""

    def __init__(self, maker: EventMaker[Result]) -> None:
        super().__init__(self.results)
        self.followers: FilterIndex[EventFollower[Result]] = FilterIndex()
        self.clients = 0
        """Followers, and clients that have not reached the tail."""
        self.pending: deque[tuple[Events, list[EventFollower[Result]]]] = deque()
        """Events that are to be sent, with the followers that want one of them."""
        self._maker = maker
        self._results: OrderedDict[str, Result] = OrderedDict()

    async def results(self, events: Events, tokens: Collection[str]) -> Results[Result]:
        """Return the results of events, and which of these tokens are valid. A result is made once for all clients."""
        valid = await self._maker.valid(tokens)
        new = [event for event in events if event.id not in self._results]
        new_results = dict(await self._maker.make(new)) if new else {}
        found = {
            event.id: new_results[event.id] if event.id in new_results else self._results[event.id] for event in events
        }
        self._results |= new_results
        while len(self._results) > MAX_RESULTS:
            self._results.popitem(last=False)
        return found, valid

    def drop_all(self) -> None:
        """Make all followers read from the database, because results are made more slowly than events happen."""
        for follower in self.followers:
            follower.drop()
        self.pending.clear()
