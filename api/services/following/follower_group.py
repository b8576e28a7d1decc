"""Groups of clients that get the same result of each change."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, Protocol, TypeVar

WAKES_PER_TURN = 10
"""Followers that are woken in one turn of the event loop. Each needs less than 0.1 ms to write its message."""

Change = TypeVar("Change")
Result = TypeVar("Result")
Change_contra = TypeVar("Change_contra", contravariant=True)
Result_contra = TypeVar("Result_contra", contravariant=True)
MakeResult = Callable[[Change, Collection[str]], Awaitable[Result]]
"""Makes the result of a change. Gets the change and the tokens of the followers that will get the result."""


class AnyFollower(Protocol[Change_contra, Result_contra]):
    """One client. Its group offers results, and the client's own task takes them."""

    token: str
    """The client's Authorization header."""

    def offer(self, change: Change_contra, result: Result_contra) -> None:
        """Keep a result for the client, and wake its task."""


class Waiting:
    """Lets one task wait for a result. An asyncio.Event would need a kilobyte for each follower."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Wake the task, if it waits."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    async def wait(self) -> None:
        """Wait until ``wake`` is called."""
        self._future = asyncio.get_running_loop().create_future()
        await self._future
        self._future = None


class FollowerGroup(Generic[Change, Result]):
    """Makes the result of each change once, and wakes the followers in slices, so that other work is served."""

    def __init__(self, make: MakeResult[Change, Result]) -> None:
        self.busy = False
        """Whether a change is queued or sent. The next one waits, so that all followers get changes in order."""
        self._make = make

    async def send(self, change: Change, followers: Sequence[AnyFollower[Change, Result]]) -> None:
        """Send a change to these followers. A slow client does not delay it."""
        result = await self._make(change, {follower.token for follower in followers})
        for number, follower in enumerate(followers, 1):
            follower.offer(change, result)
            if number % WAKES_PER_TURN == 0:
                await asyncio.sleep(0)
