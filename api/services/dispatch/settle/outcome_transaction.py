"""The transaction that writes outcomes with all their consequences, and begins transmissions."""

import logging
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime

from api.mail.address import address_key
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.job_chunks.bisection import is_transient
from api.services.dispatch.claim.delivery import Delivery, Stage
from api.services.dispatch.dispatch_answers import Answer, DispatchAnswer
from api.services.dispatch.outcome_decision import decide_outcome, within_allowed_times
from api.services.dispatch.retry_policy import requested_wait
from api.services.dispatch.settle.outcome_facts import Settled, contents_of, counted, event_of
from api.services.dispatch.settle.reached_limits import explain_limits
from api.services.dispatch.settle.usual_group import commit_usual, is_usual
from api.services.enrollments.progress import finish_done, finished
from api.services.replies.bounces import Bounced, settle_bounces
from api.services.tasks.closing import complete_task_of_email
from api.store.dispatch import throttles, transmissions
from api.store.dispatch.account_pauses import FAILED_EMAIL_WAIT, pause_of
from api.store.dispatch.send_outcome import SendOutcome
from api.store.dispatch.transmissions import REFUSED_STATUSES
from api.store.emails import one_off_emails, sent_contents
from api.store.emails.sent_contents import PackedContent
from api.store.engine.faults.availability import log_database_outage
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import write
from api.store.people.suppressions import suppressed_keys
from api.store.replies.bounces import bounced_keys
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")


def decide(delivery: Delivery, answer: Answer, real_now: datetime) -> SendOutcome:
    """Return the outcome of a delivery, by its workspace's clock."""
    now = delivery.at(real_now)
    retry_at = delivery.retry_at
    if delivery.account_failed and retry_at is None:
        requested = None if isinstance(answer, DispatchAnswer) else requested_wait(answer.retry_after, now)
        retry_at = now + (FAILED_EMAIL_WAIT if requested is None else pause_of(requested))
    outcome = decide_outcome(delivery.send, answer, now, random.random(), retry_at)  # noqa: S311 - jitter
    return outcome if delivery.allowed is None else within_allowed_times(outcome, delivery.allowed)


def withdrawn(outcome: SendOutcome) -> SendOutcome:
    """Return the outcome of an email that its attempt does not own any more, so that nothing is written."""
    return outcome._replace(outcome=Outcome.WITHDRAWN)


async def commit(
    runtime: DispatchRuntime, done: Sequence[tuple[Delivery, Answer]], asking: Sequence[Delivery]
) -> tuple[list[SendOutcome], dict[str, Stage]]:
    """Commit outcomes, and the transmissions that may begin. Returns the outcomes, and the new stages of ``asking``.

    A usual group is committed in one exchange, and after it the emails that may not be sent.
    """
    real_now = runtime.clock()
    decided = [(delivery, decide(delivery, answer, real_now)) for delivery, answer in done]
    if not is_usual(decided, asking, real_now):
        return await _commit_all(runtime, decided, asking, real_now)
    committed = await commit_usual(runtime, decided, asking, real_now)
    stages = dict.fromkeys(committed.begun, Stage.TRANSMITTING)
    if refused := [delivery for delivery in asking if delivery.send.id not in committed.begun]:
        try:
            stages |= (await _commit_all(runtime, (), refused, real_now))[1]
        except Exception as problem:  # the outcomes are committed, so they must not seem to have failed
            if not log_database_outage(problem):
                log.exception("cannot write the transmissions of %s emails; they are not sent now", len(refused))
    return _owned(decided, committed.settled), stages


@retry_on_deadlock
async def _commit_all(
    runtime: DispatchRuntime, decided: Sequence[Settled], asking: Sequence[Delivery], real_now: datetime
) -> tuple[list[SendOutcome], dict[str, Stage]]:
    """Commit outcomes with all their consequences, and the transmissions that may begin."""
    async with transaction():
        # Lock emails first, then the rows that belong to them. All transactions use this order.
        templates = {
            delivery.send.id: delivery.batch.template_id(delivery.send)
            for delivery, outcome in decided
            if outcome.status in REFUSED_STATUSES
        }
        settled = await transmissions.settle([outcome for _, outcome in decided], templates) if decided else set()
        if unasked := _sent_unasked(decided, settled):
            await sent_contents.keep(unasked, real_now, runtime.stored_bases)
        stages = await _begin(runtime, asking, real_now) if asking else {}
        await _write_consequences(runtime, [each for each in decided if each[0].send.id in settled])
        answered = [delivery for delivery, _ in decided if delivery.batch.is_throttled]
        if answered:
            await throttles.start_windows([delivery.send.id for delivery in answered], answered[0].at(runtime.clock()))
    sent_contents.remember_bases(contents_of(asking), real_now, runtime.stored_bases)
    return _owned(decided, settled), stages


def _owned(decided: Sequence[Settled], settled: Collection[str]) -> list[SendOutcome]:
    """Return the outcomes that were written, and WITHDRAWN for those of emails that their attempts do not own."""
    return [outcome if delivery.send.id in settled else withdrawn(outcome) for delivery, outcome in decided]


