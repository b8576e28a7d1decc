"""Find the emails that make the claim or the load of a batch fail, by bisection, so that only those fail."""

import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.jobs import JobCode
from api.ids import new_id
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.job_chunks.bisection import bisect_failures, is_database_fault
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.dispatch_answers import Answer, DispatchAnswer
from api.services.dispatch.outcome_decision import decide_outcome, event_line
from api.services.dispatch.public_detail import public_detail
from api.services.enrollments.progress import finish_done, finished
from api.store.dispatch import claims, transmissions
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import Line, email_event, write
from plugins.contract import Outcome, Receipt

log = logging.getLogger("touchline.dispatch")


@dataclass(slots=True)
class BisectingClaim:
    """Claims or loads the emails of a sender if some of them cannot be read, and settles those.

    An email that cannot be read fails. If too many emails fail, single rows are not the cause, and all of them wait
    instead. ``attempt`` owns all claimed emails. ``settled`` counts the settled emails, for the dispatcher's counts.
    """

    runtime: DispatchRuntime
    now: datetime
    sender: Mapping[str, Any]
    account: str
    backoff: Backoff
    real_now: datetime
    attempt: str = field(default_factory=lambda: new_id("att"))
    settled: dict[Outcome, int] = field(default_factory=dict)

    async def claim(self, limit: int, excluded_ids: Sequence[str]) -> list[ClaimedEmail]:
        """Claim the emails that can be claimed, and fail the others. If too many fail, they wait instead."""
        found: list[ClaimedEmail] = []
        failed: dict[str, str] = {}

        async def claim_part(ids: Sequence[str]) -> None:
            async with transaction():
                part = await claims.claim_by_ids(ids, self.now, self.real_now + self.runtime.lease, self.attempt)
            found.extend(part)

        async def note(send_id: str, reason: str) -> None:
            failed[send_id] = reason

        ids = await claims.due_ids(self.sender["id"], self.now, limit, self.attempt, excluded_ids)
        try:
            await bisect_failures(ids, claim_part, note, reraise=is_database_fault)
        except Exception as problem:
            if is_database_fault(problem):
                raise
            log.exception("cannot claim more than %s emails of the sender %s", len(failed), self.sender["id"])
            for send_id in failed:
                self.backoff.add(send_id, self.real_now)
            failed.clear()
        for send_id, reason in failed.items():
            await self._settle_alone(send_id, partial(self._fail, send_id, reason))
        return sorted(found, key=lambda send: (send.due_at, send.id))

    async def load(self, sends: Sequence[ClaimedEmail]) -> list[Delivery]:
        """Load the emails that can be loaded, step by step, and settle the others. Returns the earliest first."""
        if not await self._can_load_sender():
            await self.settle((send, DispatchAnswer.NOT_PREPARED) for send in sends)
            return []
        deliveries: list[Delivery] = []
        steps: dict[str | None, list[ClaimedEmail]] = {}
        for send in sends:
            steps.setdefault(send.step_id, []).append(send)
        for of_step in steps.values():
            deliveries += await self._load_step(of_step)
        return sorted(deliveries, key=lambda delivery: (delivery.send.due_at, delivery.send.id))

    async def _load_step(self, sends: Sequence[ClaimedEmail]) -> list[Delivery]:
        """Load the emails of one step. If more fail than can be set aside, the step is the cause, and all wait."""
        deliveries: list[Delivery] = []
        failed: list[tuple[ClaimedEmail, Answer]] = []

        async def load(part: Sequence[ClaimedEmail]) -> None:
            batch = await Batch.load(self.runtime, self.now, self.sender, part, self.account)
            deliveries.extend(Delivery(send, batch) for send in part)

        async def note(send: ClaimedEmail, reason: str) -> None:
            failed.append((send, Receipt(Outcome.FAILED, *JobCode.ROW_FAILED.message("unreadable", reason=reason))))

        try:
            await bisect_failures(sends, load, note, reraise=is_database_fault)
        except Exception as problem:
            if is_database_fault(problem):
                raise
            log.exception("cannot load more than %s emails of the step %s", len(failed), sends[0].step_id)
            loaded = {delivery.send.id for delivery in deliveries}
            failed = [(send, DispatchAnswer.NOT_PREPARED) for send in sends if send.id not in loaded]
        await self.settle(failed)
        return deliveries

    async def _can_load_sender(self) -> bool:
        """Say whether the sender and its workspace can be loaded. If so, an email is the cause of a failure."""
        try:
            await Batch.load(self.runtime, self.now, self.sender, (), self.account)
        except Exception as problem:
            if is_database_fault(problem):
                raise
            log.exception("cannot load the sender %s or its workspace", self.sender["id"])
            return False
        return True

    async def settle(self, failed: Iterable[tuple[ClaimedEmail, Answer]]) -> None:
        """Settle emails that cannot be sent. If one cannot be settled, it waits until its lease ends."""

        async def write_part(part: Sequence[tuple[ClaimedEmail, Answer]]) -> None:
            self.count(await self._write(part))

        async def settle_alone(one: tuple[ClaimedEmail, Answer], _: str) -> None:
            await self._settle_alone(one[0].id, partial(self._write, [one], alone=True))

        if pairs := list(failed):
            await bisect_failures(pairs, write_part, settle_alone, max_set_aside=len(pairs), reraise=is_database_fault)

    @retry_on_deadlock
    async def _write(self, pairs: Sequence[tuple[ClaimedEmail, Answer]], *, alone: bool = False) -> list[Outcome]:
        """Write the outcomes of claimed emails. Returns the outcomes of emails that the attempt still owned."""
        now = self.now
        outcomes = [decide_outcome(send, answer, now, random.random()) for send, answer in pairs]  # noqa: S311 - jitter
        async with transaction():
            ids = await transmissions.settle(outcomes)
            owned = [outcome for outcome in outcomes if outcome.send.id in ids]
            lines = [line for outcome in owned if (line := event_line(outcome)) is not None]
            ended = [outcome.send.enrollment_id for outcome in owned if outcome.ended]
            if alone:
                await _write_each(lines, ended, now)
            else:
                await write([*lines, *(await finished(ended, now) if ended else ())])
        for outcome in owned:
            log.error("the email %s: %s %s", outcome.send.id, outcome.receipt.outcome, outcome.receipt.code)
        return [outcome.receipt.outcome for outcome in owned]

    @retry_on_deadlock
    async def _fail(self, send_id: str, reason: str) -> list[Outcome]:
        """Fail an email that cannot be claimed. Returns its outcome, or nothing if it could not be claimed any more."""
        receipt = Receipt(Outcome.FAILED, *JobCode.ROW_FAILED.message("unreadable", reason=reason))
        async with transaction():
            detail = public_detail(receipt.detail)
            row = await claims.fail_unreadable(send_id, self.now, self.attempt, receipt.code, detail)
            if row is None:
                return []
            reason_data = {"reason": JobCode.ROW_FAILED}
            line = email_event(row, EventKind.EMAIL_FAILED, self.now, data=reason_data)
            await _write_each([line], [row["enrollment_id"]], self.now)
        log.error("the email %s: %s %s", send_id, receipt.outcome, receipt.code)
        return [receipt.outcome]

    async def _settle_alone(self, send_id: str, write_it: Callable[[], Awaitable[Iterable[Outcome]]]) -> None:
        """Settle one email. If that fails too, the email waits."""
        try:
            self.count(await write_it())
        except Exception as problem:
            if is_database_fault(problem):
                raise
            until = self.backoff.add(send_id, self.real_now)
            log.exception("cannot write the outcome of the email %s; trying again at %s", send_id, until.isoformat())

    def count(self, outcomes: Iterable[Outcome]) -> None:
        """Count settled emails."""
        for outcome in outcomes:
            self.settled[outcome] = self.settled.get(outcome, 0) + 1


async def _write_each(lines: list[Line], ended: list[str | None], now: datetime) -> None:
    """Write the consequences of an email, each in its own transaction, as far as they can be written."""
    for write_consequence in (partial(write, lines), partial(finish_done, ended, now)):
        try:
            async with transaction():
                await write_consequence()
        except Exception as problem:
            if is_database_fault(problem):
                raise
            log.exception("cannot write an effect of an email that cannot be read; continuing without it")
