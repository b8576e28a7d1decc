"""The one runner of all background jobs.

It takes the most urgent job and carries out chunks of it, for one time slice. A job with a higher priority interrupts
it after the present chunk. A job with the same priority interrupts it after a few chunks. The workspace whose last
slice was the longest ago comes first, so that one tenant's large import does not delay another tenant's.

The trade-off: an interrupted job stays open in memory, because an import that starts again has to read its file again.
``MAX_OPEN`` limits how many jobs stay open. With more, the oldest ones start again from the database.

A job that fails as a whole waits longer each time. After ``MAX_FAILURES`` errors without progress it ends, and GraphQL
shows the reason. A kind without ``give_up`` is tried again instead, after the longest wait.

The runner counts an attempt in the database when it takes the job, so that a job that kills its process is counted too.
But a process may also end for another reason, such as a crash loop. So these attempts do not lengthen the wait after an
error. Instead, the lease of such a job is longer each time, about ten minutes in total before the job ends.
"""

import asyncio
import itertools
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from api.models import Job
from api.services.common.job_chunks.bisection import FIRST_WAIT, is_database_fault, is_transient, reason_of
from api.services.common.metrics import Metrics
from api.services.jobs.job_kind import Chunks, GiveUp, JobKind, JobRuntime
from api.services.jobs.job_lease import kept_lease
from api.states import JobState
from api.store import jobs
from api.store.engine.transactions import transaction
from api.store.events.event_actor import acting_for
from strategies import Refusal

log = logging.getLogger("touchline.jobs")

CHUNKS_PER_SLICE = 5
"""Chunks after which a job lets another job of its priority run."""
MAX_FAILURES = 5
"""A job without progress ends after this many errors, or ends of its process. The wait stops growing after as many."""
LOST_WORKER = "Each process that read this mail or event ended before it was done."
START_AGAIN = timedelta(minutes=1)
"""Time until the next attempt to start needed jobs, if one failed at the start of the process."""
MAX_OPEN = 8
"""Interrupted jobs that are kept in memory."""


class _LostError(Exception):
    """Another process or a new decision has taken the job."""


class _OpenWork(NamedTuple):
    """The work of a job, and the job that it was started with."""

    job: Job
    chunks: Chunks


