"""Jobs that a caller carries out by itself: as far as it is quick, or to the end."""

from contextlib import aclosing
from datetime import timedelta

from api.clock import Clock
from api.models import Job
from api.services.jobs.kinds import Chunks
from api.states import JobState
from api.store import jobs

CHUNKS_OF_A_CALLER = 20
"""Chunks that a request carries out before it leaves the rest to a tick loop."""


async def carry_out(job: Job | None, chunks: Chunks, clock: Clock, most: int | None = None) -> bool:
    """Carry out up to ``most`` chunks of a job, or all. Returns whether the job is done.

    Where it is not, any tick loop goes on with it. Where someone else has begun the job again meanwhile, the new one
    stays open.
    """
    done, progress, until = 0, 0, None
    renewed = clock()
    async with aclosing(chunks):
        while most is None or done < most:
            try:
                chunk = await anext(chunks)
            except StopAsyncIteration:
                if job is not None:
                    await jobs.finish(job, JobState.DONE, clock(), progress)
                return True
            if isinstance(chunk, timedelta):
                until = clock() + chunk
                break
            done, progress = done + 1, progress + chunk
            if job is not None and clock() - renewed > jobs.LEASE / 2:
                renewed = clock()
                await jobs.renew(job, renewed + jobs.LEASE, progress)
                progress = 0
    if job is not None:
        await jobs.put_back(job, progress, until)
    return False
