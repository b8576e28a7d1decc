"""The dispatcher claims due emails, gives them to the workers of their accounts, and stops the workers at the end."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from api.channel_processes.limits import ChannelStoppedError
from api.channel_processes.remote_channel import RemoteChannel
from api.models import Workspace
from api.services.common.dispatch_runtime import Counts, DispatchRuntime, TerminalLine
from api.services.common.job_chunks.bisection import is_database_fault
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.dispatch.claim.claiming import claim_and_load
from api.services.dispatch.dispatch_answers import DispatchAnswer
from api.services.dispatch.option_questions import Questions
from api.services.dispatch.recovery.periodic_recovery import RECOVERY_INTERVAL_SECONDS, PeriodicRecovery
from api.services.dispatch.send.account_worker import AccountWorker
from api.services.dispatch.send.preparing_ahead import PreparingAhead
from api.services.dispatch.settle.email_leases import LeaseKeeper
from api.services.dispatch.settle.outcome_log import OutcomeLog
from api.services.dispatch.settle.outcome_writer import OutcomeWriter
from api.services.tasks.task_expiry import expire_all
from api.services.workspaces.accounts import NotInstalled, account_name
from api.store.dispatch import account_pauses, throttles, transmissions
from api.store.dispatch.account_pauses import Pause
from api.store.engine.database import is_postgres
from api.store.engine.sql import Row, document
from api.store.engine.sqlite.write_queue import in_background
from api.store.tasks.tasks import next_expiry
from plugins.contract import Channel, Outcome

__all__ = ["Counts", "DispatchRuntime", "Dispatcher", "TerminalLine", "run_once"]

log = logging.getLogger("touchline.dispatch")

SANDBOX_CHANNEL = "record"
MAX_CLAIM_ON_SQLITE = 500
"""The most emails that one statement claims on SQLite, where users' changes wait for it. The next step claims more."""
STOP_TIMEOUT_SECONDS = 25.0
"""How long ``stop`` waits in total, mainly for emails in transmission."""
MAX_EXPIRY_WAIT_SECONDS = 0.2
"""How long a step waits for the expiry of tasks, if packages have send options."""
STOP_PATIENCE_SECONDS = 2.0
"""How long ``stop`` waits for sessions that do not transmit an email."""


async def run_once(
    runtime: DispatchRuntime, now: datetime, sandbox: Workspace | None = None, backoff: Backoff | None = None
) -> Counts:
    """Do one complete pass at ``now`` (UTC), for one sandbox or for all other workspaces.

    ``backoff`` has the rows on which earlier passes failed. They are skipped until their wait is over.
    """
    dispatcher = Dispatcher(runtime, backoff=backoff)
    with in_background():
        try:
            counts = await dispatcher.step(now, sandbox)
            await dispatcher.drain()
        except BaseException:
            await dispatcher.stop()  # nothing may renew the leases of this pass any more
            raise
    counts.by_outcome = dict(dispatcher.outcomes)
    return counts


