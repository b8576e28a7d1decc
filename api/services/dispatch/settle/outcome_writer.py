"""The outcome writer commits which emails sessions may send, and writes the outcomes that they report."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterator, Sequence

from api.codes.refusals.jobs import JobCode
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.job_chunks.bisection import bisect_failures, is_transient
from api.services.dispatch.claim.delivery import MAY_REQUEST, Delivery, Stage
from api.services.dispatch.dispatch_answers import Answer
from api.services.dispatch.settle.email_leases import LeaseKeeper
from api.services.dispatch.settle.group_commit import MAX_GROUP_ITEMS, GroupCommit
from api.services.dispatch.settle.outcome_log import OutcomeLog
from api.services.dispatch.settle.outcome_transaction import commit, commit_alone, decide, withdrawn
from api.states import SendStatus
from api.store.dispatch.send_outcome import SendOutcome
from api.store.engine.database import is_postgres
from api.store.engine.faults.availability import log_database_outage
from plugins.contract import Outcome

log = logging.getLogger("touchline.dispatch")

MAX_FAILED_WRITES = 3
"""Failed writes of a group after which bisection finds its failing emails. Database outages do not count."""
MAX_GROUP_ITEMS_ON_SQLITE = 250
"""The most items of one transaction on SQLite, where users' changes wait for it. 500 save 2 % of the CPU time."""
EMAILS_PER_GROUP = 250
"""Emails at once whose entries share transactions. A transaction of few entries costs nearly as much as one of many."""
FIRST_RETRY_SECONDS = 0.1
MAX_RETRY_SECONDS = 2.0

Entry = tuple[Delivery, Answer | None]
"""A delivery with the answer that decides its outcome, or with None if its channel asks to transmit it."""


