"""Claim a sender's due emails with what they are written from. One that cannot be read fails alone.

The usual claim is one statement, and one load. Only where one of them fails is the email looked for by halves.
"""

import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from api.codes.event_kinds import EventKind
from api.ids import new_id
from api.services.common.runtime import DispatchRuntime
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.public_detail import public_detail
from api.services.dispatch.send.attempt import Job
from api.services.dispatch.send_outcome import UNPREPARED, settlement
from api.services.enrollments.progress import finish_done, finished
from api.services.jobs.back_off import PutOff
from api.services.jobs.halving import ROW_FAILED, in_halves, of_database
from api.store import claims, send_ledger
from api.store.claimed import Claimed
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import Line, event, write
from plugins.contract import Outcome, Receipt

log = logging.getLogger("touchline.dispatch")

TOLD = "This email could not be read."


class Taken(NamedTuple):
    """What a claim has taken: the emails that go to their lane, and how many were settled at once, by outcome."""

    jobs: Sequence[Job]
    settled: Mapping[Outcome, int]


async def take(
    runtime: DispatchRuntime, now: datetime, sender: Mapping[str, Any], limit: int, account: str, put_off: PutOff
) -> Taken:
    """Claim up to ``limit`` emails of a sender that are due at ``now``, and load what they are written from.

    Raises only what the state of the database is the cause of: the emails are free again when their lease ends.
    """
    real_now = runtime.clock()
    claim = _Claim(runtime, now, sender, account, put_off, real_now)
    besides = put_off.waiting(real_now)
    try:
        sends = await send_ledger.claim(sender["id"], now, real_now + runtime.lease, limit, claim.attempt, besides)
    except Exception as problem:
        if of_database(problem):
            raise
        log.warning("the emails of the sender %s could not be claimed together", sender["id"], exc_info=problem)
        sends = await claim.by_halves(limit, besides)
    if not sends:
        return Taken((), claim.settled)
    try:
        batch = await Batch.load(runtime, now, sender, sends, account)
    except Exception as problem:
        if of_database(problem):
            raise
        log.warning("the emails of the sender %s could not be loaded together", sender["id"], exc_info=problem)
        return Taken(await claim.load_by_halves(sends), claim.settled)
    return Taken([Job(send, batch) for send in sends], claim.settled)


