"""One attempt at several emails, which the channel gives to its service in one request."""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from inspect import isawaitable

from api.mail.message.email_rendering import RenderedEmail
from api.services.dispatch.claim.delivery import Delivery, Stage
from api.services.dispatch.dispatch_answers import Answer, DispatchAnswer
from api.services.dispatch.send.attempt import (
    channel_failure,
    check_answer,
    hand_over,
    is_stopped,
    outgoing_of,
    prepare,
    unavailable,
    undo_cancellations,
)
from plugins.contract import AccountUnavailableError, Outcome, Session
from plugins.loading.receipt_checks import described

log = logging.getLogger("touchline.dispatch")

Begin = Callable[[Sequence[Delivery]], Awaitable[Collection[str]]]
"""Returns the ids of the emails that may be transmitted, and commits that their transmission begins."""


async def attempt_many(
    session: Session, deliveries: Sequence[Delivery], begin: Begin, channel: str, stopping: Callable[[], bool]
) -> list[tuple[Delivery, Answer]]:
    """Check, render and hand over several emails. Each gets an answer, whatever the channel does."""
    answers: list[tuple[Delivery, Answer]] = []
    ready: list[tuple[Delivery, RenderedEmail]] = []
    for delivery in deliveries:
        written = await prepare(delivery)
        if isinstance(written, RenderedEmail):
            ready.append((delivery, written))
        else:
            answers.append((delivery, written))
    # Some may have been settled while the others were rendered, because the process stops.
    answers += [(delivery, DispatchAnswer.SETTLED_BEFORE) for delivery, _ in ready if not _waits(delivery)]
    ready = [each for each in ready if _waits(each[0])]
    if len(ready) == 1:
        delivery, written = ready[0]

        async def begin_one() -> bool:
            return delivery.send.id in await begin([delivery])

        answer = await hand_over(session, delivery, written, begin_one, channel, stopping)
        return [*answers, (delivery, answer)]
    return [*answers, *await _hand_over(session, ready, begin, channel, stopping)] if ready else answers


def _waits(delivery: Delivery) -> bool:
    return delivery.stage is Stage.CLAIMED


async def _hand_over(
    session: Session,
    ready: Sequence[tuple[Delivery, RenderedEmail]],
    begin: Begin,
    channel: str,
    stopping: Callable[[], bool],
) -> list[tuple[Delivery, Answer]]:
    """Give prepared emails to the channel."""
    deliveries = [delivery for delivery, _ in ready]

    for delivery, written in ready:
        delivery.subject, delivery.stage = written.subject, Stage.HANDED_OVER
    try:
        handed = session.deliver_many([outgoing_of(*each) for each in ready], lambda: begin(deliveries))
        found = await handed if isawaitable(handed) else handed
    except AccountUnavailableError as error:
        return [(delivery, _unavailable(error, delivery)) for delivery in deliveries]
    except BaseException as error:
        if is_stopped(error, stopping()):
            raise
        log.exception("the channel %s failed while it delivered %s emails", channel, len(deliveries))
        return [(delivery, channel_failure(delivery, error)) for delivery in deliveries]
    finally:
        if not stopping():
            await undo_cancellations()
    if not isinstance(found, (list, tuple)) or len(found) != len(deliveries):
        log.error("the channel %s returned %s for %s emails", channel, described(found), len(deliveries))
        return [(delivery, channel_failure(delivery)) for delivery in deliveries]
    return [
        (delivery, check_answer(answer, delivery, channel)) for delivery, answer in zip(deliveries, found, strict=True)
    ]


def _unavailable(error: AccountUnavailableError, delivery: Delivery) -> Answer:
    in_transmission = delivery.stage is Stage.TRANSMITTING
    return unavailable(error, Outcome.IN_DOUBT if in_transmission else Outcome.ACCOUNT_UNAVAILABLE)
