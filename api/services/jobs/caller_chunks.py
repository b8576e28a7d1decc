"""Carry out a job in the request that started it: a few chunks, or all."""

from contextlib import aclosing, nullcontext
from datetime import timedelta

from api.clock import Clock
from api.models import Job
from api.services.jobs.job_kind import Chunks
from api.services.jobs.job_lease import kept_lease
from api.states import JobState
from api.store import jobs

TIME_OF_A_CALLER = timedelta(milliseconds=500)
"""Time after which a tick loop takes over the rest of a request. The current chunk is finished first."""
CHUNKS_OF_A_CALLER = 80
"""The most chunks that a request carries out. A tick loop carries out the rest."""


async def carry_out(
    job: Job | None, chunks: Chunks, clock: Clock, max_chunks: int | None = None, max_rows: int | None = None
) -> bool:
    """Carry out up to ``max_chunks`` chunks of a job for up to TIME_OF_A_CALLER, or all. Returns whether it is done.

    It also stops after the chunk that exceeds ``max_rows`` people or rows. If the job is not done, a tick loop
    continues it. If it was started again meanwhile, the new job stays open.
    """
    done, rows, progress, until = 0, 0, 0, None
    began = renewed = clock()
    async with aclosing(chunks), nullcontext() if job is None else kept_lease(job, clock):
        while max_chunks is None or done < max_chunks:
            try:
                chunk = await anext(chunks)
            except StopAsyncIteration:
                if job is not None:
                    await jobs.finish(job, JobState.DONE, clock(), progress)
                return True
            if isinstance(chunk, timedelta):
                until = clock() + chunk
                break
            done, rows, progress = done + 1, rows + chunk, progress + chunk
            if max_rows is not None and rows > max_rows:
                break
            if max_chunks is not None and clock() - began >= TIME_OF_A_CALLER:
                break
            if job is not None and clock() - renewed > jobs.LEASE / 2:
                renewed = clock()
                await jobs.renew(job, renewed + jobs.LEASE, progress)
                progress = 0
    if job is not None:
        await jobs.put_back(job, progress, until)
    return False


async def finish_earlier(kind: str, subject_id: str, chunks: Chunks, clock: Clock) -> bool:
    """Carry out the rest of an earlier request's job, if that is quick. Returns whether it is done."""
    job = await jobs.open_job(kind, subject_id)
    if job is not None and jobs.is_leased(job.lease_until, clock()):
        job = None  # a tick loop has taken the job, and finishes it
    return await carry_out(job, chunks, clock, CHUNKS_OF_A_CALLER)
