"""A usual group of emails: each was sent or is to be sent, and nothing else follows from it.

On PostgreSQL, ``commit_usual`` writes such a group in one exchange. ``outcome_transaction`` writes all other groups,
and those emails of a usual group that may not be sent.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.dispatch.claim.delivery import Delivery, Stage
from api.services.dispatch.settle.outcome_facts import Settled, contents_of, counted, event_of
from api.store.campaigns.campaign_status import finish_idle
from api.store.dispatch.email_groups import Committed, commit_group
from api.store.emails import sent_contents
from api.store.emails.sent_contents import PackedContent
from api.store.engine.database import is_postgres
from api.store.engine.transactions import retry_on_deadlock

log = logging.getLogger("touchline.dispatch")


def is_usual(decided: Sequence[Settled], asking: Sequence[Delivery], real_now: datetime) -> bool:
    """Say whether ``commit_usual`` can write a group."""
    return (
        is_postgres()
        and all(outcome.sent_at is not None and _is_plain(delivery) for delivery, outcome in decided)
        and all(delivery.is_allowed_at(real_now) and _is_plain(delivery) for delivery in asking)
    )


def _is_plain(delivery: Delivery) -> bool:
    """Say whether the email has no limit, task or copies, and its channel asked before it sent it."""
    batch, send = delivery.batch, delivery.send
    unasked = delivery.stage is Stage.HANDED_OVER
    return not (batch.is_throttled or send.by_hand or unasked or batch.copies(send))


async def commit_usual(
    runtime: DispatchRuntime, decided: Sequence[Settled], asking: Sequence[Delivery], real_now: datetime
) -> Committed:
    """Commit a usual group. Afterwards, finish the campaigns in which nobody is active any more."""
    contents = contents_of(asking)
    await sent_contents.keep_bases(contents, real_now, runtime.stored_bases)
    sent_contents.remember_bases(contents, real_now, runtime.stored_bases)
    committed = await _commit(runtime, decided, asking, contents, real_now)
    if committed.finished_campaigns:
        try:
            await finish_idle(committed.finished_campaigns, decided[0][1].at)
        except Exception:  # finish_campaigns finishes them soon; the group must not seem to have failed
            log.exception("cannot finish campaigns after the outcomes of %s emails", len(decided))
    return committed


@retry_on_deadlock
async def _commit(
    runtime: DispatchRuntime,
    decided: Sequence[Settled],
    asking: Sequence[Delivery],
    contents: Sequence[PackedContent],
    real_now: datetime,
) -> Committed:
    return await commit_group(
        [outcome for _, outcome in decided],
        [line for each in decided if (line := event_of(*each)) is not None],
        [(delivery.send, delivery.batch.message_id(delivery.send)) for delivery in asking],
        {delivery.send.id: delivery.batch.address(delivery.send) for delivery in asking},
        counted(asking, real_now),
        contents,
        real_now,
        runtime.clock() + runtime.lease,
    )
