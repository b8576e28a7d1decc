"""Group commit: write the items of many tasks in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_GROUP_ITEMS = 500
"""The most items of one transaction, unless the caller sets another number."""
RESULTS_PER_TURN = 200
"""Results that are set in one turn of the event loop. The tasks that wait for them all run in the next turn."""


class GroupCommit(Generic[Item, Result]):
    """Collects items while earlier items are being written, and writes them in their order.

    A commit takes about the same time for one item and for hundreds. So an item waits a few milliseconds for the
    running commit, and all waiting items share the next one. ``put`` appends to ``_waiting``. At most one task runs
    ``_run``, which takes items from ``_waiting`` and sets the result of each item's future.
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], max_items: int = MAX_GROUP_ITEMS
    ) -> None:
        self._write = write
        self._max_items = max_items
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writer: asyncio.Task[None] | None = None

    def put(self, item: Item) -> asyncio.Future[Result]:
        """Write an item together with others. Returns a future for its result or its error."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._run())
        return future

    async def idle(self) -> None:
        """Wait until all items are written."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait([self._writer])

    async def _run(self) -> None:
        while self._waiting:
            if len(self._waiting) < self._max_items:
                await asyncio.sleep(0)  # tasks that are ready now add their items to this group
            group, self._waiting = self._waiting[: self._max_items], self._waiting[self._max_items :]
            try:
                results = await self._write([item for item, _ in group])
            except Exception as problem:
                for _, future in group:
                    if not future.done():
                        future.set_exception(problem)
                continue
            for number, ((_, future), result) in enumerate(zip(group, results, strict=True), 1):
                if not future.done():
                    future.set_result(result)
                if number % RESULTS_PER_TURN == 0:
                    await asyncio.sleep(0)
