"""The newest events of one workspace, in memory, and the groups of clients that follow them."""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from itertools import islice
from typing import Any

from api.services.following.event_follower import EventGroup
from api.store.events.event_feed import Place

MAX_RECENT = 2_000
"""Events that are kept in memory for clients that resume."""


class WorkspaceTail:
    """How far the events of a workspace have been read. Only the reader of the process moves it."""

    def __init__(self, workspace_id: str) -> None:
        self.id = workspace_id
        self.groups: dict[Hashable, EventGroup[Any]] = {}
        self.started = asyncio.Event()
        """Set when ``place`` is known."""
        self.place = Place(-1)
        """Every event up to here has been read."""
        self.count = 0
        """Number of events that have been read."""
        self._recent: deque[Any] = deque()
        self._recent_from = self.place
        """``_recent`` has all events from here to ``place``."""

    @property
    def clients(self) -> int:
        """The number of clients."""
        return sum(group.clients for group in self.groups.values())

    def start(self, place: Place) -> None:
        """Begin at a place."""
        self.place = self._recent_from = place
        self.started.set()

    def add(self, rows: Sequence[Any], end: Place | None) -> Iterator[EventGroup[Any]]:
        """Add the events after ``place``. Yields the groups with clients that want one of them.

        ``end`` is the place up to which there are no more; None if the last of them is that place.
        """
        self.count += len(rows)
        self._recent.extend(rows)
        while len(self._recent) > MAX_RECENT:
            oldest = self._recent.popleft()
            self._recent_from = Place(oldest.position, oldest.id)
        self.place = end or Place(rows[-1].position, rows[-1].id)
        changed = []
        for group in self.groups.values():
            matching, followers = group.followers.matching(rows)
            if followers:
                group.pending.append((matching, followers))
                changed.append(group)
        return iter(changed)

    def recent_after(self, place: Place, limit: int) -> list[Any] | None:
        """Return the first events after a place from memory; None if they are not kept so long."""
        if place < self._recent_from:
            return None
        return list(islice((row for row in self._recent if (row.position, row.id) > place), limit))