class OutcomeWriter:
    """Commits the entries of sessions, hundreds of emails in one transaction: outcomes, and begins of transmissions.

    A session continues before the outcome of its last email is committed. That is safe, because the entries of one
    session are written in their order. The commit that allows the next email contains the last outcome as well. So
    after a crash, at most one email of each session is in doubt.

    ``begin`` and ``settle`` add entries to ``_groups``, whose tasks write them with ``_write``. Sessions take their
    numbers from ``session_number``, and near numbers share a group. ``begin`` moves a delivery to REQUESTED and then to
    TRANSMITTING, REFUSED or THROTTLED. ``_tasks`` has the outcomes of emails of tasks if packages have send
    options: a sent one plans the next steps, and must not let other emails wait for a package. ``_leases`` ends
    committed deliveries, and ``_outcomes`` counts and logs them. An outcome is never dropped. The writer waits for an
    unavailable database. If the consequences of an email cannot be written, it writes that email alone.
    """

    def __init__(self, runtime: DispatchRuntime, leases: LeaseKeeper, outcomes: OutcomeLog) -> None:
        self._runtime = runtime
        self._leases = leases
        self._outcomes = outcomes
        self._next_number = 0
        # With many sessions, PostgreSQL writes one group while they fill the other. SQLite writes one group at a time.
        groups, max_items = (2, MAX_GROUP_ITEMS) if is_postgres() else (1, MAX_GROUP_ITEMS_ON_SQLITE)
        self._groups = [GroupCommit[Entry, Stage](self._write, max_items) for _ in range(groups)]
        self._tasks = GroupCommit[Entry, Stage](self._write, max_items)

    def session_number(self, batch_size: int) -> int:
        """Return the number of a new session, which sends up to ``batch_size`` emails at once."""
        number = self._next_number
        self._next_number += batch_size
        return number

    async def begin(self, delivery: Delivery) -> bool:
        """Commit the begin of a transmission. Returns False if the email may not be sent, or if the commit is too late.

        A channel may ask once in an attempt. A second call returns False and changes nothing.
        """
        if delivery.stage not in MAY_REQUEST:
            return False
        asked_at, delivery.stage = time.monotonic(), Stage.REQUESTED
        return self._may_transmit(delivery, await self._group(delivery).put((delivery, None)), asked_at)

    async def begin_all(self, deliveries: Sequence[Delivery]) -> frozenset[str]:
        """Commit the begins of several transmissions together. Returns the ids of the emails that may be sent."""
        asking = [delivery for delivery in deliveries if delivery.stage in MAY_REQUEST]
        for delivery in asking:
            delivery.stage = Stage.REQUESTED
        asked_at = time.monotonic()
        # No task for each email: all are in the same commit, so the first wait is nearly always the only one.
        writing = [self._group(delivery).put((delivery, None)) for delivery in asking]
        stages = [await written for written in writing]
        return frozenset(
            delivery.send.id
            for delivery, stage in zip(asking, stages, strict=True)
            if self._may_transmit(delivery, stage, asked_at)
        )

    def _may_transmit(self, delivery: Delivery, stage: Stage, asked_at: float) -> bool:
        """Say whether an email may be sent after the commit that gave it this stage. Sets its stage."""
        if stage is Stage.TRANSMITTING and time.monotonic() - asked_at >= self._runtime.lease.total_seconds() / 2:
            stage = Stage.REFUSED  # the process was suspended, so another process may own the email
        limited = delivery.send.allowed_times_id is not None
        if stage is Stage.TRANSMITTING and limited and not delivery.is_allowed_at(self._runtime.clock()):
            stage = Stage.REFUSED  # the time that the send option allows has ended during the commit
        if delivery.stage is not Stage.REQUESTED:
            return False  # meanwhile the channel was cut off, and the email settled as unsent
        delivery.stage = stage
        return stage is Stage.TRANSMITTING

    def settle(self, delivery: Delivery, answer: Answer) -> Awaitable[object]:
        """Write the outcome of an email. It is written even if the caller does not await it."""
        plans = delivery.send.by_hand and delivery.stage is Stage.TRANSMITTING
        asks = plans and self._runtime.installed.send_options.isolated
        return (self._tasks if asks else self._group(delivery)).put((delivery, answer))

    async def idle(self) -> None:
        """Wait until every entry is written."""
        for group in (*self._groups, self._tasks):
            await group.idle()

    def _group(self, delivery: Delivery) -> GroupCommit[Entry, Stage]:
        """Return the group of the delivery's session. It keeps the order of the session's entries."""
        return self._groups[delivery.session // EMAILS_PER_GROUP % len(self._groups)]

    async def _write(self, entries: Sequence[Entry]) -> list[Stage]:
        """Write entries. Two entries of one email go into two transactions, in their order."""
        stages: list[Stage] = []
        for part in _distinct_emails(entries):
            stages += await self._write_part(part)
        return stages

    async def _write_part(self, entries: Sequence[Entry]) -> list[Stage]:
        asking = [delivery for delivery, answer in entries if answer is None]
        done = [(delivery, answer) for delivery, answer in entries if answer is not None]
        try:
            outcomes, stages = await commit(self._runtime, done, asking)
        except Exception as problem:
            if not log_database_outage(problem):
                log.exception(
                    "cannot write %s outcomes and transmissions; %s emails are not sent now", len(entries), len(asking)
                )
            outcomes, stages = await self._settle(done) if done else [], {}
        settled = [(delivery, outcome) for (delivery, _), outcome in zip(done, outcomes, strict=True)]
        self._leases.release([delivery for delivery, _ in settled])
        self._outcomes.record(settled, self._runtime.clock())
        return [
            Stage.ENDED if answer is not None else stages.get(delivery.send.id, Stage.REFUSED)
            for delivery, answer in entries
        ]

    async def _settle(self, done: Sequence[tuple[Delivery, Answer]]) -> list[SendOutcome]:
        """Write outcomes, and wait as long as the database is unavailable.

        If the consequences of an email cannot be written, the email is settled alone, so that it does not delay others.
        """
        outcomes: dict[int, SendOutcome] = {}

        async def write_part(part: Sequence[int]) -> None:
            written, _ = await commit(self._runtime, [done[at] for at in part], ())
            outcomes.update(zip(part, written, strict=True))

        async def write_alone(at: int, reason: str) -> None:
            outcomes[at] = await self._write_alone(*done[at], reason)

        failures = waits = 0
        while left := [at for at in range(len(done)) if at not in outcomes]:
            try:
                if failures < MAX_FAILED_WRITES:
                    await write_part(left)
                else:
                    await bisect_failures(left, write_part, write_alone, max_set_aside=len(left))
            except Exception as problem:
                failures += not is_transient(problem)
                waits += 1
                if not log_database_outage(problem):
                    log.exception("cannot write the outcomes of %s emails; trying again", len(left))
                await asyncio.sleep(min(FIRST_RETRY_SECONDS * 2 ** min(waits, 10), MAX_RETRY_SECONDS))
        return [outcomes[at] for at in range(len(done))]

    async def _write_alone(self, delivery: Delivery, answer: Answer, reason: str) -> SendOutcome:
        """Settle an email whose consequences cannot be written. Returns its outcome. Raises transient errors.

        If the outcome cannot be written either, the email gets the outcome IN_DOUBT if it may have been sent, else
        FAILED. If that fails too, the email keeps its status, and nothing sends it.
        """
        decided = decide(delivery, answer, self._runtime.clock())
        doubtful = decided.outcome is Outcome.IN_DOUBT or decided.sent_at is not None or decided.bounce is not None
        may_be_sent = doubtful or delivery.stage is Stage.TRANSMITTING
        code, detail = JobCode.ROW_FAILED.message("not_recorded", outcome=decided.outcome, reason=reason)
        fallback = decided._replace(
            outcome=Outcome.IN_DOUBT if may_be_sent else Outcome.FAILED,
            status=SendStatus.IN_DOUBT if may_be_sent else SendStatus.FAILED,
            due_at=None,
            attempts=delivery.send.attempts,
            reason=code,
            detail=detail,
            event=None,
        )
        follows = JobCode.ROW_FAILED.message("follows", detail=decided.detail, reason=reason)
        kept = decided._replace(detail=follows.sentence.strip())
        for outcome in (kept, fallback):
            try:
                return await commit_alone(self._runtime, delivery, outcome)
            except Exception as problem:
                if is_transient(problem):
                    raise
                log.exception("cannot write the outcome of the email %s: %s", delivery.send.id, outcome.outcome)
        log.error("cannot write the outcome of the email %s in any form: %s", delivery.send.id, decided.outcome)
        return withdrawn(decided)


def _distinct_emails(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Split entries into parts, in their order. No part has two entries of one email."""
    start, seen = 0, set[str]()
    if len({delivery.send.id for delivery, _ in entries}) == len(entries):
        yield entries
        return
    for at, (delivery, _) in enumerate(entries):
        if delivery.send.id in seen:
            yield entries[start:at]
            start, seen = at, set()
        seen.add(delivery.send.id)
    yield entries[start:]