@retry_on_deadlock
async def commit_alone(runtime: DispatchRuntime, delivery: Delivery, outcome: SendOutcome) -> SendOutcome:
    """Commit one email's outcome, and each of its consequences that can be written."""
    settled, line = [(delivery, outcome)], event_of(delivery, outcome)

    async def finish() -> None:
        await finish_done([delivery.send.enrollment_id], outcome.at)

    async with transaction():
        if not await transmissions.settle([outcome], {outcome.send.id: delivery.batch.template_id(outcome.send)}):
            return withdrawn(outcome)
        consequences: list[Callable[[], Awaitable[object]]] = [lambda: write([line] if line else [])]
        consequences += [lambda: _complete_tasks(runtime, settled), lambda: _settle_bounced(settled)]
        consequences.append(lambda: _keep_reached_copies(settled))
        consequences += [finish] if outcome.ended else []
        if delivery.batch.is_throttled:
            consequences.append(lambda: throttles.start_windows([delivery.send.id], outcome.at))
        for write_consequence in consequences:
            try:
                async with transaction():
                    await write_consequence()
            except Exception as problem:
                if is_transient(problem):
                    raise
                log.exception("cannot write an effect of the email %s; continuing without it", delivery.send.id)
    return outcome


async def _begin(runtime: DispatchRuntime, deliveries: Sequence[Delivery], real_now: datetime) -> dict[str, Stage]:
    """Begin the transmissions that the ledger, the senders' throttles and the send options allow, and store them.

    Returns the new stages by email.
    """
    barred = await _with_barred_copies(deliveries)
    pairs = [
        (delivery.send, delivery.batch.message_id(delivery.send))
        for delivery in deliveries
        if delivery.send.id not in barred and delivery.is_allowed_at(real_now)
    ]
    recipients = {delivery.send.id: delivery.batch.address(delivery.send) for delivery in deliveries}
    lease_until = runtime.clock() + runtime.lease
    may = await transmissions.begin_transmission(pairs, lease_until, recipients, counted(deliveries, real_now))
    stages = {
        delivery.send.id: Stage.TRANSMITTING if delivery.send.id in may else Stage.REFUSED for delivery in deliveries
    }
    throttled: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        if delivery.send.id in may and delivery.batch.is_throttled:
            throttled.setdefault(delivery.send.sender_id, []).append(delivery)
    for sender_id in sorted(throttled):
        sender_deliveries = throttled[sender_id]
        ids = [delivery.send.id for delivery in sender_deliveries]
        allowed = await throttles.take_slots(
            sender_deliveries[0].batch.sender, ids, sender_deliveries[0].at(runtime.clock())
        )
        stages.update({each: Stage.THROTTLED for each in ids if each not in allowed})
        await explain_limits([each for each in sender_deliveries if each.send.id in allowed], real_now)
    if contents := contents_of(each for each in deliveries if stages[each.send.id] is Stage.TRANSMITTING):
        await sent_contents.keep(contents, real_now, runtime.stored_bases)
    return stages


def _sent_unasked(decided: Sequence[Settled], settled: set[str]) -> list[PackedContent]:
    """Return the contents of emails that a channel has sent without asking. Nothing has stored them yet."""
    return contents_of(
        delivery
        for delivery, outcome in decided
        if delivery.stage is Stage.HANDED_OVER and outcome.sent_at is not None and delivery.send.id in settled
    )


async def _with_barred_copies(deliveries: Sequence[Delivery]) -> set[str]:
    """Return the ids of emails with a copy to an address that unsubscribed or bounced after the batch was loaded."""
    keys: dict[str, set[str]] = {}
    for delivery in deliveries:
        if copies := delivery.batch.copies(delivery.send):
            keys[delivery.send.id] = {address_key(address) for address in copies}
    if not keys:
        return set()
    workspaces: dict[str, set[str]] = {}
    for delivery in deliveries:
        if delivery.send.id in keys:
            workspaces.setdefault(delivery.send.workspace_id, set()).update(keys[delivery.send.id])
    barred = {
        workspace_id: await suppressed_keys(workspace_id, sorted(of_one))
        | await bounced_keys(workspace_id, sorted(of_one))
        for workspace_id, of_one in workspaces.items()
    }
    return {
        delivery.send.id
        for delivery in deliveries
        if delivery.send.id in keys and keys[delivery.send.id] & barred[delivery.send.workspace_id]
    }


async def _write_consequences(runtime: DispatchRuntime, settled: Sequence[Settled]) -> None:
    """Write the consequences for tasks, bounces and enrollments, and the events of the Live Feed."""
    lines = [line for delivery, outcome in settled if (line := event_of(delivery, outcome)) is not None]
    await _complete_tasks(runtime, settled)
    await _keep_reached_copies(settled)
    if any(outcome.bounce is not None for _, outcome in settled):
        await write(lines)  # before the events of the bounces' consequences
        lines = []
        await _settle_bounced(settled)
    ended = [(outcome.send.enrollment_id, outcome.at) for _, outcome in settled if outcome.ended]
    if ended:
        lines += await finished([enrollment for enrollment, _ in ended], ended[0][1])
    await write(lines)


async def _complete_tasks(runtime: DispatchRuntime, settled: Sequence[Settled]) -> None:
    for delivery, outcome in settled:
        if delivery.send.by_hand and outcome.sent_at is not None:
            await complete_task_of_email(runtime.context(delivery.batch.workspace), delivery.send, outcome.sent_at)


async def _keep_reached_copies(settled: Sequence[Settled]) -> None:
    """Store which copies of one-off emails were sent, so that no later attempt repeats them."""
    reached: dict[str, list[str]] = {}
    for delivery, outcome in settled:
        if outcome.sent_at is not None and (copies := delivery.batch.copies(delivery.send)):
            rejected = {address for address, _ in outcome.receipt.refused_copies}
            reached[delivery.send.id] = [address for address in copies if address not in rejected]
    if reached:
        await one_off_emails.add_reached(reached)


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
