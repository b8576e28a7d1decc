"""The pool: calls wait in a queue that is fair between workspaces, and worker processes do them.

Each process has a thread of this process that starts it, talks to it on a socket of its own, and replaces it. The
library Pebble was considered: its processes share one pipe and one lock, and one that is killed while it holds that
lock stops the whole pool. Ours are killed as a matter of course.
"""

import asyncio
import atexit
import logging
import os
import pickle
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple, ParamSpec, TypeVar

from api.workers.limits import (
    DEFAULT_LIMITS,
    Limit,
    LimitExceededError,
    Limits,
    WorkersBusyError,
    WorkersClosedError,
)
from api.workers.worker import Worker, WorkerDiedError

log = logging.getLogger("touchline.workers")

Given = ParamSpec("Given")
Value = TypeVar("Value")

MAX_WAITING_CALLS = 2_000
"""Calls that may wait."""
MAX_WAITING_CALLS_PER_KEY = 500
"""Calls of one workspace that may wait."""
_JOIN_TIMEOUT_SECONDS = 5.0


class _Call(NamedTuple):
    future: "Future[Any]"
    key: str
    module: str
    function: str
    arguments: bytes
    limits: Limits


class Pool:
    """Does calls in up to ``size`` processes, which start when they are first needed.

    Calls are taken in turn from each key (a workspace), and no key has all of the processes at once: whoever breaks
    limits all the time leaves a process for the others. The threads own the workers; all else is under the lock.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._changed = threading.Condition()
        self._waiting: OrderedDict[str, deque[_Call]] = OrderedDict()
        self._number = 0
        self._running: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._workers: set[Worker] = set()
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes that live."""
        with self._changed:
            return [worker.pid for worker in self._workers]

    def submit(
        self,
        function: Callable[Given, Value],
        key: str,
        limits: Limits,
        *args: Given.args,
        **_no_names: Given.kwargs,
    ) -> "Future[Value]":
        """Put a call in the queue. Raises WorkersBusyError and WorkersClosedError."""
        arguments = pickle.dumps(args, pickle.HIGHEST_PROTOCOL)
        future: Future[Value] = Future()
        call = _Call(future, key, function.__module__, function.__qualname__, arguments, limits)
        with self._changed:
            if self._closed:
                raise WorkersClosedError("The worker processes have been stopped.")
            if self._number >= MAX_WAITING_CALLS or len(self._waiting.get(key, ())) >= MAX_WAITING_CALLS_PER_KEY:
                raise WorkersBusyError("Too much work of this kind waits already. Try again in a moment.")
            self._waiting.setdefault(key, deque()).append(call)
            self._number += 1
            if self._idle < self._number and len(self._threads) < self.size:
                thread = threading.Thread(target=self._serve, name="touchline-worker", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()
        return future

    def close(self) -> None:
        """Kill the processes. Calls that are not done fail with WorkersClosedError."""
        with self._changed:
            self._closed = True
            left = [call for calls in self._waiting.values() for call in calls]
            self._waiting.clear()
            workers = list(self._workers)
            self._changed.notify_all()
        for call in left:
            if call.future.set_running_or_notify_cancel():
                call.future.set_exception(WorkersClosedError("The worker processes have been stopped."))
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, 9)
        for thread in self._threads:
            thread.join(_JOIN_TIMEOUT_SECONDS)

    def _serve(self) -> None:
        """Do calls, in a thread of its own, until the pool is closed."""
        worker: Worker | None = None
        while (call := self._take()) is not None:
            try:
                if call.future.set_running_or_notify_cancel():
                    worker = self._do(call, worker)
            except BaseException as error:
                log.exception("a worker thread broke")
                call.future.set_exception(error)
            finally:
                with self._changed:
                    self._running[call.key] -= 1
                    self._running += Counter()  # forgets those at zero
                    self._changed.notify_all()
        if worker is not None:
            self._end(worker)

    def _take(self) -> _Call | None:
        with self._changed:
            self._idle += 1
            try:
                while not self._closed:
                    if (call := self._next()) is not None:
                        return call
                    self._changed.wait()
            finally:
                self._idle -= 1
        return None

    def _next(self) -> _Call | None:
        most = max(1, self.size - 1)
        key = next((key for key in self._waiting if self._running[key] < most), None)
        if key is None:
            return None
        calls = self._waiting[key]
        call = calls.popleft()
        self._number -= 1
        self._running[key] += 1
        if calls:
            self._waiting.move_to_end(key)
        else:
            del self._waiting[key]
        return call

    def _do(self, call: _Call, worker: Worker | None) -> Worker | None:
        """Do a call, twice where its worker died: it may have been killed from outside. Returns the worker."""
        for last in (False, True):
            try:
                worker = worker or self._begin()
                value, spent = worker.call(call.module, call.function, call.arguments, call.limits)
            except WorkerDiedError as death:
                self._end(worker)
                worker = None
                if self._closed:
                    call.future.set_exception(WorkersClosedError("The worker processes have been stopped."))
                    return None
                log.warning("%s It worked on %s for %s.", death, call.function, call.key or "nobody in particular")
                if last:
                    call.future.set_exception(LimitExceededError(Limit.CRASH, call.limits))
            except LimitExceededError as broken:
                log.info("%s of %s broke its limit %s", call.function, call.key or "nobody", broken.limit)
                self._end(worker)
                call.future.set_exception(broken)
                return None
            except Exception as error:
                call.future.set_exception(error)
                return worker
            else:
                call.future.set_result(value)
                if spent:
                    self._end(worker)
                return None if spent else worker
        return None

    def _begin(self) -> Worker:
        worker = Worker()
        with self._changed:
            self._workers.add(worker)
        return worker

    def _end(self, worker: Worker | None) -> None:
        if worker is not None:
            worker.kill()
            with self._changed:
                self._workers.discard(worker)


_lock = threading.Lock()
_pool: Pool | None = None


def _shared() -> Pool:
    """Return the pool of this process, made when it is first needed."""
    global _pool  # noqa: PLW0603 - one for the process: processes are dear
    with _lock:
        if _pool is None:
            # One more than there is to compute on: it may be held up, and one workspace never has all.
            _pool = Pool(min(max(os.cpu_count() or 2, 2), 4) + 1)
            atexit.register(_pool.close)
        return _pool


async def run(function: Callable[..., Value], *args: Any, key: str = "", limits: Limits = DEFAULT_LIMITS) -> Value:
    """Call a function of the top level of a module in a worker process, and wait for its value.

    ``key`` is the workspace for which it is done. Raises what the function raises, LimitExceededError, and
    WorkersBusyError. A caller that is cancelled leaves nothing behind: the call ends within its limits.
    """
    return await asyncio.wrap_future(_shared().submit(function, key, limits, *args))


def run_blocking(function: Callable[..., Value], *args: Any, key: str = "", limits: Limits = DEFAULT_LIMITS) -> Value:
    """Do the same where there is no event loop."""
    return _shared().submit(function, key, limits, *args).result()


def warm(function: Callable[[], None]) -> None:
    """Start a process and let it import the module of a function, without waiting for it."""
    with suppress(WorkersBusyError):
        _shared().submit(function, "", DEFAULT_LIMITS)


def close() -> None:
    """Kill the processes. What is called later starts new ones."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        atexit.unregister(pool.close)
        pool.close()
