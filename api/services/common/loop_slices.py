"""Slices of the event loop: a long calculation lets other tasks run."""

import asyncio
import time

SLICE_SECONDS = 0.005
"""Time after which other tasks run. The current part is finished first, so a slice is a little longer."""


class LoopSlices:
    """Divides one calculation into slices. Call ``turn`` before each of its parts, such as a person:

    slices = LoopSlices()
    for person in people:
        await slices.turn()
        plan(person)
    """

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def turn(self) -> None:
        """Let other tasks run, if the slice is over."""
        if time.perf_counter() - self._began >= SLICE_SECONDS:
            await asyncio.sleep(0)
            self._began = time.perf_counter()
