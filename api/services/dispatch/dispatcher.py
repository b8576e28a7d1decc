"""Dispatch: claim what is due, hand it to the lanes of its accounts, and commit what becomes of it.

Nothing here waits for a mail server: lanes do, each for its own.
"""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from api.mail.clean import storable
from api.models import Workspace
from api.services.common.runtime import Counts, DispatchRuntime, TerminalLine
from api.services.dispatch.claim.claiming import take
from api.services.dispatch.public_detail import public_detail
from api.services.dispatch.recovery.expired_leases import free_expired
from api.services.dispatch.send.account_worker import Lane
from api.services.dispatch.send.attempt import Job
from api.services.dispatch.send_outcome import LOST, STOPPED
from api.services.dispatch.settle.outcome_writer import Desk, Settled
from api.services.jobs.back_off import PutOff
from api.services.jobs.halving import of_database, passing
from api.services.tasks.task_expiry import expire_all
from api.services.workspaces.accounts import NotInstalled, account_name
from api.store import account_pauses, send_ledger, throttles
from api.store.engine.availability import log_database_outage
from api.store.engine.corruption import is_corrupt
from api.store.engine.sql import document
from api.store.send_ledger import MAX_CODE_CHARACTERS
from api.store.tasks import next_expiry
from plugins.contract import Outcome, Receipt

__all__ = ["Counts", "DispatchRuntime", "Dispatcher", "TerminalLine", "run_once"]

log = logging.getLogger("touchline.dispatch")

RECOVER_EVERY = 0.5
"""Seconds between two looks at leases that have run out."""
RECOVER_LATER = 30.0
"""Seconds until the next look after one that failed."""
QUIET = (Outcome.SENT, Outcome.WITHDRAWN)
"""Outcomes that nobody needs to read of each email."""
SANDBOX_CHANNEL = "record"
GRACE = 25.0
"""Seconds that emails in transmission get when the process is asked to stop."""
PATIENCE = 2.0
"""Seconds that everything else gets then."""


async def run_once(
    runtime: DispatchRuntime, now: datetime, sandbox: Workspace | None = None, put_off: PutOff | None = None
) -> Counts:
    """Do one pass at ``now`` (UTC) to its end: for all real workspaces, or for one sandbox.

    ``put_off`` is what earlier passes have failed on.
    """
    dispatcher = Dispatcher(runtime, put_off=put_off)
    try:
        counts = await dispatcher.step(now, sandbox)
        await dispatcher.drain()
    except BaseException:
        await dispatcher.stop()  # nobody renews what this pass leaves behind
        raise
    counts.by_outcome = dict(dispatcher.outcomes)
    return counts


