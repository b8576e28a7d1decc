"""The one runner of all background jobs.

It takes the most urgent job, carries out one chunk, and looks again. A job of the same priority gets its turn after a
few chunks: the workspace whose last turn is the longest ago comes first, so that a tenant's large import does not
delay another tenant's. An urgent job (a resume) goes next after the chunk at hand.

The trade-off: a job that is interrupted stays open in memory, because to begin again costs an import the reading of
its file. ``MAX_OPEN`` bounds how many; beyond it, jobs that interrupt each other begin again from the database.
"""

import itertools
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from api.models import Job
from api.services.common.metrics import Metrics
from api.services.jobs.bisection import FIRST_WAIT, LONGEST_WAIT, LOST_WORKER, MAX_FAILURES, is_transient, reason_of
from api.services.jobs.kinds import Chunks, JobRuntime, Kind
from api.states import JobState
from api.store import jobs
from api.store.engine.transactions import transaction
from strategies import Refusal

log = logging.getLogger("touchline.jobs")

CHUNKS_OF_A_TURN = 5
"""Chunks after which a job lets another of its priority go on."""
MAX_OPEN = 8
"""Jobs that are kept in memory between their turns."""


class _LostError(Exception):
    """The job is no longer ours."""


class JobRunner:
    """Carries out the jobs of some kinds. A process has one; several processes share the table."""

    def __init__(
        self,
        kinds: Iterable[Kind],
        runtime: JobRuntime,
        metrics: Metrics,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._unchecked = [kind.start_if_needed for kind in self._kinds.values() if kind.start_if_needed is not None]
        """What still has to start the jobs that no mutation decides. Only ``_start_needed_jobs`` changes it."""
        self._runtime = runtime
        self._metrics = metrics
        self._stopping = stopping
        """Asked after each chunk. A job that is interrupted by it is put back."""
        self._open: OrderedDict[tuple[str, int], Chunks] = OrderedDict()
        """Interrupted jobs by id and turns, the last one last. ``_opened`` and ``_interrupt`` change it."""
        self._turn_number = itertools.count(1)
        self._last_turns: dict[str, int] = {}
        """The number of each workspace's last turn. Only ``turn`` writes it."""

    async def turn(self) -> bool:
        """Take the most urgent job and give it a turn. Returns False where no job waits."""
        await self._start_needed_jobs()
        now = self._runtime.clock()
        waiting = await self._waiting(now)
        for row in sorted(waiting, key=self._order):
            job = await jobs.take(row["id"], row["turns"], now)
            if job is not None:  # else another process was faster
                self._last_turns[job.workspace_id] = next(self._turn_number)
                await self._attempt(self._kinds[job.kind], job)
                return True
        return False

    async def _start_needed_jobs(self) -> None:
        """Start the jobs that no mutation decides, once in the life of a process."""
        while self._unchecked:
            await self._unchecked[-1](self._runtime)
            self._unchecked.pop()

    async def close(self) -> None:
        """Close the jobs that are open in memory. What they have done is committed."""
        while self._open:
            await self._open.popitem()[1].aclose()

    async def _waiting(self, now: datetime) -> list[Any]:
        """Return the jobs that can be taken, the oldest first."""
        rows = await jobs.open_jobs()
        return [row for row in rows if row["kind"] in self._kinds and not jobs.is_leased(row["lease_until"], now)]

    def _order(self, row: Any) -> tuple[int, int, int]:
        """Order jobs by priority, then by the last turn of the workspace, then by their own turns."""
        return self._kinds[row["kind"]].priority, self._last_turns.get(row["workspace_id"], 0), row["turns"]

    async def _attempt(self, kind: Kind, job: Job) -> None:
        """Give a job a turn. One that fails is tried later; one that fails again and again ends."""
        if job.failures > MAX_FAILURES:
            await self._give_up(kind, job, job.problem or LOST_WORKER)
            return
        try:
            await self._turn(kind, job)
        except Exception as problem:
            if is_transient(problem):
                with suppress(Exception):  # where the database is away, the lease ends by itself
                    await jobs.interrupt(job)
                raise
            log.exception("the job %s failed", job.id)
            self._metrics.job_failures(kind.name).inc()
            await self._failed(kind, job, problem)

    async def _failed(self, kind: Kind, job: Job, problem: Exception) -> None:
        failures, reason = max(1, (await Job.get(id=job.id)).failures), reason_of(problem)
        if isinstance(problem, Refusal) or failures >= MAX_FAILURES:
            await self._give_up(kind, job, reason)
            return
        wait = min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT)
        await jobs.retry(job, failures, reason, self._runtime.clock() + wait)
        await kind.show_problem(job.subject_id, reason)

    async def _give_up(self, kind: Kind, job: Job, reason: str) -> None:
        with suppress(_LostError):
            async with transaction():
                # The subject first, as in every decision about it: so nobody waits for each other in a circle.
                await kind.give_up(job, reason, self._runtime)
                if not await jobs.finish(job, JobState.FAILED, self._runtime.clock(), reason=reason):
                    raise _LostError  # a new decision is not undone

    async def _turn(self, kind: Kind, job: Job) -> None:
        """Carry out chunks until the job is done, has nothing to do for a while, or lets another go on."""
        chunks = self._opened(kind, job)
        done, progress, until = 0, 0, None
        renewed: datetime | None = None
        try:
            while True:
                began = time.perf_counter()
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    await self._clear_problem(kind, job)
                    await jobs.finish(job, JobState.DONE, self._runtime.clock(), progress)
                    return
                self._metrics.job_chunk(kind.name).observe(time.perf_counter() - began)
                if isinstance(chunk, timedelta):
                    until = self._runtime.clock() + chunk
                    break
                now = self._runtime.clock()
                progress += chunk
                done += chunk > 0  # what only reads is no turn: with many jobs, none would come to write
                # The first progress is noted at once: it says that the attempt has not failed.
                if chunk and (renewed is None or now - renewed > jobs.LEASE / 2):
                    if not await jobs.renew(job, now + jobs.LEASE, progress):
                        await chunks.aclose()
                        return
                    if renewed is None:
                        await self._clear_problem(kind, job)
                    renewed, progress = now, 0
                if self._stopping() or await self._others_go_on(kind, job, done, now):
                    break
        except BaseException:
            await chunks.aclose()
            raise
        # A turn that wrote nothing was no attempt, and proves nothing either.
        wrote = renewed is not None or until is not None
        await self._interrupt(job, chunks, progress, until, 0 if wrote else job.failures - 1)

    async def _clear_problem(self, kind: Kind, job: Job) -> None:
        if job.problem is not None:  # as it was when the turn began
            await kind.show_problem(job.subject_id, None)

    async def _others_go_on(self, kind: Kind, job: Job, done: int, now: datetime) -> bool:
        """Say whether another job is to have its turn now, or this one is no longer ours."""
        rows = await jobs.open_jobs()
        if not any((row["id"], row["turns"]) == (job.id, job.turns) for row in rows):
            return True
        waiting = [
            self._kinds[row["kind"]].priority
            for row in rows
            if row["id"] != job.id and row["kind"] in self._kinds and not jobs.is_leased(row["lease_until"], now)
        ]
        most_urgent = min(waiting, default=None)
        return most_urgent is not None and (
            most_urgent < kind.priority or (most_urgent == kind.priority and done >= CHUNKS_OF_A_TURN)
        )

    def _opened(self, kind: Kind, job: Job) -> Chunks:
        """Return the work of a job: as it was left, unless another process or a new decision had it meanwhile."""
        chunks = self._open.pop((job.id, job.turns - 1), None)
        return kind.work(job, self._runtime) if chunks is None else chunks

    async def _interrupt(self, job: Job, chunks: Chunks, progress: int, until: datetime | None, failures: int) -> None:
        """Put a job back, and keep its work for its next turn."""
        if not await jobs.put_back(job, progress, until, failures=failures):
            await chunks.aclose()
            return
        self._open[job.id, job.turns] = chunks
        if len(self._open) > MAX_OPEN:
            await self._open.popitem(last=False)[1].aclose()
