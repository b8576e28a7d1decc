"""Carries out several jobs of one runner at once, so that a job that waits for a server delays no other job."""

import asyncio
import logging
import time
from collections.abc import Callable

from api.models import Job
from api.services.jobs.runner import JobRunner
from api.store.engine.faults.availability import log_database_outage
from strategies.questions import held_slot

log = logging.getLogger("touchline.jobs")

AT_ONCE = 16
"""The most jobs that run at once, not counting slow ones and those that wait for a send option."""
SLOW_SECONDS = 5.0
"""A slice that takes longer probably waits for a server that does not respond, so it does not count any more."""
MOST = 128
"""The most jobs that run at once in total. A slow one uses memory and a connection until its request times out."""


class ConcurrentJobs:
    """Starts waiting jobs of a runner, each in a task of its own."""

    def __init__(
        self,
        runner: JobRunner,
        on_room: Callable[[], None],
        at_once: int = AT_ONCE,
        most: int = MOST,
        slow_seconds: float = SLOW_SECONDS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runner = runner
        self._on_room = on_room
        """Called when another job may start, because a slice has ended or waits for a send option."""
        self._at_once, self._most, self._slow_seconds = at_once, most, slow_seconds
        self._seconds = seconds
        self._running: dict[asyncio.Task[None], _Place] = {}
        """The slices that run. ``_start`` adds them, and ``_ended`` removes them."""

    async def start_waiting(self) -> None:
        """Start the jobs that are waiting, as long as there is room. Call it again after ``SLOW_SECONDS``."""
        while self._has_room() and (job := await self._runner.take_next()) is not None:
            self._start(job)

    def _has_room(self) -> bool:
        slow_since = self._seconds() - self._slow_seconds
        quick = sum(1 for place in self._running.values() if not place.is_free and place.began > slow_since)
        return quick < self._at_once and len(self._running) < self._most

    async def drain(self) -> None:
        """Wait until the running slices have ended. After ``stopping`` of the runner, each ends after its chunk."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def close(self) -> None:
        """Cancel the running slices. Their finished chunks are committed, and another process continues the jobs."""
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        await self._runner.close()

    def _start(self, job: Job) -> None:
        place = _Place(self._seconds(), self._on_room)
        task = asyncio.create_task(self._run(job, place))
        self._running[task] = place
        task.add_done_callback(self._ended)

    async def _run(self, job: Job, place: "_Place") -> None:
        held_slot.set(place)  # the context is the task's own
        await self._runner.run(job)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        problem = None if task.cancelled() else task.exception()
        if isinstance(problem, Exception) and not log_database_outage(problem):
            log.error("a background job failed; it is retried when its lease has expired", exc_info=problem)
        if problem is None:  # after a failure the loop pauses first, because the database may be the cause
            self._on_room()


class _Place:
    """The place of a slice among the running ones.

    It is free while the job waits, outside of transactions, for a send option.
    """

    def __init__(self, began: float, on_free: Callable[[], None]) -> None:
        self.began = began
        """The time of its start, in seconds."""
        self.is_free = False
        self._on_free = on_free

    def release(self) -> None:
        """Let another job start."""
        self.is_free = True
        self._on_free()

    async def acquire(self) -> None:
        """Continue at once, beside the jobs that have started meanwhile."""
        self.is_free = False
