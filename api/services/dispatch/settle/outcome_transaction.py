"""The transaction that writes outcomes with all their consequences, and begins transmissions."""

import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from api.services.common.bisection import is_transient
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.dispatch.claim.delivery import Delivery, Stage
from api.services.dispatch.dispatch_answers import Answer
from api.services.dispatch.outcome_decision import decide_outcome, event_line
from api.services.enrollments.progress import finish_done, finished
from api.services.replies.bounces import Bounced, settle_bounces
from api.services.tasks.closing import complete_task_of_email
from api.store import throttles, transmissions
from api.store.account_pauses import FAILED_EMAIL_WAIT
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import Line, write
from api.store.send_outcome import SendOutcome
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")

Settled = tuple[Delivery, SendOutcome]


def decide(delivery: Delivery, answer: Answer, real_now: datetime) -> SendOutcome:
    """Return the outcome of a delivery, by its workspace's clock."""
    now = delivery.at(real_now)
    retry_at = now + FAILED_EMAIL_WAIT if delivery.account_failed and delivery.retry_at is None else delivery.retry_at
    return decide_outcome(delivery.send, answer, now, random.random(), retry_at)  # noqa: S311 - jitter


def withdrawn(outcome: SendOutcome) -> SendOutcome:
    """Return the outcome of an email that its attempt does not own any more, so that nothing is written."""
    return outcome._replace(outcome=Outcome.WITHDRAWN)


@retry_on_deadlock
async def commit(
    runtime: DispatchRuntime, done: Sequence[tuple[Delivery, Answer]], asking: Sequence[Delivery]
) -> tuple[list[SendOutcome], dict[str, Stage]]:
    """Commit outcomes, and the transmissions that may begin. Returns the outcomes, and the new stages of ``asking``."""
    real_now = runtime.clock()
    decided = [(delivery, decide(delivery, answer, real_now)) for delivery, answer in done]
    async with transaction():
        # Lock emails first, then the rows that belong to them. All transactions use this order.
        settled = await transmissions.settle([outcome for _, outcome in decided]) if decided else set()
        stages = await _begin(runtime, asking) if asking else {}
        await _write_consequences(runtime, [each for each in decided if each[0].send.id in settled])
        answered = [delivery for delivery, _ in decided if throttles.windows(delivery.batch.sender)]
        if answered:
            await throttles.start_windows([delivery.send.id for delivery in answered], answered[0].at(runtime.clock()))
    return [outcome if delivery.send.id in settled else withdrawn(outcome) for delivery, outcome in decided], stages


@retry_on_deadlock
async def commit_alone(runtime: DispatchRuntime, delivery: Delivery, outcome: SendOutcome) -> SendOutcome:
    """Commit one email's outcome, and each of its consequences that can be written."""
    settled, line = [(delivery, outcome)], _event(delivery, outcome)

    async def finish() -> None:
        await finish_done([delivery.send.enrollment_id], outcome.at)

    async with transaction():
        if not await transmissions.settle([outcome]):
            return withdrawn(outcome)
        consequences: list[Callable[[], Awaitable[object]]] = [lambda: write([line] if line else [])]
        consequences += [lambda: _complete_tasks(runtime, settled), lambda: _settle_bounced(settled)]
        consequences += [finish] if outcome.ended else []
        if throttles.windows(delivery.batch.sender):
            consequences.append(lambda: throttles.start_windows([delivery.send.id], outcome.at))
        for write_consequence in consequences:
            try:
                async with transaction():
                    await write_consequence()
            except Exception as problem:
                if is_transient(problem):
                    raise
                log.exception("cannot write a consequence of the email %s; it is left out", delivery.send.id)
    return outcome


async def _begin(runtime: DispatchRuntime, deliveries: Sequence[Delivery]) -> dict[str, Stage]:
    """Begin the transmissions that the ledger and the senders' throttles allow. Returns the new stages by email."""
    pairs = [(delivery.send, delivery.batch.message_id(delivery.send)) for delivery in deliveries]
    recipients = {delivery.send.id: delivery.batch.address(delivery.send) for delivery in deliveries}
    may = await transmissions.begin_transmission(pairs, runtime.clock() + runtime.lease, recipients)
    stages = {
        delivery.send.id: Stage.TRANSMITTING if delivery.send.id in may else Stage.REFUSED for delivery in deliveries
    }
    throttled: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        if delivery.send.id in may and throttles.windows(delivery.batch.sender):
            throttled.setdefault(delivery.send.sender_id, []).append(delivery)
    for sender_id in sorted(throttled):
        sender_deliveries = throttled[sender_id]
        ids = [delivery.send.id for delivery in sender_deliveries]
        allowed = await throttles.take_slots(
            sender_deliveries[0].batch.sender, ids, sender_deliveries[0].at(runtime.clock())
        )
        stages.update({each: Stage.THROTTLED for each in ids if each not in allowed})
    return stages


async def _write_consequences(runtime: DispatchRuntime, settled: Sequence[Settled]) -> None:
    """Write the consequences for tasks, bounces and enrollments, and the events of the Live Feed."""
    lines = [line for delivery, outcome in settled if (line := _event(delivery, outcome)) is not None]
    await _complete_tasks(runtime, settled)
    if any(outcome.bounce is not None for _, outcome in settled):
        await write(lines)  # before the events of the bounces' consequences
        lines = []
        await _settle_bounced(settled)
    ended = [(outcome.send.enrollment_id, outcome.at) for _, outcome in settled if outcome.ended]
    if ended:
        lines += await finished([enrollment for enrollment, _ in ended], ended[0][1])
    await write(lines)


def _event(delivery: Delivery, outcome: SendOutcome) -> Line | None:
    return event_line(outcome, transactional=delivery.batch.is_transactional(delivery.send))


async def _complete_tasks(runtime: DispatchRuntime, settled: Sequence[Settled]) -> None:
    for delivery, outcome in settled:
        if delivery.send.by_hand and outcome.sent_at is not None:
            await complete_task_of_email(runtime.context(delivery.batch.workspace), delivery.send, outcome.sent_at)


async def _settle_bounced(settled: Sequence[Settled]) -> None:
    """Write the consequences of bounces, at the time of each workspace's clock. A sandbox has its own."""
    found: dict[datetime, list[Bounced]] = {}
    for delivery, outcome in settled:
        if outcome.bounce is not None:
            bounced = Bounced(
                delivery.send.id, delivery.send.person_id, delivery.batch.address(delivery.send), outcome.bounce
            )
            found.setdefault(outcome.at, []).append(bounced)
    for now, those in found.items():
        await settle_bounces(those, now)
