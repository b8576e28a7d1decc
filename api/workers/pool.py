"""The pool of worker processes, with a queue that is fair between workspaces.

A thread of this process starts each worker, talks to it over its own socket, and replaces it. We do not use the
library Pebble: its processes share one pipe and one lock, and a process killed while it holds the lock stops the whole
pool. Our workers are killed routinely.
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
"""Most calls that may wait."""
MAX_WAITING_CALLS_PER_KEY = 500
"""Most calls of one workspace that may wait."""
_JOIN_TIMEOUT_SECONDS = 5.0


class _Call(NamedTuple):
    future: "Future[Any]"
    key: str
    module: str
    function: str
    arguments: bytes
    limits: Limits


class Pool:
    """Runs calls in up to ``size`` processes, which start on demand.

    Calls are taken from each key (a workspace) in turn, and no key may use all processes at once, so a workspace that
    keeps breaking limits cannot block the others. The threads own the workers; the lock guards everything else.
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
        """Process ids of the running workers."""
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
        """Queue a call. Raises WorkersBusyError and WorkersClosedError."""
        arguments = pickle.dumps(args, pickle.HIGHEST_PROTOCOL)
        future: Future[Value] = Future()
        call = _Call(future, key, function.__module__, function.__qualname__, arguments, limits)
        with self._changed:
            if self._closed:
                raise WorkersClosedError("The worker processes have been stopped.")
            if self._number >= MAX_WAITING_CALLS or len(self._waiting.get(key, ())) >= MAX_WAITING_CALLS_PER_KEY:
                raise WorkersBusyError("Too many calls are waiting. Try again in a moment.")
            self._waiting.setdefault(key, deque()).append(call)
            self._number += 1
            if self._idle < self._number and len(self._threads) < self.size:
                thread = threading.Thread(target=self._serve, name="touchline-worker", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()
        return future

    def close(self) -> None:
        """Kill the workers. Unfinished calls fail with WorkersClosedError."""
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
        """Run calls in this thread until the pool is closed."""
        worker: Worker | None = None
        while (call := self._take()) is not None:
            try:
                if call.future.set_running_or_notify_cancel():
                    worker = self._do(call, worker)
            except BaseException as error:
                log.exception("a worker thread failed")
                call.future.set_exception(error)
            finally:
                with self._changed:
                    self._running[call.key] -= 1
                    self._running += Counter()  # drops keys at zero
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
        """Run a call; run it again once if its worker died, which may have an external cause. Returns the worker."""
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
                log.warning("%s It was running %s for %s.", death, call.function, call.key or "no workspace")
                if last:
                    call.future.set_exception(LimitExceededError(Limit.CRASH, call.limits))
            except LimitExceededError as broken:
                log.info("%s of %s exceeded the limit %s", call.function, call.key or "no workspace", broken.limit)
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
    global _pool  # noqa: PLW0603 - one pool for the process
    with _lock:
        if _pool is None:
            # One more than the cores, because one may be blocked and one workspace never gets all.
            _pool = Pool(min(max(os.cpu_count() or 2, 2), 4) + 1)
            atexit.register(_pool.close)
        return _pool


async def run(function: Callable[..., Value], *args: Any, key: str = "", limits: Limits = DEFAULT_LIMITS) -> Value:
    """Run a module-level function in a worker process and return its value.

    ``key`` is the workspace for which it runs. Raises what the function raises, LimitExceededError and
    WorkersBusyError. If the caller is cancelled, the call still ends within its limits.
    """
    return await asyncio.wrap_future(_shared().submit(function, key, limits, *args))


def run_blocking(function: Callable[..., Value], *args: Any, key: str = "", limits: Limits = DEFAULT_LIMITS) -> Value:
    """Like ``run``, for callers without an event loop."""
    return _shared().submit(function, key, limits, *args).result()


def warm(function: Callable[[], None]) -> None:
    """Start a worker that imports the module of a function; do not wait for it."""
    with suppress(WorkersBusyError):
        _shared().submit(function, "", DEFAULT_LIMITS)


def close() -> None:
    """Kill the workers. Later calls start new ones."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        atexit.unregister(pool.close)
        pool.close()
