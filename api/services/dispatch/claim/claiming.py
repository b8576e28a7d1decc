"""Claim a sender's due emails, and load the rows that they are written from: one statement, and one load.

Where either fails, ``claim_by_halves`` finds the email that is the cause, so that only that one fails.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.services.common.runtime import DispatchRuntime
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.claim_by_halves import ClaimByHalves
from api.services.dispatch.claim.delivery import Delivery
from api.services.jobs.back_off import Backoff
from api.services.jobs.halving import of_database
from api.store import send_ledger
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")


class Taken(NamedTuple):
    """The result of a claim: deliveries for the account worker, and how many emails were settled, by outcome."""

    deliveries: Sequence[Delivery]
    settled: Mapping[Outcome, int]


async def take(
    runtime: DispatchRuntime, now: datetime, sender: Mapping[str, Any], limit: int, account: str, put_off: Backoff
) -> Taken:
    """Claim up to ``limit`` emails of a sender that are due at ``now``, and load the rows that they need.

    Raises only errors that the state of the database causes. The emails are free again when their lease ends.
    """
    real_now = runtime.clock()
    halves = ClaimByHalves(runtime, now, sender, account, put_off, real_now)
    besides = put_off.waiting(real_now)
    try:
        sends = await send_ledger.claim(sender["id"], now, real_now + runtime.lease, limit, halves.attempt, besides)
    except Exception as problem:
        if of_database(problem):
            raise
        log.warning("the emails of the sender %s could not be claimed together", sender["id"], exc_info=problem)
        sends = await halves.claim(limit, besides)
    if not sends:
        return Taken((), halves.settled)
    try:
        batch = await Batch.load(runtime, now, sender, sends, account)
    except Exception as problem:
        if of_database(problem):
            raise
        log.warning("the emails of the sender %s could not be loaded together", sender["id"], exc_info=problem)
        return Taken(await halves.load(sends), halves.settled)
    return Taken([Delivery(send, batch) for send in sends], halves.settled)
