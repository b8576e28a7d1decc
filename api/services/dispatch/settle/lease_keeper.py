"""The leases of the emails that this process has claimed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

from api.services.common.runtime import DispatchRuntime
from api.services.dispatch.claim.job import Job, Stage
from api.store import send_ledger
from api.store.engine.availability import log_database_outage

log = logging.getLogger("touchline.dispatch")


class LeaseKeeper:
    """Renews the leases of claimed emails until their outcomes are committed.

    It counts jobs for each claim's attempt and renews all leases of an attempt by one statement, three times in a
    lease. The price is that a settled email of an attempt is looked at as well. The dispatcher adds jobs with ``hold``
    after they are loaded; the outcome writer and the account worker take them out with ``release``. ``task`` runs only
    while jobs are held.
    """

    def __init__(self, runtime: DispatchRuntime) -> None:
        self._runtime = runtime
        self._held: Counter[str] = Counter()
        self.task: asyncio.Task[None] | None = None

    def hold(self, jobs: Sequence[Job]) -> None:
        """Renew the leases of these jobs from now on."""
        for attempt, number in Counter(job.send.attempt_id for job in jobs).items():
            self._held[attempt] += number
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._renew())

    def release(self, jobs: Sequence[Job]) -> None:
        """End these jobs and stop renewing their leases.

        A job may be released twice: by the cut-off, and by its channel's late answer.
        """
        live = [job for job in jobs if job.stage is not Stage.ENDED]
        self._held.subtract(job.send.attempt_id for job in live)
        for job in live:
            job.stage = Stage.ENDED

    async def stop(self) -> None:
        """Renew no lease any more."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def _renew(self) -> None:
        while attempts := [attempt for attempt, number in self._held.items() if number > 0]:
            await asyncio.sleep(self._runtime.lease.total_seconds() / 3)
            self._held = Counter({attempt: number for attempt, number in self._held.items() if number > 0})
            try:
                await send_ledger.renew(attempts, self._runtime.clock() + self._runtime.lease)
            except Exception as problem:
                if not log_database_outage(problem):
                    log.exception("leases could not be renewed")
