"""Keep the lease of a job while a process works on it, however long one of its chunks takes.

So a lease can be short, and another process soon continues the job of a killed process.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from api.clock import Clock
from api.models import Job
from api.store import jobs
from api.store.engine.database_clock import sync_clock
from api.store.engine.faults.availability import log_database_outage

log = logging.getLogger("touchline.jobs")

INTERVAL = jobs.LEASE / 3
"""How often a lease is renewed. One renewal may fail, or come late, before the lease ends."""


@asynccontextmanager
async def kept_lease(job: Job, clock: Clock, interval: timedelta = INTERVAL) -> AsyncIterator[None]:
    """Renew the lease of a job until the block ends, or until another process owns the job."""
    renewals = asyncio.create_task(_renew(job, clock, interval.total_seconds()))
    try:
        yield
    finally:
        renewals.cancel()
        await asyncio.wait([renewals])


async def _renew(job: Job, clock: Clock, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await sync_clock(clock)
            if not await jobs.keep(job, clock() + jobs.LEASE):
                return
        except Exception as problem:
            if not log_database_outage(problem):
                log.exception("cannot renew the lease of the job %s", job.id)