class Dispatcher:
    """The dispatch of one process. Each ``step`` claims due emails, and account workers send them concurrently.

    A step never waits for a mail server. Only the workers do, each for its own account. The trade-off is that a step
    returns before its emails are sent. ``drain`` and ``stop`` wait for them.

    - ``workers``: one for each account and configuration. ``_worker`` makes them; they live as long as the dispatcher.
    - ``writer``: workers ask it whether an email may be sent, and report outcomes to it.
    - ``leases``: ``_claim`` adds deliveries; the writer and the workers release them.
    - ``_preparing``: prepares emails that wait for a session of any worker.
    - ``_backoff``: the senders, emails and tasks that failed, with the end of their wait. Steps write and read it.
    - ``_questions``: asks packages' send options about emails whose allowed times are over. ``_claim`` adds deliveries.
    - ``_expiring``: expires tasks of campaigns with send options of packages. ``_expire`` starts it.
    - ``_next_expiry``: when the next task expires. Each recovery looks it up; steps between two recoveries reuse it.
    """

    def __init__(
        self,
        runtime: DispatchRuntime,
        linger: float = 0.0,
        recover_every: float = RECOVERY_INTERVAL_SECONDS,
        backoff: Backoff | None = None,
    ) -> None:
        self.runtime = runtime
        self.workers: dict[tuple[str, str], AccountWorker] = {}
        self.leases = LeaseKeeper(runtime)
        self._log = OutcomeLog(runtime)
        self.outcomes = self._log.outcomes
        self.writer = OutcomeWriter(runtime, self.leases, self._log)
        self._preparing = PreparingAhead()
        self._linger_seconds = linger
        self._backoff = backoff or Backoff()
        self._recovery = PeriodicRecovery(runtime, self._backoff, recover_every)
        self._next_expiry: datetime | None = None
        self._expiring: asyncio.Task[int] | None = None
        self._questions = Questions(runtime, self.leases, self._count)

    # -- one step of the loop

    async def step(self, now: datetime, sandbox: Workspace | None = None) -> Counts:
        """Recover the emails of stopped processes, expire tasks, and claim the emails that are due at ``now`` (UTC)."""
        counts, workspace_id = Counts(), sandbox.id if sandbox else None
        if self._recovery.is_due():
            for worker in self.workers.values():
                worker.cut_off()
            counts.released = await self._recovery.run()
            counts.expired_tasks = await self._expire(now, workspace_id)
            self._next_expiry = await next_expiry(workspace_id, self._backoff.waiting(self.runtime.clock()))
        moments = [self._next_expiry]
        for worker in self.workers.values():
            worker.begin_step()
        pauses = {} if sandbox else await account_pauses.pauses_by_account()
        fault: Exception | None = None
        for sender in await transmissions.senders_with_waiting_emails(
            workspace_id, self._backoff.waiting(self.runtime.clock())
        ):
            try:
                claimed, next_at = await self._claim(sender, now, pauses, sandbox)
            except Exception as problem:  # the failure of one sender must not stop the others
                if is_database_fault(problem):
                    fault = problem
                else:
                    self._postpone_sender(sender)
                continue
            counts.claimed += claimed
            moments.append(next_at)
        if fault is not None:
            raise fault
        counts.next_at = min((moment for moment in moments if moment is not None), default=None)
        return counts

    async def _expire(self, now: datetime, workspace_id: str | None) -> int:
        """Expire tasks. Returns how many.

        An expired task can plan the next steps. If a package has to be asked for that, it can take seconds, so the loop
        continues meanwhile, and a later step gets the number.
        """
        if not self._asks_beside:
            return await expire_all(self.runtime, now, workspace_id, self._backoff)
        if self._expiring is None:
            self._expiring = asyncio.create_task(expire_all(self.runtime, now, workspace_id, self._backoff))
        await asyncio.wait([self._expiring], timeout=MAX_EXPIRY_WAIT_SECONDS)
        if not self._expiring.done():
            return 0
        expiring, self._expiring = self._expiring, None
        return expiring.result()

    @property
    def _asks_beside(self) -> bool:
        """Whether packages are asked beside the loop. A dispatcher that makes single passes waits for them."""
        return bool(self.runtime.installed.send_options.isolated and self._linger_seconds)

    def _count(self, channel: str, settled: Mapping[Outcome, int]) -> None:
        """Count emails that were settled beside the loop, and claim those that are due at once."""
        for outcome, number in settled.items():
            self.runtime.metrics.claimed.inc(number)
            self._log.count(outcome, channel, number)
        self.runtime.wake_own_loop()

    def _postpone_sender(self, sender: Row) -> None:
        self.runtime.metrics.failed_steps.inc()
        until = self._backoff.add(sender["id"], self.runtime.clock())
        log.exception("cannot claim the emails of the sender %s; trying again at %s", sender["id"], until.isoformat())

    async def _claim(
        self, sender: Row, now: datetime, pauses: Mapping[str, Pause], sandbox: Workspace | None
    ) -> tuple[int, datetime | None]:
        """Claim a sender's due emails. Returns the number of emails, and when (UTC) to claim again.

        Returns None as the time if the worker wakes the tick loop for more emails.
        """
        if sender["first_due"] > now:
            return 0, sender["first_due"]
        channel, config = self._channel(sender, sandbox)
        if isinstance(channel, RemoteChannel) and (wait_seconds := await self._learn(channel, config)):
            return 0, now + timedelta(seconds=wait_seconds)
        worker = await self._worker(channel, config, sender["id"])
        pause, unusable_seconds = pauses.get(worker.account), worker.unusable_until - time.monotonic()
        if pause is not None and pause.is_on(max(now, self.runtime.clock())):
            return 0, pause.until
        if unusable_seconds > 0:
            return 0, now + timedelta(seconds=unusable_seconds)
        worker.may_have_failures |= pause is not None
        limit = worker.room() if is_postgres() else min(worker.room(), MAX_CLAIM_ON_SQLITE)
        if limit <= 0:
            worker.wants_more = True
            return 0, None
        if throttles.windows(sender):
            allowed = await throttles.allowance(sender, now)
            if allowed.reached is not None:
                self.runtime.metrics.throttled.inc()
                await throttles.store_reached_limit(sender, allowed.reached)
                return 0, allowed.reached.until
            limit = min(limit, allowed.emails)
        ask_later = self._questions.add if self._asks_beside else None
        deliveries, settled = await claim_and_load(
            self.runtime, now, sender, limit, worker.account, self._backoff, ask_later
        )
        claimed = len(deliveries) + sum(settled.values())
        if deliveries:
            # Renew leases only after the emails are loaded. If loading fails, the leases end by themselves.
            self.leases.hold(deliveries)
            worker.add(deliveries)
        if claimed:
            self.runtime.metrics.claimed.inc(claimed)
        for outcome, number in settled.items():
            self._log.count(outcome, sender["channel"], number)
        return claimed, now

    def _channel(self, sender: Row, sandbox: Workspace | None) -> tuple[Channel, dict[str, Any]]:
        """Return the channel of a sender and its configuration."""
        key = SANDBOX_CHANNEL if sandbox else sender["channel"]
        channel = self.runtime.installed.channels.get(key) or NotInstalled(key)
        return channel, {} if sandbox else document(sender["channel_config"])

    async def _learn(self, channel: RemoteChannel, config: dict[str, Any]) -> float:
        """Ask a package's channel which account a configuration uses. Returns 0, or the seconds until the next try.

        Other senders do not wait for the channel, unless this dispatcher makes a single pass.
        """
        if channel.knows(config):
            return 0.0
        if not self._linger_seconds:
            with suppress(ChannelStoppedError):
                await channel.learn(config)
                return 0.0
        return channel.learn_soon(config, self.runtime.wake_own_loop)

    async def _worker(self, channel: Channel, config: dict[str, Any], sender_id: str) -> AccountWorker:
        """Return the worker of a sender's account and configuration."""
        account = await account_name(channel, config, sender_id)
        found = account, json.dumps(config, sort_keys=True)
        if found not in self.workers:
            self.workers[found] = AccountWorker(
                account, channel, config, self.runtime, self.writer, self.leases, self._preparing, self._linger_seconds
            )
        return self.workers[found]

    # -- the end

    async def drain(self) -> None:
        """Wait until all claimed emails are settled."""
        await self._questions.idle()
        while tasks := self._tasks():
            await asyncio.wait(tasks)
        await self._idle()

    async def stop(self, timeout_seconds: float = STOP_TIMEOUT_SECONDS) -> None:
        """Release emails that are not in transmission, and wait up to ``timeout_seconds`` for those that are.

        A channel that does not stop causes no delay. Its email is released, and the channel may not send it any more.
        """
        waiting = [
            delivery for worker in self.workers.values() for delivery in worker.close()
        ] + self._questions.close()
        for worker in self.workers.values():
            worker.stop()
        stops = DispatchAnswer.PROCESS_STOPS
        if self._expiring is not None:
            self._expiring.cancel()
        try:
            async with asyncio.timeout(timeout_seconds):
                settling = [self.writer.settle(delivery, stops) for delivery in waiting]
                if tasks := self._tasks():
                    await asyncio.wait(tasks, timeout=STOP_PATIENCE_SECONDS)
                unasked = [delivery for worker in self.workers.values() for delivery in worker.unasked_deliveries()]
                settling += [self.writer.settle(delivery, stops) for delivery in unasked]
                while requesting := self._tasks(asked_only=True):
                    await asyncio.wait(requesting, timeout=STOP_PATIENCE_SECONDS)
                if tasks := self._tasks():
                    await asyncio.wait(tasks, timeout=STOP_PATIENCE_SECONDS)  # the tasks close their sessions
                orphans = [delivery for worker in self.workers.values() for delivery in worker.orphans]
                settling += [self.writer.settle(delivery, stops) for delivery in orphans]
                await asyncio.gather(*settling, return_exceptions=True)
                await self._idle()
        except TimeoutError:
            log.warning("stopped while emails were in transmission; these emails become IN_DOUBT")
        for task in self._tasks():
            task.cancel()

    def _tasks(self, *, asked_only: bool = False) -> list[asyncio.Task[None]]:
        """Return the tasks of all sessions, or only of those whose channel has asked to transmit."""
        return [task for worker in self.workers.values() for task in worker.tasks(asked_only=asked_only)]

    async def _idle(self) -> None:
        """Wait until all outcomes are written, and stop renewing leases."""
        await self.writer.idle()
        await self.leases.stop()
