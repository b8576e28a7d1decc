"""Clients that follow the same launch and get the same result of each change."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Generic, TypeVar

from api.models import Launch
from api.states import LaunchStatus

WAKES_PER_TURN = 10
"""Followers that are woken in one turn of the event loop. Each needs less than 0.1 ms to write its message."""

Result = TypeVar("Result")
MakeResult = Callable[[Launch, Collection[str]], Awaitable[Result]]
"""Makes the result of a change. Gets the launch and the tokens of the followers that will get the result."""
Progress = tuple[LaunchStatus, int, int, int, int]


def progress(launch: Launch) -> Progress:
    """Return the values whose change is sent to followers."""
    return launch.status, launch.total, launch.processed, launch.enrolled, launch.left_out


class Follower(Generic[Result]):
    """One client that follows a launch. Its group writes results, and the client's own task reads them."""

    __slots__ = ("_newest", "_waiting", "seen", "token")

    def __init__(self, launch: Launch, token: str) -> None:
        self.token = token
        self.seen = progress(launch)
        """The progress that was sent or waits to be sent. Only ``offer`` changes it."""
        self._newest: tuple[Launch, Result] | None = None
        self._waiting: asyncio.Future[None] | None = None  # an Event would need a kilobyte

    def offer(self, launch: Launch, result: Result) -> None:
        """Keep the newest result. A slow client skips the older ones."""
        self.seen = progress(launch)
        self._newest = launch, result
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def next(self) -> tuple[Launch, Result]:
        """Wait for a change. Return the launch and the result."""
        if self._newest is None:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
            self._waiting = None
        assert self._newest is not None  # noqa: S101 - offer has set it
        newest, self._newest = self._newest, None
        return newest


class FollowerGroup(Generic[Result]):
    """Makes the result of each change once, and wakes the followers in slices, so that other work is served."""

    def __init__(self, launch_id: str, make: MakeResult[Result]) -> None:
        self.launch_id = launch_id
        self.followers: dict[Follower[Result], None] = {}
        self.busy = False
        """Whether a change is queued or sent. The next one waits, so that all followers get changes in order."""
        self._make = make

    async def send(self, launch: Launch, followers: list[Follower[Result]]) -> None:
        """Send a change to these followers. A slow client does not delay it."""
        result = await self._make(launch, {follower.token for follower in followers})
        for number, follower in enumerate(followers, 1):
            follower.offer(launch, result)
            if number % WAKES_PER_TURN == 0:
                await asyncio.sleep(0)
