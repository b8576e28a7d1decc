"""The transaction that settles emails and begins transmissions, and everything that follows from an outcome."""

import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from api.services.common.runtime import DispatchRuntime
from api.services.dispatch.claim.job import Job, Stage
from api.services.dispatch.reasons import Answer
from api.services.dispatch.send_outcome import event_line, outcome_of
from api.services.enrollments.progress import finish_done, finished
from api.services.jobs.halving import passing
from api.services.replies.bounces import Bounced, settle_bounces
from api.services.tasks.tasks import email_went_out
from api.store import send_ledger, throttles
from api.store.account_pauses import TROUBLE_WAIT
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import write
from api.store.send_outcome import SendOutcome
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")

Settled = tuple[Job, SendOutcome]


def decide(job: Job, answer: Answer, real_now: datetime) -> SendOutcome:
    """Return the outcome of a job, by its workspace's clock."""
    now = job.at(real_now)
    retry_at = now + TROUBLE_WAIT if job.account_failed and job.retry_at is None else job.retry_at
    return outcome_of(job.send, answer, now, random.random(), retry_at)  # noqa: S311 - jitter


def withdrawn(outcome: SendOutcome) -> SendOutcome:
    """Return the outcome of an email that is no longer this attempt's: nothing was written."""
    return outcome._replace(outcome=Outcome.WITHDRAWN)


@retry_on_deadlock
async def commit(
    runtime: DispatchRuntime, done: Sequence[tuple[Job, Answer]], asking: Sequence[Job]
) -> tuple[list[SendOutcome], dict[str, Stage]]:
    """Commit outcomes, and the transmissions that may begin. Returns the outcomes, and the stages of who asks."""
    real_now = runtime.clock()
    made = [(job, decide(job, answer, real_now)) for job, answer in done]
    async with transaction():
        # Emails first, then the rows that belong to them: everyone who locks both locks them in this order.
        ours = await send_ledger.settle([outcome for _, outcome in made]) if made else set()
        stages = await _begin(runtime, asking) if asking else {}
        await _follow(runtime, [each for each in made if each[0].send.id in ours])
        answered = [job for job, _ in made if throttles.windows(job.batch.sender)]
        if answered:
            await throttles.arrive([job.send.id for job in answered], answered[0].at(runtime.clock()))
    return [outcome if job.send.id in ours else withdrawn(outcome) for job, outcome in made], stages


@retry_on_deadlock
async def commit_alone(runtime: DispatchRuntime, job: Job, outcome: SendOutcome) -> SendOutcome:
    """Commit one email's outcome, and each of its consequences that can be written."""
    settled, line = [(job, outcome)], event_line(outcome)

    async def finish() -> None:
        await finish_done([job.send.enrollment_id], outcome.at)

    async with transaction():
        if not await send_ledger.settle([outcome]):
            return withdrawn(outcome)
        follows: list[Callable[[], Awaitable[object]]] = [lambda: write([line] if line else [])]
        follows += [lambda: _complete_tasks(runtime, settled), lambda: _settle_bounced(settled)]
        follows += [finish] if outcome.ended else []
        if throttles.windows(job.batch.sender):
            follows.append(lambda: throttles.arrive([job.send.id], outcome.at))
        for follow in follows:
            try:
                async with transaction():
                    await follow()
            except Exception as problem:
                if passing(problem):
                    raise
                log.exception("a consequence of the email %s was left out", job.send.id)
    return outcome


async def _begin(runtime: DispatchRuntime, jobs: Sequence[Job]) -> dict[str, Stage]:
    """Write which of these emails may be sent, by the ledger and by their senders' throttles."""
    pairs = [(job.send, job.batch.message_id(job.send)) for job in jobs]
    recipients = {job.send.id: job.batch.address(job.send) for job in jobs}
    may = await send_ledger.begin_transmission(pairs, runtime.clock() + runtime.lease, recipients)
    stages = {job.send.id: Stage.TRANSMITTING if job.send.id in may else Stage.REFUSED for job in jobs}
    throttled: dict[str, list[Job]] = {}
    for job in jobs:
        if job.send.id in may and throttles.windows(job.batch.sender):
            throttled.setdefault(job.send.sender_id, []).append(job)
    for sender_id in sorted(throttled):
        theirs = throttled[sender_id]
        ids = [job.send.id for job in theirs]
        allowed = await throttles.depart(theirs[0].batch.sender, ids, theirs[0].at(runtime.clock()))
        stages.update({each: Stage.THROTTLED for each in ids if each not in allowed})
    return stages


async def _follow(runtime: DispatchRuntime, settled: Sequence[Settled]) -> None:
    """Write what follows for tasks and people's campaigns, and the Live Feed's events."""
    lines = [line for _, outcome in settled if (line := event_line(outcome)) is not None]
    await _complete_tasks(runtime, settled)
    if any(outcome.bounce is not None for _, outcome in settled):
        await write(lines)  # before the events that follow from bounces
        lines = []
        await _settle_bounced(settled)
    ended = [(outcome.send.enrollment_id, outcome.at) for _, outcome in settled if outcome.ended]
    if ended:
        lines += await finished([enrollment for enrollment, _ in ended], ended[0][1])
    await write(lines)


async def _complete_tasks(runtime: DispatchRuntime, settled: Sequence[Settled]) -> None:
    for job, outcome in settled:
        if job.send.by_hand and outcome.sent_at is not None:
            await email_went_out(runtime.context(job.batch.workspace), job.send, outcome.sent_at)


async def _settle_bounced(settled: Sequence[Settled]) -> None:
    """Write what follows from bounces, by the clock of each workspace: a sandbox has its own."""
    found: dict[datetime, list[Bounced]] = {}
    for job, outcome in settled:
        if outcome.bounce is not None:
            bounced = Bounced(job.send.id, job.send.person_id, job.batch.address(job.send), outcome.bounce)
            found.setdefault(outcome.at, []).append(bounced)
    for now, those in found.items():
        await settle_bounces(those, now)
