"""Ask send options again about claimed emails beside the loop, so that no other email waits for a package."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.dispatch.claim.asking_again import ask_again
from api.services.dispatch.claim.bisecting_claim import BisectingClaim
from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.settle.email_leases import LeaseKeeper
from api.store.engine.faults.availability import log_database_outage
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")

MAX_WAITING = 1_000
"""How many emails wait at most. Further ones wait for a minute."""

Report = Callable[[str, Mapping[Outcome, int]], None]
"""Takes the key of a channel, and how many of its emails were settled, by outcome."""


class Questions:
    """The emails whose send options have to be asked again. They stay claimed until they are released.

    - ``_groups``: the emails of each claim, the earliest claim first. ``add`` appends; the task removes.
    - ``_task``: runs only while there are groups. It asks for one group after the other.
    """

    def __init__(self, runtime: DispatchRuntime, leases: LeaseKeeper, report: Report) -> None:
        self._runtime = runtime
        self._leases = leases
        self._report = report
        self._groups: deque[tuple[Sequence[Delivery], BisectingClaim, bool]] = deque()
        self._task: asyncio.Task[None] | None = None

    def add(self, deliveries: Sequence[Delivery], claim: BisectingClaim) -> None:
        """Ask the send options of claimed emails as soon as those of earlier ones are asked."""
        self._leases.hold(deliveries)
        waiting = sum(len(each) for each, _, _ in self._groups)
        self._groups.append((deliveries, replace(claim, settled={}), waiting < MAX_WAITING))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._ask())

    async def idle(self) -> None:
        """Wait until no email waits."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def close(self) -> list[Delivery]:
        """Stop asking. Returns the emails that are still claimed."""
        if self._task is not None:
            self._task.cancel()
        waiting = [delivery for deliveries, _, _ in self._groups for delivery in deliveries]
        self._groups.clear()
        return waiting

    async def _ask(self) -> None:
        while self._groups:
            deliveries, claim, may_ask = self._groups[0]
            try:
                await ask_again(self._runtime, deliveries, claim, may_ask=may_ask)
            except Exception as problem:  # the emails are claimed again when their leases have ended
                if not log_database_outage(problem):
                    log.exception("cannot ask the send options of %s emails again", len(deliveries))
            if self._groups:
                self._groups.popleft()
            self._leases.release(deliveries)
            self._report(claim.sender["channel"], claim.settled)