@dataclass(slots=True)
class _Claim:
    """One attempt at the emails of a sender, some of which cannot be read."""

    runtime: DispatchRuntime
    now: datetime
    sender: Mapping[str, Any]
    account: str
    put_off: PutOff
    real_now: datetime
    attempt: str = field(default_factory=lambda: new_id("att"))
    settled: dict[Outcome, int] = field(default_factory=dict)

    async def by_halves(self, limit: int, besides: Sequence[str]) -> list[Claimed]:
        """Claim what can be claimed, and fail what cannot. Where too much fails, it is put off instead."""
        found: list[Claimed] = []
        failed: dict[str, str] = {}

        async def claim_part(ids: Sequence[str]) -> None:
            async with transaction():
                part = await claims.claim_these(ids, self.now, self.real_now + self.runtime.lease, self.attempt)
            found.extend(part)

        async def note(send_id: str, reason: str) -> None:
            failed[send_id] = reason

        ids = await claims.due(self.sender["id"], self.now, limit, self.attempt, besides)
        try:
            await in_halves(ids, claim_part, note, raises=of_database)
        except Exception as problem:
            if of_database(problem):
                raise
            log.exception("more than %s emails of the sender %s cannot be claimed", len(failed), self.sender["id"])
            for send_id in failed:
                self.put_off.add(send_id, self.real_now)
            failed.clear()
        for send_id, reason in failed.items():
            await self._alone(send_id, partial(self._fail, send_id, reason))
        return sorted(found, key=lambda send: (send.due_at, send.id))

    async def load_by_halves(self, sends: Sequence[Claimed]) -> list[Job]:
        """Load what can be loaded, step by step, and settle the others. Returns the jobs, the earliest first."""
        if not await self._loads():
            await self._settle((send, UNPREPARED) for send in sends)
            return []
        jobs: list[Job] = []
        steps: dict[str, list[Claimed]] = {}
        for send in sends:
            steps.setdefault(send.step_id, []).append(send)
        for mine in steps.values():
            jobs += await self._load_step(mine)
        return sorted(jobs, key=lambda job: (job.send.due_at, job.send.id))

    async def _load_step(self, sends: Sequence[Claimed]) -> list[Job]:
        """Load the emails of one step. Where more fail than are set aside, the step is the cause, and they wait."""
        jobs: list[Job] = []
        failed: list[tuple[Claimed, Receipt]] = []

        async def load(part: Sequence[Claimed]) -> None:
            batch = await Batch.load(self.runtime, self.now, self.sender, part, self.account)
            jobs.extend(Job(send, batch) for send in part)

        async def note(send: Claimed, reason: str) -> None:
            failed.append((send, Receipt(Outcome.FAILED, ROW_FAILED, f"{TOLD} {reason}")))

        try:
            await in_halves(sends, load, note, raises=of_database)
        except Exception as problem:
            if of_database(problem):
                raise
            log.exception("more than %s emails of the step %s cannot be loaded", len(failed), sends[0].step_id)
            loaded = {job.send.id for job in jobs}
            failed = [(send, UNPREPARED) for send in sends if send.id not in loaded]
        await self._settle(failed)
        return jobs

    async def _loads(self) -> bool:
        """Say whether the sender and its workspace can be loaded: then an email is the cause of a failure."""
        try:
            await Batch.load(self.runtime, self.now, self.sender, (), self.account)
        except Exception as problem:
            if of_database(problem):
                raise
            log.exception("the sender %s or its workspace cannot be loaded", self.sender["id"])
            return False
        return True

    async def _settle(self, failed: Iterable[tuple[Claimed, Receipt]]) -> None:
        """Settle emails that cannot be loaded. Where one cannot be written, its lease ends, and it waits."""

        async def write_part(part: Sequence[tuple[Claimed, Receipt]]) -> None:
            self._count(await self._write(part))

        async def alone(one: tuple[Claimed, Receipt], _: str) -> None:
            await self._alone(one[0].id, partial(self._write, [one], alone=True))

        if pairs := list(failed):
            await in_halves(pairs, write_part, alone, most=len(pairs), raises=of_database)

    @retry_on_deadlock
    async def _write(self, pairs: Sequence[tuple[Claimed, Receipt]], *, alone: bool = False) -> list[Outcome]:
        """Write what becomes of claimed emails. Returns the outcomes of those that were still ours."""
        now = self.now
        made = {send.id: settlement(send, receipt, now, random.random()) for send, receipt in pairs}  # noqa: S311 - jitter
        async with transaction():
            ours = await send_ledger.settle([made[send.id].row(send) for send, _ in pairs])
            mine = [pair for pair in pairs if pair[0].id in ours]
            lines = [line for send, _ in mine if (line := made[send.id].line(send, now)) is not None]
            ended = [send.enrollment_id for send, _ in mine if made[send.id].ended]
            if alone:
                await _follow(lines, ended, now)
            else:
                await write([*lines, *(await finished(ended, now) if ended else ())])
        for send, receipt in mine:
            log.error("the email %s: %s %s", send.id, receipt.outcome, receipt.code)
        return [receipt.outcome for _, receipt in mine]

    @retry_on_deadlock
    async def _fail(self, send_id: str, reason: str) -> list[Outcome]:
        """Fail an email that cannot be claimed. Returns its outcome, where it was still to be claimed."""
        receipt = Receipt(Outcome.FAILED, ROW_FAILED, f"{TOLD} {reason}")
        async with transaction():
            detail = public_detail(receipt.detail)
            row = await claims.fail_unclaimed(send_id, self.now, self.attempt, receipt.code, detail)
            if row is None:
                return []
            about = {name: row[name] for name in ("enrollment_id", "step_id", "person_id")}
            told = {"reason": ROW_FAILED}
            line = event(row["workspace_id"], EventKind.EMAIL_FAILED, self.now, data=told, send_id=send_id, **about)
            await _follow([line], [row["enrollment_id"]], self.now)
        log.error("the email %s: %s %s", send_id, receipt.outcome, receipt.code)
        return [receipt.outcome]

    async def _alone(self, send_id: str, write_it: Callable[[], Awaitable[Iterable[Outcome]]]) -> None:
        """Settle one email, and put it off where even that is refused."""
        try:
            self._count(await write_it())
        except Exception as problem:
            if of_database(problem):
                raise
            until = self.put_off.add(send_id, self.real_now)
            log.exception("the email %s cannot be settled; it waits until %s", send_id, until.isoformat())

    def _count(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.settled[outcome] = self.settled.get(outcome, 0) + 1


async def _follow(lines: list[Line], ended: list[str], now: datetime) -> None:
    """Write those consequences of an email that can be written."""
    for follow in (partial(write, lines), partial(finish_done, ended, now)):
        try:
            async with transaction():
                await follow()
        except Exception as problem:
            if of_database(problem):
                raise
            log.exception("a consequence of an email that could not be read was set aside")
