"""Free at intervals what stopped processes left, and delete records that no throttle needs any more."""

import logging
import time

from api.models import Workspace
from api.services.common.runtime import DispatchRuntime
from api.services.dispatch.reasons import Reason
from api.services.dispatch.recovery.expired_leases import free_expired
from api.services.jobs.back_off import Backoff
from api.services.jobs.bisection import is_transient
from api.store import email_folders, throttles
from api.store.engine.corruption import is_corrupt
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")

RECOVERY_INTERVAL_SECONDS = 0.5
AFTER_FAILURE_SECONDS = 30.0
THROTTLE_CLEANUP_INTERVAL_SECONDS = 3600.0
COUNT_INTERVAL_SECONDS = 60.0
"""How often the numbers of emails by folder are added up."""


class PeriodicRecovery:
    """Runs the recovery of one dispatcher, at most once in ``interval_seconds``.

    A busy loop steps many times a second, and what a stopped process left can wait for a moment. Where a recovery
    fails, emails go out all the same, and the next one comes after ``AFTER_FAILURE_SECONDS``.
    """

    def __init__(self, runtime: DispatchRuntime, backoff: Backoff, interval_seconds: float) -> None:
        self._runtime = runtime
        self._backoff = backoff
        self._interval_seconds = interval_seconds
        self._began_at = float("-inf")
        self._cleaned_at = self._counted_at = time.monotonic()

    def is_due(self) -> bool:
        """Return whether the interval is over, and begin the next one."""
        now = time.monotonic()
        if now - self._began_at < self._interval_seconds:
            return False
        self._began_at = now
        return True

    async def run(self) -> int:
        """Free expired leases. Returns how many emails. Raises only errors that pass by themselves, or corruption."""
        try:
            return await self._free()
        except Exception as problem:
            if is_transient(problem) or is_corrupt(problem):
                raise
            log.exception("expired leases could not be freed; the next try is in %.0f s", AFTER_FAILURE_SECONDS)
            self._began_at += AFTER_FAILURE_SECONDS
            return 0

    async def _free(self) -> int:
        real_now = self._runtime.clock()
        lost, others = await free_expired(real_now, self._backoff)
        code = Reason.LOST_IN_TRANSMISSION.code
        for row in lost:
            self._runtime.metrics.outcomes(Outcome.IN_DOUBT, row["channel"]).inc()
            log.info("the email %s: IN_DOUBT %s", row["id"], code, extra={"send": row["id"], "code": code})
        if time.monotonic() - self._cleaned_at > THROTTLE_CLEANUP_INTERVAL_SECONDS:
            self._cleaned_at = time.monotonic()
            await throttles.delete_old_slots(real_now)
            for workspace in await Workspace.filter(sandbox=True):
                await throttles.delete_old_slots(workspace.virtual_now or real_now, workspace.id)
        if time.monotonic() - self._counted_at > COUNT_INTERVAL_SECONDS:
            self._counted_at = time.monotonic()
            await email_folders.merge_counts()
        return others + len(lost)
