"""Group commit: items that many tasks want to write at the same moment are written in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAX_GROUP_ITEMS = 500
"""The most items of one transaction."""


class GroupCommit(Generic[Item, Answer]):
    """Collects items while earlier ones are being written, and writes them in their order.

    A commit costs about the same for one item and for hundreds, so an item waits for the running commit, which takes
    milliseconds, and hundreds share the next one. ``put`` appends to ``_waiting``; ``_run``, of which there is one task
    at most, takes from it and answers each item's future.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]) -> None:
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._writer: asyncio.Task[None] | None = None

    def put(self, item: Item) -> asyncio.Future[Answer]:
        """Write an item together with others. The future gets its answer, or the error of writing it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._run())
        return future

    async def idle(self) -> None:
        """Wait until everything is written."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait([self._writer])

    async def _run(self) -> None:
        while self._waiting:
            if len(self._waiting) < MAX_GROUP_ITEMS:
                await asyncio.sleep(0)  # tasks that are ready now add their items to this group
            group, self._waiting = self._waiting[:MAX_GROUP_ITEMS], self._waiting[MAX_GROUP_ITEMS:]
            try:
                answers = await self._write([item for item, _ in group])
            except Exception as problem:
                for _, future in group:
                    if not future.done():
                        future.set_exception(problem)
                continue
            for (_, future), answer in zip(group, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
