"""Periodically recover the emails of stopped processes, finish campaigns, and delete old data."""

import logging
import time
from datetime import timedelta

from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.job_chunks.bisection import is_transient
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.dispatch.dispatch_answers import DispatchAnswer
from api.services.dispatch.recovery.expired_leases import recover_expired
from api.store.campaigns.campaign_status import finish_campaigns
from api.store.dispatch import allowed_time_rows, throttles
from api.store.emails import attachments, sent_contents
from api.store.emails import emails as stored_emails
from api.store.engine.database_home import renew_home
from api.store.engine.faults.corruption import is_corrupt
from api.store.reports.folding import fold
from api.store.workspaces import sandboxes
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")

RECOVERY_INTERVAL_SECONDS = 0.5
FAILURE_WAIT_SECONDS = 30.0
CLEANUP_INTERVAL_SECONDS = 3600.0
UNUSED_ATTACHMENTS_KEPT_FOR = timedelta(days=1)
"""How long an uploaded file is kept that no email has."""
FINISH_INTERVAL_SECONDS = 5.0
"""How often the recovery looks for campaigns in which nobody is active any more."""
COUNT_INTERVAL_SECONDS = 60.0
"""How often the numbers of emails by folder are added up."""
FOLD_INTERVAL_SECONDS = 5.0
"""How often the changes of reports are added to their counts. Until then, a reader adds them."""
EXPIRY_INTERVAL_SECONDS = 600.0
"""How often contents of emails are looked for that are older than TOUCHLINE_CONTENT_DAYS."""


class PeriodicRecovery:
    """Runs the recovery of one dispatcher, at most once in ``interval_seconds``.

    A busy loop makes many steps in a second, and the emails of a stopped process can wait for a moment. If a recovery
    fails, other emails are still sent, and the next recovery starts after ``FAILURE_WAIT_SECONDS``.
    """

    def __init__(self, runtime: DispatchRuntime, backoff: Backoff, interval_seconds: float) -> None:
        self._runtime = runtime
        self._backoff = backoff
        self._interval_seconds = interval_seconds
        self._finish_interval_seconds = FINISH_INTERVAL_SECONDS if interval_seconds else 0.0
        self._began_at = self._finished_at = float("-inf")
        self._cleaned_at = self._counted_at = self._folded_at = time.monotonic()
        self._expires_at = time.monotonic()

    def is_due(self) -> bool:
        """Say whether the interval is over. If so, begin the next one."""
        now = time.monotonic()
        if now - self._began_at < self._interval_seconds:
            return False
        self._began_at = now
        return True

    async def run(self) -> int:
        """Recover emails. Returns the number of emails. Raises only transient errors and database corruption."""
        try:
            return await self._recover()
        except Exception as problem:
            if is_transient(problem) or is_corrupt(problem):
                raise
            log.exception("cannot recover emails with expired leases; trying again in %.0f s", FAILURE_WAIT_SECONDS)
            self._began_at += FAILURE_WAIT_SECONDS
            return 0

    async def _recover(self) -> int:
        real_now = self._runtime.clock()
        lost, others = await recover_expired(real_now, self._backoff)
        code = DispatchAnswer.LOST_IN_TRANSMISSION.code
        for row in lost:
            self._runtime.metrics.outcomes(Outcome.IN_DOUBT, row["channel"]).inc()
            log.info("the email %s: IN_DOUBT %s", row["id"], code, extra={"send": row["id"], "code": code})
        if time.monotonic() - self._finished_at > self._finish_interval_seconds:
            self._finished_at = time.monotonic()
            await finish_campaigns(real_now)
        if time.monotonic() - self._cleaned_at > CLEANUP_INTERVAL_SECONDS:
            self._cleaned_at = time.monotonic()
            await renew_home()
            await throttles.delete_old_slots(real_now)
            await allowed_time_rows.delete_unused(real_now.date())
            while await attachments.delete_unused(real_now - UNUSED_ATTACHMENTS_KEPT_FOR):
                pass
            for workspace in await sandboxes():
                await throttles.delete_old_slots(workspace.virtual_now or real_now, workspace.id)
        if time.monotonic() - self._counted_at > COUNT_INTERVAL_SECONDS:
            self._counted_at = time.monotonic()
            await stored_emails.merge_counts()
        if time.monotonic() - self._folded_at > FOLD_INTERVAL_SECONDS:
            self._folded_at = time.monotonic()
            await fold()
        if self._runtime.content_days is not None and time.monotonic() >= self._expires_at:
            more = await sent_contents.delete_expired(real_now - timedelta(days=self._runtime.content_days))
            self._expires_at = time.monotonic() + (0.0 if more else EXPIRY_INTERVAL_SECONDS)
        return others + len(lost)
