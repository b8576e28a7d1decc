"""The pool of worker processes, with a queue that is fair between workspaces.

Each worker has a thread of this process, which starts it, communicates with it over a socket of its own, and replaces
it. The library Pebble is not suitable: its processes share one pipe and one lock, and a process that is killed while it
holds the lock stops the whole pool. Workers are killed routinely here.
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

from api.worker_processes.limits import (
    DEFAULT_LIMITS,
    Limit,
    LimitExceededError,
    Limits,
    WorkersBusyError,
    WorkersClosedError,
)
from api.worker_processes.worker import Worker, WorkerDiedError

log = logging.getLogger("touchline.workers")

Params = ParamSpec("Params")
Value = TypeVar("Value")

MAX_WAITING_CALLS = 2_000
"""Most calls in the queue."""
MAX_WAITING_CALLS_PER_KEY = 500
"""Most calls of one workspace in the queue."""
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

    The pool serves the keys (workspaces) in turn, and no key may use all processes at the same time. So a workspace
    whose calls exceed limits cannot block the others. Each worker belongs to one thread. ``_changed`` protects all
    other fields.
    """

    def __init__(self, size: int, *, whole_environment: bool = False) -> None:
        """Create the pool. With ``whole_environment`` its workers inherit all environment variables."""
        self.size = size
        self._whole_environment = whole_environment
        self._changed = threading.Condition()
        self._waiting: OrderedDict[str, deque[_Call]] = OrderedDict()
        self._waiting_count = 0
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

    @property
    def is_idle(self) -> bool:
        """Whether no call waits or runs."""
        with self._changed:
            return not self._waiting_count and not self._running

    def submit(
        self,
        function: Callable[Params, Value],
        key: str,
        limits: Limits,
        *args: Params.args,
        **_no_kwargs: Params.kwargs,
    ) -> "Future[Value]":
        """Queue a call. Raises WorkersBusyError and WorkersClosedError."""
        arguments = pickle.dumps(args, pickle.HIGHEST_PROTOCOL)
        future: Future[Value] = Future()
        call = _Call(future, key, function.__module__, function.__qualname__, arguments, limits)
        with self._changed:
            if self._closed:
                raise WorkersClosedError("The worker processes have been stopped.")
            if self._waiting_count >= MAX_WAITING_CALLS or len(self._waiting.get(key, ())) >= MAX_WAITING_CALLS_PER_KEY:
                raise WorkersBusyError("Too many calls are waiting. Try again in a moment.")
            self._waiting.setdefault(key, deque()).append(call)
            self._waiting_count += 1
            if self._idle < self._waiting_count and len(self._threads) < self.size:
                thread = threading.Thread(target=self._run_calls, name="touchline-worker", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()
        return future

    def close(self) -> None:
        """Kill the workers. Unfinished calls fail with WorkersClosedError."""
        with self._changed:
            self._closed = True
            unfinished = [call for calls in self._waiting.values() for call in calls]
            self._waiting.clear()
            workers = list(self._workers)
            self._changed.notify_all()
        for call in unfinished:
            if call.future.set_running_or_notify_cancel():
                call.future.set_exception(WorkersClosedError("The worker processes have been stopped."))
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, 9)
        for thread in self._threads:
            thread.join(_JOIN_TIMEOUT_SECONDS)

    def _run_calls(self) -> None:
        """Run calls in this thread until the pool is closed."""
        worker: Worker | None = None
        while (call := self._wait_for_call()) is not None:
            try:
                if call.future.set_running_or_notify_cancel():
                    worker = self._run_call(call, worker)
            except BaseException as error:
                log.exception("a thread of the worker pool failed")
                call.future.set_exception(error)
            finally:
                with self._changed:
                    self._running[call.key] -= 1
                    self._running += Counter()  # drops keys at zero
                    self._changed.notify_all()
        if worker is not None:
            self._kill_worker(worker)

    def _wait_for_call(self) -> _Call | None:
        """Take the next call from the queue. Returns None when the pool is closed."""
        with self._changed:
            self._idle += 1
            try:
                while not self._closed:
                    if (call := self._next_call()) is not None:
                        return call
                    self._changed.wait()
            finally:
                self._idle -= 1
        return None

    def _next_call(self) -> _Call | None:
        max_running = max(1, self.size - 1)
        key = next((key for key in self._waiting if self._running[key] < max_running), None)
        if key is None:
            return None
        calls = self._waiting[key]
        call = calls.popleft()
        self._waiting_count -= 1
        self._running[key] += 1
        if calls:
            self._waiting.move_to_end(key)
        else:
            del self._waiting[key]
        return call

    def _run_call(self, call: _Call, worker: Worker | None) -> Worker | None:
        """Run a call, and once more if the worker died, because the cause may be external. Returns the worker."""
        for is_last_attempt in (False, True):
            try:
                worker = worker or self._start_worker()
                value, must_be_replaced = worker.call(call.module, call.function, call.arguments, call.limits)
            except WorkerDiedError as error:
                self._kill_worker(worker)
                worker = None
                if self._closed:
                    call.future.set_exception(WorkersClosedError("The worker processes have been stopped."))
                    return None
                log.warning("%s It was running %s for %s.", error, call.function, call.key or "no workspace")
                if is_last_attempt:
                    call.future.set_exception(LimitExceededError(Limit.CRASH, call.limits, error.mark))
            except LimitExceededError as error:
                log.info(
                    "the worker call %s of %s exceeded the limit %s",
                    call.function,
                    call.key or "no workspace",
                    error.limit,
                )
                self._kill_worker(worker)
                call.future.set_exception(error)
                return None
            except Exception as error:
                call.future.set_exception(error)
                return worker
            else:
                call.future.set_result(value)
                if must_be_replaced:
                    self._kill_worker(worker)
                return None if must_be_replaced else worker
        return None

    def _start_worker(self) -> Worker:
        worker = Worker(whole_environment=self._whole_environment)
        with self._changed:
            self._workers.add(worker)
        return worker

    def _kill_worker(self, worker: Worker | None) -> None:
        if worker is not None:
            worker.kill()
            with self._changed:
                self._workers.discard(worker)


_lock = threading.Lock()
_pool: Pool | None = None


def _shared_pool() -> Pool:
    """Return the pool of this process. The first call creates it."""
    global _pool  # noqa: PLW0603 - one pool per process
    with _lock:
        if _pool is None:
            # One more than the cores: one worker may wait for I/O, and one workspace can use all but one.
            _pool = Pool(min(max(os.cpu_count() or 2, 2), 4) + 1)
            atexit.register(_pool.close)
        return _pool


async def run(function: Callable[..., Value], *args: Any, key: str = "", limits: Limits = DEFAULT_LIMITS) -> Value:
    """Run a module-level function in a worker process and return its value.

    ``key`` is the id of the workspace, "" for none. Raises what the function raises, LimitExceededError,
    WorkersBusyError and WorkersClosedError. If the caller is cancelled, the call continues within its limits.
    """
    return await asyncio.wrap_future(_shared_pool().submit(function, key, limits, *args))


def start_worker(function: Callable[[], None]) -> None:
    """Start a worker and let it call a function, which imports its module. Does not wait for it."""
    with suppress(WorkersBusyError):
        _shared_pool().submit(function, "", DEFAULT_LIMITS)


def close_pool() -> None:
    """Kill the workers. Later calls start new ones."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        atexit.unregister(pool.close)
        pool.close()