class Dispatcher:
    """The dispatch of one process. ``linger`` is how long, in seconds, an open session waits for the next email."""

    def __init__(
        self,
        runtime: DispatchRuntime,
        linger: float = 0.0,
        recover_every: float = RECOVER_EVERY,
        put_off: PutOff | None = None,
    ) -> None:
        self.runtime = runtime
        self.recover_every = recover_every
        self.linger = linger
        self.lanes: dict[tuple[str, str], Lane] = {}
        self.outcomes: Counter[str] = Counter()
        self._leases: Counter[str] = Counter()
        self.desk = Desk(runtime, self._settled)
        self._heart: asyncio.Task[None] | None = None
        self._tidied = time.monotonic()
        self._recovered = float("-inf")
        self._next_expiry: datetime | None = None
        self._put_off = put_off or PutOff()

    # -- one step of the loop

    async def step(self, now: datetime, sandbox: Workspace | None = None) -> Counts:
        """Recover what was left behind and claim what is due at ``now``. The lanes deliver it meanwhile."""
        counts = Counts()
        workspace_id = sandbox.id if sandbox else None
        # A busy loop steps many times a second: what others left behind may wait for a moment.
        if time.monotonic() - self._recovered >= self.recover_every:
            for each in self.lanes.values():
                each.cut_off()
            self._recovered = time.monotonic()
            try:
                counts.released = await self._recover()
            except Exception as problem:
                if passing(problem) or is_corrupt(problem):
                    raise
                # What cannot be freed stays behind, and stops nobody's emails.
                log.exception("what a process left behind could not be freed; tried again in %.0f s", RECOVER_LATER)
                self._recovered += RECOVER_LATER
            counts.expired_tasks = await expire_all(self.runtime, now, workspace_id, self._put_off)
            self._next_expiry = await next_expiry(workspace_id, self._put_off.waiting(self.runtime.clock()))
        moments = [self._next_expiry]
        waits = {} if sandbox else await account_pauses.pauses()
        trouble: Exception | None = None
        put_off = self._put_off.waiting(self.runtime.clock())
        for row in await send_ledger.first_due(workspace_id, put_off):
            try:
                claimed, next_at = await self._claim(row, now, waits, sandbox)
            except Exception as problem:  # one sender's trouble stops no other's emails
                if of_database(problem):
                    trouble = problem
                    continue
                self.runtime.metrics.failed_steps.inc()
                until = self._put_off.add(row["id"], self.runtime.clock())
                log.exception("the sender %s cannot be served; it waits until %s", row["id"], until.isoformat())
                continue
            counts.claimed += claimed
            moments.append(next_at)
        if trouble is not None:
            raise trouble
        counts.next_at = min((moment for moment in moments if moment is not None), default=None)
        return counts

    async def _claim(
        self, sender: Mapping[str, Any], now: datetime, waits: Mapping[str, datetime], sandbox: Workspace | None
    ) -> tuple[int, datetime | None]:
        """Claim a sender's due emails. Returns how many, and when there may be more (None: the lane will ask)."""
        if sender["first_due"] > now:
            return 0, sender["first_due"]
        lane = self._lane(sender, sandbox)
        until, here = waits.get(lane.account), lane.waits - time.monotonic()
        if until is not None and account_pauses.still_waits(until, max(now, self.runtime.clock())):
            return 0, until
        if here > 0:
            return 0, now + timedelta(seconds=here)
        lane.doubted |= until is not None
        limit = lane.ahead - lane.outstanding
        if limit <= 0:
            lane.hungry = True
            return 0, None
        if throttles.windows(sender):
            allowed = await throttles.allowance(sender, now)
            if not allowed.emails:
                self.runtime.metrics.throttled.inc()
                return 0, allowed.opens_at
            limit = min(limit, allowed.emails)
        jobs, settled = await take(self.runtime, now, sender, limit, lane.account, self._put_off)
        taken = len(jobs) + sum(settled.values())
        if jobs:
            # Not renewed before: what a broken connection keeps us from loading is free when its lease ends.
            self._leases[jobs[0].send.attempt_id] += len(jobs)
            self._beat()
            lane.add(jobs)
        if taken:
            self.runtime.metrics.claimed.inc(taken)
        for outcome, number in settled.items():
            self.outcomes[outcome] += number
            self.runtime.metrics.outcomes(outcome, sender["channel"]).inc(number)
        return taken, now

    def _lane(self, sender: Mapping[str, Any], sandbox: Workspace | None) -> Lane:
        """Return the lane of a sender's account and configuration, made when it is first needed."""
        key = SANDBOX_CHANNEL if sandbox else sender["channel"]
        channel = self.runtime.installed.channels.get(key) or NotInstalled(key)
        config = {} if sandbox else document(sender["channel_config"])
        account = account_name(channel, config, sender["id"])
        lane = account, json.dumps(config, sort_keys=True)
        if lane not in self.lanes:
            self.lanes[lane] = Lane(account, channel, config, self, self.linger)
        return self.lanes[lane]

    async def _recover(self) -> int:
        """Free the claims of a process that stopped, and put in doubt what it had begun to transmit."""
        real_now = self.runtime.clock()
        lost, others = await free_expired(real_now, self._put_off)
        in_doubt = [(row["id"], row["channel"]) for row in lost]
        for send_id, channel in in_doubt:
            self.runtime.metrics.outcomes(Outcome.IN_DOUBT, channel).inc()
            log.info("the email %s: IN_DOUBT %s", send_id, LOST.code, extra={"send": send_id, "code": LOST.code})
        if time.monotonic() - self._tidied > 3600:
            self._tidied = time.monotonic()
            await throttles.forget(real_now)
            for workspace in await Workspace.filter(sandbox=True):
                await throttles.forget(workspace.virtual_now or real_now, workspace.id)
        return others + len(lost)

    # -- the office of the lanes

    def begin(self, job: Job) -> Awaitable[bool]:
        """Commit that an email is about to leave, and mark it so; False when it may not."""
        return self.desk.begin(job)

    def settle(self, job: Job, receipt: Receipt) -> Awaitable[bool]:
        """Record what became of an email."""
        return self.desk.settle(job, receipt)

    def _settled(self, settled: Sequence[Settled], real_now: datetime) -> None:
        """Count and log what became of emails: identifiers only."""
        self.forget([job for job, _, _ in settled])
        counted = Counter((outcome, job.batch.sender["channel"]) for job, outcome, _ in settled)
        for (outcome, channel), number in counted.items():
            self.outcomes[outcome] += number
            self.runtime.metrics.outcomes(outcome, channel).inc(number)
        for job, outcome, code in settled:
            if outcome == Outcome.SENT and not job.send.sandbox:
                self.runtime.metrics.latency.observe(max(0.0, (real_now - job.send.due_at).total_seconds()))
            level = logging.DEBUG if outcome in QUIET else logging.INFO
            if log.isEnabledFor(level):
                about = {
                    "send": job.send.id,
                    "attempt": job.send.attempt_id,
                    "workspace": job.send.workspace_id,
                    "enrollment": job.send.enrollment_id,
                    "outcome": str(outcome),
                    "code": code,
                }
                log.log(level, "the email %s: %s %s", job.send.id, outcome, code, extra=about)

    async def pause(self, lane: Lane, trouble: Receipt) -> None:
        """Let an account wait, in every process."""
        with suppress(Exception):
            code, detail = storable(trouble.code, MAX_CODE_CHARACTERS), public_detail(trouble.detail)
            until = await account_pauses.pause(lane.account, self.runtime.clock(), code, detail)
            if until is not None:
                log.warning("the account %s waits until %s: %s", lane.account, until.isoformat(), trouble.code)

    async def works(self, lane: Lane) -> None:
        """Forget an account's failures."""
        with suppress(Exception):
            await account_pauses.forgive(lane.account)

    async def ours(self, jobs: Sequence[Job]) -> set[str]:
        """Return the ids of those emails that are still claimed for their attempts."""
        try:
            return await send_ledger.still_claimed([job.send for job in jobs])
        except Exception as problem:  # then each finds out as it is about to leave
            if not log_database_outage(problem):
                log.exception("what is still claimed could not be read")
            return {job.send.id for job in jobs}

    def forget(self, jobs: Sequence[Job]) -> None:
        """Renew the leases of these no longer. An email may be settled twice: by us, and by a channel that was late."""
        live = [job for job in jobs if job.leased]
        self._leases.subtract(job.send.attempt_id for job in live)
        for job in live:
            job.leased = False

    def wake(self) -> None:
        """Ask for another step."""
        self.runtime.wake()

    # -- leases, and the end

    def _beat(self) -> None:
        """Renew the leases of what is under way, for as long as anything is."""
        if self._heart is None or self._heart.done():
            self._heart = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while live := [attempt for attempt, count in self._leases.items() if count > 0]:
            await asyncio.sleep(self.runtime.lease.total_seconds() / 3)
            self._leases = Counter({attempt: count for attempt, count in self._leases.items() if count > 0})
            try:
                await send_ledger.renew(live, self.runtime.clock() + self.runtime.lease)
            except Exception as problem:
                if not log_database_outage(problem):
                    log.exception("leases could not be renewed")

    async def drain(self) -> None:
        """Wait until the lanes are empty."""
        while workers := self._workers():
            await asyncio.wait(workers)
        await self._idle()

    async def stop(self, grace: float = GRACE) -> None:
        """Give back what has not begun to leave, and let what has begun come to its end, within ``grace`` seconds.

        A channel that does not heed that it is stopped delays nobody: its email is given back, and cannot leave then.
        """
        waiting = [job for lane in self.lanes.values() for job in lane.close()]
        for lane in self.lanes.values():
            lane.stop()
        try:
            async with asyncio.timeout(grace):
                given = [self.settle(job, STOPPED) for job in waiting]
                if workers := self._workers():
                    await asyncio.wait(workers, timeout=PATIENCE)
                given += [self.settle(job, STOPPED) for lane in self.lanes.values() for job in lane.give_up()]
                while leaving := self._workers(leaving=True):
                    await asyncio.wait(leaving, timeout=PATIENCE)
                if workers := self._workers():
                    await asyncio.wait(workers, timeout=PATIENCE)  # they close their sessions
                given += [self.settle(job, STOPPED) for lane in self.lanes.values() for job in lane.orphans]
                await asyncio.gather(*given, return_exceptions=True)
                await self._idle()
        except TimeoutError:
            log.warning("stopped while emails were still being handed over; they will be in doubt")
        for task in self._workers():
            task.cancel()

    def _workers(self, *, leaving: bool = False) -> list[asyncio.Task[None]]:
        """Return the workers of all lanes, or those with an email that is about to leave."""
        everyone = (each for lane in self.lanes.values() for each in lane.workers.items())
        return [task for task, job in everyone if not leaving or (job is not None and job.asked)]

    async def _idle(self) -> None:
        """Wait until everything is written, and renew no lease any more."""
        await self.desk.idle()
        if self._heart is not None:
            self._heart.cancel()
            await asyncio.gather(self._heart, return_exceptions=True)
