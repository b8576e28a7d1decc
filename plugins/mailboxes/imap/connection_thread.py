"""A thread that makes the blocking calls of one connection, one after the other."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class ConnectionThread:
    """Runs functions in a thread of its own, so that a connection that waits for news does not block others.

    It is a daemon thread: a connection that hangs while a host name is looked up does not keep the process from ending.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    async def call(self, function: Callable[[], Answer]) -> Answer:
        """Run a function in the thread, and return what it returns. A cancelled call still runs to its end."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result)

        def run() -> None:
            result, error = None, None
            try:
                result = function()
            except BaseException as problem:
                error = problem
            with suppress(RuntimeError):  # the event loop has ended
                loop.call_soon_threadsafe(settle, result, error)

        self._calls.put(run)
        return await answer

    def stop(self) -> None:
        """End the thread after the calls that it has."""
        self._calls.put(None)
