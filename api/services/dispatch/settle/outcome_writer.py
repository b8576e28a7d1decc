"""The desk where lanes report: what is about to leave, and what became of what left, a whole pile in one transaction.

A lane goes on before its last report is written: the report stands on the pile before the next email's, so that the
next one leaves only when both are committed. A crash therefore leaves one email in doubt for each session at most.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from api.services.common.runtime import DispatchRuntime, TerminalLine
from api.services.dispatch.send.attempt import Job
from api.services.dispatch.send_outcome import Settlement, settlement
from api.services.dispatch.settle.group_commit import Together
from api.services.enrollments.progress import finish_done, finished
from api.services.jobs.halving import ROW_FAILED, in_halves, passing
from api.services.replies.bounces import Bounced, settle_bounces
from api.services.tasks.tasks import email_went_out
from api.states import SendStatus
from api.store import send_ledger, throttles
from api.store.account_pauses import TROUBLE_WAIT
from api.store.engine.availability import log_database_outage
from api.store.engine.database import is_postgres
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import write
from plugins.contract import Outcome, Receipt

log = logging.getLogger("touchline.dispatch")

TRIES = 3
"""Failures, those of an absent database not counted, after which emails are looked for that cannot be written."""


class Report(NamedTuple):
    """One email's: that it is about to leave (no receipt), or what became of it."""

    job: Job
    receipt: Receipt | None = None


Made = tuple[Job, Settlement, datetime]
"""An email, how it is settled, and when."""
Settled = tuple[Job, str, str]
"""An email, its outcome (WITHDRAWN when it was no longer ours), and the receipt's code."""


