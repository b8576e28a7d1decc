"""Follow the progress of background launches. Any process may work on a launch, so this polls the database."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from api.models import Launch
from api.services.launches.follower_group import Follower, FollowerGroup, MakeResult, Result, progress
from api.store.engine.availability import one_line

FollowedLaunch: TypeAlias = Launch
"""The row that a client follows."""

log = logging.getLogger("touchline.launch_watch")

POLL_SECONDS = 0.25
"""Pause between two queries while nothing changes."""
MIN_EVENT_SECONDS = 1.0
"""Pause after a change. A follower gets at most one event in this time."""
SENDERS = 4
"""Groups of followers to which changes are sent at the same time. The others wait in order."""
GROUPS_PER_TURN = 200
"""Groups that are compared with their launch before other tasks of the event loop run."""


async def rest(changed: bool) -> None:
    """Pause between two queries. ``changed`` says whether the last one found a change."""
    await asyncio.sleep(MIN_EVENT_SECONDS if changed else POLL_SECONDS)


class LaunchWatch:
    """Polls the launches that clients of this process follow: one query for all of them, and none without followers.

    Followers with the same key form a group, for which the result of a change is made once.
    """

    def __init__(self, pause: Callable[[bool], Awaitable[object]] = rest) -> None:
        self._pause = pause
        self._groups: dict[Hashable, FollowerGroup[Any]] = {}
        self._queue: asyncio.Queue[tuple[FollowerGroup[Any], Launch, list[Follower[Any]]]] = asyncio.Queue()
        """Changes that the senders take. Only ``_look`` adds to it."""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def followers(self) -> int:
        """The number of followers of launches that have not ended."""
        return sum(len(group.followers) for group in self._groups.values())

    @contextmanager
    def following(
        self, key: Hashable, launch: Launch, token: str, make: MakeResult[Result]
    ) -> Iterator[Follower[Result]]:
        """Follow a launch whose present state the client has. The first follower with a key sets ``make``."""
        group: FollowerGroup[Result] | None = self._groups.get(key)
        if group is None:
            group = self._groups[key] = FollowerGroup(launch.id, make)
        follower: Follower[Result] = Follower(launch, token)
        group.followers[follower] = None
        del launch, make  # thousands of followers must not keep them
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
                log.warning("cannot read the launches that clients follow; trying again: %s", one_line(problem))

    async def _look(self) -> bool:
        """Read the launches and queue the changes. Return whether there are any."""
        # A follower that joins during the query has a newer row already.
        groups = [(group, list(group.followers)) for group in self._groups.values() if not group.busy]
        rows = await _rows(group.launch_id for group, _ in groups) if groups else {}
        changed = False
        for number, (group, followers) in enumerate(groups, 1):
            launch = rows.get(group.launch_id)
            if launch is not None and (behind := _behind(followers, launch)):
                changed = group.busy = True
                self._queue.put_nowait((group, launch, behind))
            if number % GROUPS_PER_TURN == 0:
                await asyncio.sleep(0)
        return changed

    async def _send(self) -> None:
        while True:
            group, launch, behind = await self._queue.get()
            try:
                await group.send(launch, behind)
            except Exception as problem:
                log.warning("cannot send the progress of a launch; trying again: %s", one_line(problem))
            finally:
                group.busy = False


def _behind(followers: list[Follower[Any]], launch: Launch) -> list[Follower[Any]]:
    now = progress(launch)
    return [follower for follower in followers if follower.seen != now]


async def _rows(ids: Iterable[str]) -> dict[str, Launch]:
    return {launch.id: launch for launch in await Launch.filter(id__in=sorted(set(ids)))}
