"""The leases of the emails that this process has claimed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.dispatch.claim.delivery import Delivery, Stage
from api.store.dispatch import transmissions
from api.store.engine.faults.availability import log_database_outage

log = logging.getLogger("touchline.dispatch")


class LeaseKeeper:
    """Renews the leases of claimed emails until their outcomes are committed.

    It counts the deliveries of each attempt, and renews all leases of all attempts by one statement, three times in
    the length of a lease. The trade-off is that the statement reads settled emails of an attempt as well. The
    dispatcher adds deliveries with ``hold`` after they are loaded. The outcome writer and the account worker remove
    them with ``release``. ``task`` runs only while there are deliveries.
    """

    def __init__(self, runtime: DispatchRuntime) -> None:
        self._runtime = runtime
        self._held: Counter[str] = Counter()
        self.task: asyncio.Task[None] | None = None

    def hold(self, deliveries: Sequence[Delivery]) -> None:
        """Renew the leases of these deliveries from now on."""
        for attempt, number in Counter(delivery.send.attempt_id for delivery in deliveries).items():
            self._held[attempt] += number
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._renew())

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """End these deliveries and stop renewing their leases.

        A delivery may be released twice: when its channel is cut off, and when the channel answers late.
        """
        live = [delivery for delivery in deliveries if delivery.stage is not Stage.ENDED]
        self._held.subtract(delivery.send.attempt_id for delivery in live)
        for delivery in live:
            delivery.stage = Stage.ENDED

    async def stop(self) -> None:
        """Stop renewing leases."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def _renew(self) -> None:
        while attempts := [attempt for attempt, number in self._held.items() if number > 0]:
            await asyncio.sleep(self._runtime.lease.total_seconds() / 3)
            self._held = Counter({attempt: number for attempt, number in self._held.items() if number > 0})
            try:
                await transmissions.renew_leases(attempts, self._runtime.clock() + self._runtime.lease)
            except Exception as problem:
                if not log_database_outage(problem):
                    log.exception("cannot renew leases")
