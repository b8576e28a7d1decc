"""Carries out several jobs of one runner at once, so that a job that waits for another server delays no other job."""

import asyncio
import logging
import time
from collections.abc import Callable

from api.models import Job
from api.services.jobs.runner import JobRunner
from api.store.engine.availability import log_database_outage

log = logging.getLogger("touchline.jobs")

AT_ONCE = 16
"""Jobs that run at once, without the slow ones."""
SLOW_SECONDS = 5.0
"""A slice that takes longer probably waits for a server that does not answer. It takes no place of the others then."""
MOST = 128
"""All jobs that run at once. A slow one needs some memory and a connection, until the time limit of its request."""


class ConcurrentJobs:
    """Starts waiting jobs of a runner, each in a task of its own."""

    def __init__(
        self,
        runner: JobRunner,
        on_end: Callable[[], None],
        at_once: int = AT_ONCE,
        most: int = MOST,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runner = runner
        self._on_end = on_end
        """Called when a job has ended its slice, so that the next one can start."""
        self._at_once, self._most = at_once, most
        self._seconds = seconds
        self._running: dict[asyncio.Task[None], float] = {}
        """The slices that run, with the time of their start. ``_start`` adds them, and ``_ended`` removes them."""

    async def start_waiting(self) -> None:
        """Start the jobs that are waiting, as long as there is room. Call it again after ``SLOW_SECONDS``."""
        while self._has_room() and (job := await self._runner.take_next()) is not None:
            self._start(job)

    def _has_room(self) -> bool:
        slow_since = self._seconds() - SLOW_SECONDS
        quick = sum(1 for began in self._running.values() if began > slow_since)
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
        task = asyncio.create_task(self._runner.run(job))
        self._running[task] = self._seconds()
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        problem = None if task.cancelled() else task.exception()
        if isinstance(problem, Exception) and not log_database_outage(problem):
            log.error("a background job failed; it is tried again when its lease has expired", exc_info=problem)
        self._on_end()
