"""Follow rows such as background launches. Any process may work on one, so this polls the database."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic

from api.services.following.follower_group import FollowerGroup, MakeResult, Result, Waiting
from api.services.following.row_kinds import KINDS, FollowedRow, RowKind, kind_of
from api.store.engine.faults.availability import one_line

log = logging.getLogger("touchline.row_watch")

POLL_SECONDS = 0.25
"""Pause between two queries while nothing changes."""
MIN_EVENT_SECONDS = 1.0
"""Pause after a change. A follower gets at most one event in this time."""
SENDERS = 4
"""Groups of followers to which changes are sent at the same time. The others wait in order."""
GROUPS_PER_TURN = 200
"""Groups that are compared with their row before other tasks of the event loop run."""


class RowFollower(Generic[Result]):
    """One client that follows a row. Its group writes results, and the client's own task reads them."""

    __slots__ = ("_newest", "_state", "_waiting", "seen", "token")

    def __init__(self, row: FollowedRow, token: str) -> None:
        self.token = token
        self._state = kind_of(row).state
        self.seen = self._state(row)
        """The state that was sent or waits to be sent. Only ``offer`` changes it."""
        self._newest: tuple[FollowedRow, Result] | None = None
        self._waiting = Waiting()

    def offer(self, change: FollowedRow, result: Result) -> None:
        """Keep the newest result. A slow client skips the older ones."""
        self.seen = self._state(change)
        self._newest = change, result
        self._waiting.wake()

    async def next(self) -> tuple[FollowedRow, Result]:
        """Wait for a change. Return the row and the result."""
        if self._newest is None:
            await self._waiting.wait()
        assert self._newest is not None  # noqa: S101 - offer has set it
        newest, self._newest = self._newest, None
        return newest


class RowGroup(FollowerGroup[FollowedRow, Result]):
    """The followers of one row who get the same result."""

    def __init__(self, kind: RowKind, row_id: str, make: MakeResult[FollowedRow, Result]) -> None:
        super().__init__(make)
        self.kind, self.row_id = kind, row_id
        self.followers: dict[RowFollower[Result], None] = {}


class RowWatch:
    """Polls the rows that clients of this process follow: one query for each kind, and none without followers.

    Followers with the same key form a group, for which the result of a change is made once.
    """

    def __init__(self, pause: Callable[[bool], Awaitable[object]] | None = None) -> None:
        self._pause = pause or _pause
        self._groups: dict[Hashable, RowGroup[Any]] = {}
        self._queue: asyncio.Queue[tuple[RowGroup[Any], FollowedRow, list[RowFollower[Any]]]] = asyncio.Queue()
        """Changes that the senders take. Only ``_look`` adds to it."""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def followers(self) -> int:
        """The number of followers of rows that have not ended."""
        return sum(len(group.followers) for group in self._groups.values())

    @contextmanager
    def following(
        self, key: Hashable, row: FollowedRow, token: str, make: MakeResult[FollowedRow, Result]
    ) -> Iterator[RowFollower[Result]]:
        """Follow a row whose present state the client has. The first follower with a key sets ``make``."""
        group: RowGroup[Result] | None = self._groups.get(key)
        if group is None:
            group = self._groups[key] = RowGroup(kind_of(row), row.id, make)
        follower: RowFollower[Result] = RowFollower(row, token)
        group.followers[follower] = None
        del row, make  # thousands of followers must not keep them
        if not self._tasks:
            self._start()
        try:
            yield follower
        finally:
            del group.followers[follower]
            if not group.followers:
                del self._groups[key]
            if not self._groups:
                self._stop()

    async def close(self) -> None:
        """Stop polling. Call before the database is closed."""
        if stopped := self._stop():
            await asyncio.wait(stopped)

    def _start(self) -> None:
        self._queue = asyncio.Queue()
        loop = asyncio.get_running_loop()
        for work in (self._poll(), *(self._send() for _ in range(SENDERS))):
            # An empty context: the task serves all followers, so it must not inherit the first one's transaction.
            self._tasks.append(loop.create_task(work, context=contextvars.Context()))

    def _stop(self) -> list[asyncio.Task[None]]:
        stopped, self._tasks = self._tasks, []
        for task in stopped:
            task.cancel()
        return stopped

    async def _poll(self) -> None:
        changed = False
        while True:
            await self._pause(changed)
            try:
                changed = await self._look()
            except Exception as problem:
                log.warning("cannot read the rows that clients follow; trying again: %s", one_line(problem))

    async def _look(self) -> bool:
        """Read the rows and queue the changes. Return whether there are any."""
        # A follower that joins during the query has a newer row already.
        groups = [(group, list(group.followers)) for group in self._groups.values() if not group.busy]
        rows: dict[str, Any] = {}
        for kind in KINDS.values():
            if ids := [group.row_id for group, _ in groups if group.kind is kind]:
                rows |= await kind.rows(ids)
        changed = False
        for number, (group, followers) in enumerate(groups, 1):
            row = rows.get(group.row_id)
            if row is not None and (behind := _behind(followers, group.kind.state(row))):
                changed = group.busy = True
                self._queue.put_nowait((group, row, behind))
            if number % GROUPS_PER_TURN == 0:
                await asyncio.sleep(0)
        return changed

    async def _send(self) -> None:
        while True:
            group, row, behind = await self._queue.get()
            try:
                await group.send(row, behind)
            except Exception as problem:
                log.warning("cannot send the change of a row; trying again: %s", one_line(problem))
            finally:
                group.busy = False


async def _pause(changed: bool) -> None:
    """Pause between two queries. ``changed`` says whether the last one found a change."""
    await asyncio.sleep(MIN_EVENT_SECONDS if changed else POLL_SECONDS)


def _behind(followers: list[RowFollower[Any]], now: Hashable) -> list[RowFollower[Any]]:
    return [follower for follower in followers if follower.seen != now]
