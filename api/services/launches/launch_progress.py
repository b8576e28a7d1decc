"""Follow the progress of background launches. Any process may work on a launch, so this polls the database."""

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from api.models import Launch
from api.services.common.context import WorkspaceContext
from api.store.engine.rows import get_or_refuse

log = logging.getLogger("touchline.launch_watch")

POLL_SECONDS = 1.0
"""Pause between two queries."""


async def rest() -> None:
    """Pause between two queries."""
    await asyncio.sleep(POLL_SECONDS)


def _progress(launch: Launch) -> tuple[Any, ...]:
    return launch.status, launch.total, launch.processed, launch.enrolled, launch.left_out


@dataclass(eq=False, slots=True)
class _Follower:
    launch: Launch
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def keep_newest(self, launch: Launch) -> None:
        """Keep the newest row. A slow follower skips the older ones."""
        if _progress(launch) != _progress(self.launch):
            self.launch = launch
            self.changed.set()

    async def next(self) -> Launch:
        await self.changed.wait()
        self.changed.clear()
        return self.launch


class LaunchWatch:
    """Polls the launches that clients of this process follow: one query for all of them, and none without followers."""

    def __init__(self, pause: Callable[[], Awaitable[object]] = rest) -> None:
        self._pause = pause
        self._followers: set[_Follower] = set()
        self._polling: asyncio.Task[None] | None = None

    @property
    def followers(self) -> int:
        """The number of followers of launches that have not ended."""
        return len(self._followers)

    async def follow(self, context: WorkspaceContext, launch_id: str) -> AsyncGenerator[Launch, None]:
        """Yield the launch now, after each change, and a last time when it ends. Raises Refusal NOT_FOUND."""
        return self._changes(await get_or_refuse(Launch, context.workspace_id, launch_id, ("id",)))

    async def close(self) -> None:
        """Stop polling. Call before the database is closed."""
        if self._polling is not None:
            self._polling.cancel()
            with suppress(asyncio.CancelledError):
                await self._polling

    async def _changes(self, launch: Launch) -> AsyncGenerator[Launch, None]:
        yield launch
        with self._registered(_Follower(launch)) as follower:
            while not launch.status.over:
                launch = await follower.next()
                yield launch

    @contextmanager
    def _registered(self, follower: _Follower) -> Iterator[_Follower]:
        self._followers.add(follower)
        if len(self._followers) == 1:
            # An empty context: the task serves all followers, so it must not inherit the first one's transaction.
            self._polling = asyncio.get_running_loop().create_task(self._poll(), context=contextvars.Context())
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            if not self._followers and self._polling is not None:
                self._polling.cancel()

    async def _poll(self) -> None:
        while True:
            await self._pause()
            # A follower that joins during the query has a newer row already.
            followers = list(self._followers)
            try:
                rows = await _rows(follower.launch.id for follower in followers)
            except Exception as problem:
                log.warning("cannot read the launches that clients follow; trying again: %s", problem)
                continue
            for follower in followers:
                if follower.launch.id in rows:
                    follower.keep_newest(rows[follower.launch.id])


async def _rows(ids: Iterable[str]) -> dict[str, Launch]:
    return {launch.id: launch for launch in await Launch.filter(id__in=sorted(set(ids)))}
