"""Claim a sender's due emails by one statement, and load the rows that rendering them needs.

If one of them fails, ``bisecting_claim`` finds the emails that are the cause, so that only those fail.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.job_chunks.bisection import is_database_fault
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.dispatch.claim.allowed_time_checks import AskLater, wait_for_allowed_times
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.bisecting_claim import BisectingClaim
from api.services.dispatch.claim.delivery import Delivery
from api.store.dispatch import claims
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")


class ClaimResult(NamedTuple):
    """The result of a claim: deliveries for the account worker, and the numbers of settled emails by outcome."""

    deliveries: Sequence[Delivery]
    settled: Mapping[Outcome, int]


async def claim_and_load(
    runtime: DispatchRuntime,
    now: datetime,
    sender: Mapping[str, Any],
    limit: int,
    account: str,
    backoff: Backoff,
    ask_later: AskLater | None = None,
) -> ClaimResult:
    """Claim up to ``limit`` emails of a sender that are due at ``now`` (UTC), and load the rows that they need.

    ``ask_later`` gets those whose send options have to be asked again. None: this waits for the options.
    Raises only errors that the state of the database causes. Then the claims end with their leases.
    """
    real_now = runtime.clock()
    bisecting = BisectingClaim(runtime, now, sender, account, backoff, real_now)
    excluded_ids = backoff.waiting(real_now)
    try:
        sends = await claims.claim(sender["id"], now, real_now + runtime.lease, limit, bisecting.attempt, excluded_ids)
    except Exception as problem:
        if is_database_fault(problem):
            raise
        log.warning(
            "cannot claim the emails of the sender %s together; claiming them in parts", sender["id"], exc_info=problem
        )
        sends = await bisecting.claim(limit, excluded_ids)
    if not sends:
        return ClaimResult((), bisecting.settled)
    try:
        batch = await Batch.load(runtime, now, sender, sends, account)
    except Exception as problem:
        if is_database_fault(problem):
            raise
        log.warning(
            "cannot load the emails of the sender %s together; loading them in parts", sender["id"], exc_info=problem
        )
        deliveries = await bisecting.load(sends)
    else:
        deliveries = [Delivery(send, batch) for send in sends]
    return ClaimResult(await wait_for_allowed_times(runtime, deliveries, bisecting, ask_later), bisecting.settled)