class JobRunner:
    """Carries out the jobs of some kinds. A process has one; several processes share the table."""

    def __init__(
        self,
        kinds: Iterable[JobKind],
        runtime: JobRuntime,
        metrics: Metrics,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._unchecked = [kind.start_if_needed for kind in self._kinds.values() if kind.start_if_needed is not None]
        """Functions of kinds that still have to be called. Only ``_start_needed_jobs`` changes it."""
        self._failed_start: datetime | None = None
        """When one of them has failed. Only ``_start_needed_jobs`` changes it."""
        self._runtime = runtime
        self._metrics = metrics
        self._stopping = stopping
        """Says whether the process stops. It is called after each chunk, and then the job is put back."""
        self._open: OrderedDict[tuple[str, int], _OpenWork] = OrderedDict()
        """Interrupted jobs by id and turns, the latest at the end. ``_pop_or_start`` and ``_interrupt`` change it."""
        self._slice_numbers = itertools.count(1)
        self._last_slices: dict[str | None, int] = {}
        """The number of the last slice of each workspace, and of the server (None). Only ``take_next`` writes it."""

    async def run_next(self) -> bool:
        """Take the most urgent job and run it for one time slice. Returns False if no job is waiting."""
        job = await self.take_next()
        if job is None:
            return False
        await self.run(job)
        return True

    async def take_next(self) -> Job | None:
        """Take the most urgent job for one time slice. The caller awaits ``run`` with it. None if none is waiting."""
        await self._start_needed_jobs()
        now = self._runtime.clock()
        waiting = await self._waiting(now)
        for row in sorted(waiting, key=self._order):
            job = await jobs.take(row["id"], row["turns"], now, self._lease(row))
            if job is not None:  # else another process was faster
                self._last_slices[job.workspace_id] = next(self._slice_numbers)
                return job
        return None

    async def run(self, job: Job) -> None:
        """Run a job of ``take_next`` for one slice. Its events have the actor who started the job."""
        with acting_for(job.actor):
            await self._try_slice(self._kinds[job.kind], job)

    async def _start_needed_jobs(self) -> None:
        """Start the jobs that no mutation starts, once per process. A start that fails delays no other job."""
        now = self._runtime.clock()
        if self._failed_start is not None and timedelta() <= now - self._failed_start < START_AGAIN:
            return
        for start in reversed(self._unchecked):
            try:
                await start(self._runtime)
            except Exception as problem:
                if is_database_fault(problem):
                    raise
                log.exception("cannot see whether jobs are needed; trying again in %s", START_AGAIN)
            else:
                self._unchecked = [each for each in self._unchecked if each is not start]
        self._failed_start = now if self._unchecked else None

    async def close(self) -> None:
        """Close the jobs that are open in memory. Their finished chunks are committed."""
        while self._open:
            await self._open.popitem()[1].chunks.aclose()

    async def _waiting(self, now: datetime) -> list[Any]:
        """Return the jobs that can be taken, the oldest first."""
        rows = await jobs.open_jobs()
        return [row for row in rows if row["kind"] in self._kinds and not jobs.is_leased(row["lease_until"], now)]

    def _order(self, row: Any) -> tuple[int, int, int]:
        """Order jobs by priority, then by the last slice of the workspace, then by their own turns."""
        return self._kinds[row["kind"]].priority, self._last_slices.get(row["workspace_id"], 0), row["turns"]

    def _lease(self, row: Any) -> timedelta:
        """Return the first lease of a slice, which counts if its process ends.

        ``kept_lease`` soon sets a common lease.
        """
        ended = 0 if self._kinds[row["kind"]].give_up is None else row["failures"] - row["errors"]
        lease: timedelta = jobs.LEASE * 2 ** min(ended, MAX_FAILURES)
        return min(lease, jobs.LONGEST_REST)

    async def _try_slice(self, kind: JobKind, job: Job) -> None:
        """Run a job for one slice. After a failure it is tried again later, up to MAX_FAILURES times if it can end."""
        ended = job.failures - 1 - job.errors  # without the present attempt
        if ended >= MAX_FAILURES and kind.give_up is not None:
            await self._give_up(job, kind.give_up, job.problem or LOST_WORKER)
            return
        try:
            async with kept_lease(job, self._runtime.clock):
                await self._run_slice(kind, job)
        except asyncio.CancelledError:  # the process stops
            with suppress(Exception):
                await jobs.interrupt(job)
            raise
        except Exception as problem:
            if is_transient(problem):
                with suppress(Exception):  # if the database is unavailable, the lease expires
                    await jobs.interrupt(job)
                raise
            log.exception("the job %s failed", job.id)
            self._metrics.job_failures(kind.name).inc()
            await self._failed(kind, job, problem)

    async def _failed(self, kind: JobKind, job: Job, problem: Exception) -> None:
        errors, reason = (await Job.get(id=job.id)).errors + 1, reason_of(problem)
        if kind.give_up is not None and (isinstance(problem, Refusal) or errors >= MAX_FAILURES):
            await self._give_up(job, kind.give_up, reason)
            return
        wait = FIRST_WAIT * 2 ** (min(errors, MAX_FAILURES) - 1)
        if await jobs.retry(job, errors, reason, self._runtime.clock() + wait):
            await kind.show_problem(job.subject_id, reason)

    async def _give_up(self, job: Job, give_up: GiveUp, reason: str) -> None:
        with suppress(_LostError):
            async with transaction():
                # Lock the subject first, as every decision about it does, so that no deadlock occurs.
                await give_up(job, reason, self._runtime)
                if not await jobs.finish(job, JobState.FAILED, self._runtime.clock(), reason=reason):
                    raise _LostError  # roll back, so that the new decision stays

    async def _run_slice(self, kind: JobKind, job: Job) -> None:
        """Carry out chunks until the job is done, has to wait, or is interrupted by another job."""
        work = self._pop_or_start(kind, job)
        chunks = work.chunks
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
                # Do not count chunks that only read: among many jobs, a job would be interrupted before it writes.
                done += chunk > 0
                # Store the first progress at once: the attempt has not failed.
                if chunk and (renewed is None or now - renewed > jobs.LEASE / 2):
                    if not await jobs.renew(job, now + jobs.LEASE, progress):
                        await chunks.aclose()
                        return
                    if renewed is None:
                        await self._clear_problem(kind, job)
                    renewed, progress = now, 0
                if self._stopping() or await self._must_yield(kind, job, done, now):
                    break
        except BaseException:
            await chunks.aclose()
            raise
        # A slice that wrote nothing does not count as an attempt, and does not reset the number of failures.
        wrote = renewed is not None or until is not None
        await self._interrupt(job, work, progress, until, 0 if wrote else job.failures - 1)

    async def _clear_problem(self, kind: JobKind, job: Job) -> None:
        if job.problem is not None:  # only if there was one at the start of the slice
            await kind.show_problem(job.subject_id, None)

    async def _must_yield(self, kind: JobKind, job: Job, done: int, now: datetime) -> bool:
        """Say whether another job runs next, or another process has taken this one."""
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
            most_urgent < kind.priority or (most_urgent == kind.priority and done >= CHUNKS_PER_SLICE)
        )

    def _pop_or_start(self, kind: JobKind, job: Job) -> _OpenWork:
        """Return the open work of a job, or start it if another process or a new decision has taken it meanwhile."""
        work = self._open.pop((job.id, job.turns - 1), None)
        if work is None:
            return _OpenWork(job, kind.work(job, self._runtime))
        work.job.turns = job.turns  # so that ``finish_when_done`` of the work sees that it still owns the job
        return work

    async def _interrupt(self, job: Job, work: _OpenWork, progress: int, until: datetime | None, failures: int) -> None:
        """Put a job back, and keep its work open for its next slice."""
        if not await jobs.put_back(job, progress, until, failures=failures):
            await work.chunks.aclose()
            return
        self._open[job.id, job.turns] = work
        if len(self._open) > MAX_OPEN:
            await self._open.popitem(last=False)[1].chunks.aclose()
