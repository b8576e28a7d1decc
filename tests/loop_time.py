"""The time of the event loop, of which a test lets some pass at once.

What ends after seconds ends then without waiting for them, and on a slow machine nothing ends before a test wants it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Ahead:
    time: Callable[[], float]
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.time() + self.seconds


def let_pass(seconds: float) -> None:
    """Let the running event loop believe that so much time has passed."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop.time, _Ahead):
        loop.time = _Ahead(loop.time)  # type: ignore[method-assign]
    loop.time.seconds += seconds