class Desk:
    """One for a dispatcher. ``settled`` is told what became of emails, and when (UTC, the real time)."""

    def __init__(self, runtime: DispatchRuntime, settled: Callable[[Sequence[Settled], datetime], None]) -> None:
        self._runtime = runtime
        self._settled = settled
        # While PostgreSQL writes the one pile, emails are made for the other. SQLite writes one at a time.
        self._piles = [Together[Report, bool](self._write) for _ in range(2 if is_postgres() else 1)]

    async def begin(self, job: Job) -> bool:
        """Commit that an email is about to leave, and mark it so; False when it may not, or it cannot be known."""
        lease = self._runtime.lease.total_seconds()
        asked, job.asked = time.monotonic(), True
        may = await self._pile(job).put(Report(job))
        # A process that was suspended in between comes back to a lease that others may have taken over.
        job.transmitting = may and time.monotonic() - asked < lease / 2
        return job.transmitting

    def settle(self, job: Job, receipt: Receipt) -> Awaitable[bool]:
        """Record what became of an email. Whoever does not wait for it may rely on its being written."""
        return self._pile(job).put(Report(job, receipt))

    async def idle(self) -> None:
        """Wait until every report is written."""
        for pile in self._piles:
            await pile.idle()

    def _pile(self, job: Job) -> Together[Report, bool]:
        """Return the pile of the session that has the email: its reports are written in their order."""
        return self._piles[job.session % len(self._piles)]

    async def _write(self, reports: Sequence[Report]) -> list[bool]:
        """Write reports, each email's one after the other: of two attempts at one, the ledger knows which owns it."""
        answers: list[bool] = []
        for pile in _one_of_each(reports):
            answers += await self._write_pile(pile)
        return answers

    async def _write_pile(self, reports: Sequence[Report]) -> list[bool]:
        leaving = [report.job for report in reports if report.receipt is None]
        done = [(report.job, report.receipt) for report in reports if report.receipt is not None]
        try:
            outcomes, may = await self._commit(done, leaving)
        except Exception as problem:
            if not log_database_outage(problem):
                log.exception("%s reports could not be written; %s emails are held back", len(reports), len(leaving))
            outcomes, may = await self._settle(done) if done else [], set()
        real_now = self._runtime.clock()
        told = list(zip(done, outcomes, strict=True))
        self._settled([(job, outcome, receipt.code) for (job, receipt), outcome in told], real_now)
        for (job, receipt), outcome in told:
            if outcome != Outcome.WITHDRAWN:
                self._show(job, outcome, receipt, real_now)
        return [report.receipt is not None or report.job.send.id in may for report in reports]

    def _show(self, job: Job, outcome: str, receipt: Receipt, real_now: datetime) -> None:
        """Show one email. What is committed stays so, whatever a terminal thinks of it."""
        try:
            address = job.batch.people[job.send.person_id].email
            name, at = job.batch.workspace.name, job.at(real_now)
            self._runtime.show(TerminalLine(name, at, outcome, address, job.subject, receipt.detail))
        except (Exception, SystemExit):  # rich exits where nobody reads the terminal any more
            log.debug("the email %s could not be shown", job.send.id, exc_info=True)

    async def _settle(self, done: Sequence[tuple[Job, Receipt]]) -> list[str]:
        """Settle, and wait for as long as the database is away.

        One email whose consequences cannot be written is settled alone: it holds up no other, and is not forgotten.
        """
        outcomes: dict[int, str] = {}

        async def write_part(part: Sequence[int]) -> None:
            told, _ = await self._commit([done[at] for at in part], ())
            outcomes.update(zip(part, told, strict=True))

        async def set_aside(at: int, reason: str) -> None:
            outcomes[at] = await self._set_aside(*done[at], reason)

        failures = waits = 0
        while left := [at for at in range(len(done)) if at not in outcomes]:
            try:
                if failures < TRIES:
                    await write_part(left)
                else:
                    await in_halves(left, write_part, set_aside, most=len(left))
            except Exception as problem:
                failures += not passing(problem)
                waits += 1
                if not log_database_outage(problem):
                    log.exception("what became of %s emails could not be written; trying again", len(left))
                await asyncio.sleep(min(0.1 * 2 ** min(waits, 10), 2.0))
        return [outcomes[at] for at in range(len(done))]

    async def _set_aside(self, job: Job, receipt: Receipt, reason: str) -> str:
        """Settle an email whose consequences are refused. Returns its outcome. Raises what is passing.

        Where even its outcome is refused, it is in doubt if it may have left (and is never sent again by itself), else
        it fails. Where the database refuses that as well, the email stays as it is, and nobody sends it.
        """
        now = job.at(self._runtime.clock())
        made = self._settlement(job, receipt, now)
        left = job.transmitting or made.sent_at is not None or made.bounce or made.outcome is Outcome.IN_DOUBT
        status = (Outcome.IN_DOUBT, SendStatus.IN_DOUBT) if left else (Outcome.FAILED, SendStatus.FAILED)
        told = f"{made.outcome}: the answer could not be recorded. {reason}"
        kept = made._replace(detail=f"{made.detail} Not all that follows could be recorded. {reason}".strip())
        for settled in (kept, Settlement(*status, None, job.send.attempts, ROW_FAILED, told)):
            try:
                return await self._settle_alone(job, settled, now)
            except Exception as problem:
                if passing(problem):
                    raise
                log.exception("the email %s could not be recorded as %s", job.send.id, settled.outcome)
        log.error("the email %s is %s, which could not be recorded at all", job.send.id, made.outcome)
        return Outcome.WITHDRAWN

    @retry_on_deadlock
    async def _settle_alone(self, job: Job, settled: Settlement, now: datetime) -> str:
        """Write an email's outcome, and each of its consequences that can be written."""
        mine, line = [(job, settled, now)], settled.line(job.send, now)

        async def finish() -> None:
            await finish_done([job.send.enrollment_id], now)

        async with transaction():
            if not await send_ledger.settle([settled.row(job.send)]):
                return Outcome.WITHDRAWN
            follows: list[Callable[[], Awaitable[object]]] = [lambda: write([line] if line else [])]
            follows += [lambda: self._complete_tasks(mine), lambda: _settle_bounced(mine)]
            follows += [finish] if settled.ended else []
            follows += [lambda: throttles.arrive([job.send.id], now)] if throttles.windows(job.batch.sender) else []
            for follow in follows:
                try:
                    async with transaction():
                        await follow()
                except Exception as problem:
                    if passing(problem):
                        raise
                    log.exception("a consequence of the email %s was set aside", job.send.id)
        return settled.outcome

    @retry_on_deadlock
    async def _commit(self, done: Sequence[tuple[Job, Receipt]], leaving: Sequence[Job]) -> tuple[list[str], set[str]]:
        """Write what is done and what is about to leave. Returns the outcomes, and the ids that may leave."""
        made, real_now = [], self._runtime.clock()
        for job, receipt in done:
            now = job.at(real_now)
            made.append((job, self._settlement(job, receipt, now), now))
        async with transaction():
            # Emails first, then what belongs to them, as everyone has it who locks both.
            ours = await send_ledger.settle([settled.row(job.send) for job, settled, _ in made]) if made else set()
            may = await self._begin(leaving) if leaving else set()
            await self._follow([each for each in made if each[0].send.id in ours])
            answered = [job for job, *_ in made if throttles.windows(job.batch.sender)]
            if answered:
                await throttles.arrive([job.send.id for job in answered], answered[0].at(self._runtime.clock()))
        return [settled.outcome if job.send.id in ours else Outcome.WITHDRAWN for job, settled, _ in made], may

    def _settlement(self, job: Job, receipt: Receipt, now: datetime) -> Settlement:
        again_at = now + TROUBLE_WAIT if job.blamed and job.again_at is None else job.again_at
        return settlement(job.send, receipt, now, random.random(), again_at)  # noqa: S311 - jitter

    async def _follow(self, mine: Sequence[Made]) -> None:
        """Write what follows for people's campaigns, and the feed."""
        lines = [line for job, settled, now in mine if (line := settled.line(job.send, now)) is not None]
        await self._complete_tasks(mine)
        if any(settled.bounce is not None for _, settled, _ in mine):
            await write(lines)  # what follows from bounces is told behind them
            lines = []
            await _settle_bounced(mine)
        ended = [(job.send.enrollment_id, now) for job, settled, now in mine if settled.ended]
        if ended:
            lines += await finished([enrollment for enrollment, _ in ended], ended[0][1])
        await write(lines)

    async def _complete_tasks(self, mine: Sequence[Made]) -> None:
        for job, settled, _ in mine:
            if job.send.by_hand and settled.sent_at is not None:
                await email_went_out(self._runtime.context(job.batch.workspace), job.send, settled.sent_at)

    async def _begin(self, jobs: Sequence[Job]) -> set[str]:
        pairs = [(job.send, job.batch.message_id(job.send)) for job in jobs]
        recipients = {job.send.id: job.batch.recipient(job.send) for job in jobs}
        may = await send_ledger.begin_transmission(pairs, self._runtime.clock() + self._runtime.lease, recipients)
        throttled: dict[str, list[Job]] = {}
        for job in jobs:
            if job.send.id in may and throttles.windows(job.batch.sender):
                throttled.setdefault(job.send.sender_id, []).append(job)
        for sender_id in sorted(throttled):
            asking = throttled[sender_id]
            ids = [job.send.id for job in asking]
            leaving = await throttles.depart(asking[0].batch.sender, ids, asking[0].at(self._runtime.clock()))
            for job in asking:
                job.throttled = job.send.id not in leaving
            may -= {job.send.id for job in asking if job.throttled}
        return may


async def _settle_bounced(mine: Sequence[Made]) -> None:
    for now, those in _bounced(mine).items():
        await settle_bounces(those, now)


def _bounced(mine: Sequence[Made]) -> dict[datetime, list[Bounced]]:
    """Return the emails that bounced, by when: a sandbox has a clock of its own."""
    found: dict[datetime, list[Bounced]] = {}
    for job, settled, now in mine:
        if settled.bounce is not None:
            address = job.batch.people[job.send.person_id].email
            found.setdefault(now, []).append(Bounced(job.send.id, job.send.person_id, address, settled.bounce))
    return found


def _one_of_each(reports: Sequence[Report]) -> Iterator[Sequence[Report]]:
    """Cut reports into piles, in their order, none of which has two of the same email."""
    start, seen = 0, set[str]()
    if len({report.job.send.id for report in reports}) == len(reports):
        yield reports
        return
    for at, report in enumerate(reports):
        if report.job.send.id in seen:
            yield reports[start:at]
            start, seen = at, set()
        seen.add(report.job.send.id)
    yield reports[start:]
