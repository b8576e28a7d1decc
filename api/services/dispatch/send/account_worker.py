"""The account worker holds the claimed emails of one account, and runs the account's sessions concurrently."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from api.mail.text_checks import storable_text
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.dispatch.claim.delivery import HAS_REQUESTED, Delivery, Stage
from api.services.dispatch.dispatch_answers import Answer, DispatchAnswer
from api.services.dispatch.public_detail import public_detail
from api.services.dispatch.retry_policy import requested_wait
from api.services.dispatch.send.attempt import channel_failure
from api.services.dispatch.send.claim_ahead import MAX_EMAILS_AHEAD, ClaimAhead
from api.services.dispatch.send.delivery_queue import DeliveryQueue
from api.services.dispatch.send.preparing_ahead import PreparingAhead
from api.services.dispatch.send.session_runner import SessionRunner
from api.services.dispatch.settle.email_leases import LeaseKeeper
from api.services.dispatch.settle.outcome_writer import OutcomeWriter
from api.services.workspaces import account_pausing, accounts
from api.store.dispatch import claims
from api.store.dispatch.transmissions import MAX_CODE_CHARACTERS
from api.store.engine.faults.availability import log_database_outage
from plugins.contract import Channel

log = logging.getLogger("touchline.dispatch")

UNUSABLE_HERE_SECONDS = 60.0
"""How long a process does not use an account that it cannot use itself. Other processes may use it."""


class AccountWorker:
    """Sends the emails of one account, on as many concurrent sessions as the account allows.

    One worker for each account isolates failures: a server that is down or slow does not delay other accounts. The
    trade-off is a queue in memory for each account. It holds the emails of about one second, so that little
    has to be recovered after a crash.

    - ``queue``: the dispatcher adds deliveries with ``add``. Sessions take them.
    - ``sessions``: the running tasks and their runners. ``_start_sessions`` adds them. ``_ended`` and ``cut_off``
      remove them. The dispatcher waits for them.
    - ``max_sessions``: how many sessions may be open. The channel says so when no session runs. A session lowers it
      when the server refuses further connections.
    - ``open_sessions``, ``doubts_in_a_row``, ``ahead``: sessions write them.
    - ``may_have_failures``: whether the database may have failures of this account, which a success has to delete. The
      dispatcher and ``pause`` set it. A session clears it after a success.
    - ``unusable_until``: until when (monotonic clock, seconds) this process does not use the account. A session
      writes it. The dispatcher reads it.
    - ``wants_more``: whether the dispatcher found no room. The worker wakes it when the queue is low.
    - ``orphans``: unsent deliveries of sessions that ``stop`` has stopped. The dispatcher releases them.
    """

    def __init__(
        self,
        account: str,
        channel: Channel,
        config: Mapping[str, Any],
        runtime: DispatchRuntime,
        writer: OutcomeWriter,
        leases: LeaseKeeper,
        preparing: PreparingAhead,
        linger_seconds: float = 0.0,
    ) -> None:
        self.account = account
        self.channel = channel
        self.config = config
        self.writer = writer
        self.queue = DeliveryQueue(linger_seconds)
        self.ahead = ClaimAhead()
        self.sessions: dict[asyncio.Task[None], SessionRunner] = {}
        self.max_sessions = accounts.max_sessions(channel, config)
        self._batch_size = channel.batch_size
        self.open_sessions = 0
        self.doubts_in_a_row = 0
        self.may_have_failures = True
        self.unusable_until = float("-inf")
        self.wants_more = False
        self.orphans: list[Delivery] = []
        self._runtime = runtime
        self._leases = leases
        self._preparing = preparing
        self._stopping = False
        self._may_claim = True

    # -- for the dispatcher

    def begin_step(self) -> None:
        """Decide whether this step of the dispatcher claims for this account: only if half of the queue is empty.

        Claims of a few emails, right after each other, would cost much more for each email than large ones.
        """
        self._may_claim = self._is_queue_low()

    def room(self) -> int:
        """Return how many more emails to claim for this account now."""
        held = len(self.queue) + sum(len(runner.deliveries) for runner in self.sessions.values())
        # Sessions may have emptied the queue since the step began. Then none of them would wake the dispatcher.
        return self._ahead() + self._at_once() - held if self._may_claim or self._is_queue_low() else 0

    def _is_queue_low(self) -> bool:
        return len(self.queue) <= self._ahead() // 2

    def _ahead(self) -> int:
        """Return the largest number of emails in the queue."""
        return self.ahead.emails(self._at_once())

    def _at_once(self) -> int:
        """Return how many emails the sessions send at once."""
        return min(self.max_sessions * self._batch_size, MAX_EMAILS_AHEAD)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Add deliveries to the queue, and start as many sessions for them as the account allows."""
        self.queue.add(deliveries)
        self._start_sessions()
        self._preparing.wake(self.queue)

    def cut_off(self) -> None:
        """Cancel sessions whose channel takes too long for one email. Replace those that ignore the cancellation."""
        for task, runner in list(self.sessions.items()):
            deliveries = runner.cut_off(task)
            if not deliveries:
                continue
            del self.sessions[task]
            for delivery in deliveries:
                log.error(
                    "the channel %s ignores the cancellation of the email %s; writing its outcome anyway",
                    self.channel.key,
                    delivery.send.id,
                )
                answer = channel_failure(delivery)
                if delivery.stage is not Stage.TRANSMITTING:
                    delivery.stage = Stage.REFUSED
                self.writer.settle(delivery, answer)
            self._start_sessions()

    def close(self) -> list[Delivery]:
        """Close the queue, so that sessions end after their email. Returns the deliveries that were waiting."""
        return self.queue.close()

    def stop(self) -> None:
        """Stop all sessions that do not transmit an email."""
        self._stopping = True
        for task, runner in list(self.sessions.items()):
            if not any(delivery.stage is Stage.TRANSMITTING for delivery in runner.deliveries):
                task.cancel()

    def unasked_deliveries(self) -> list[Delivery]:
        """Return the deliveries of running sessions whose channel has not asked to transmit."""
        deliveries = [delivery for runner in self.sessions.values() for delivery in runner.deliveries]
        return [delivery for delivery in deliveries if delivery.stage not in HAS_REQUESTED]

    def tasks(self, *, asked_only: bool = False) -> list[asyncio.Task[None]]:
        """Return the tasks of sessions, or only of those whose channel has asked to transmit."""
        return [
            task
            for task, runner in self.sessions.items()
            if not asked_only or any(delivery.stage in HAS_REQUESTED for delivery in runner.deliveries)
        ]

    # -- for the sessions

    def session_opened(self) -> None:
        """Count an open session. The account accepts the login, so that others may follow."""
        self.open_sessions += 1
        if self.may_have_failures:
            self._start_sessions()

    def is_stopping(self) -> bool:
        """Say whether sessions are being stopped."""
        return self._stopping

    async def next_deliveries(self) -> list[Delivery]:
        """Take as many deliveries as fit into one request, or wait for one. Wake the dispatcher to refill the queue."""
        if self.wants_more and self._is_queue_low():
            self.wants_more = False
            self._runtime.wake_own_loop()
        first = await self.queue.next()
        if first is None:
            return []
        deliveries = [first] if self._batch_size == 1 else [first, *self.queue.take(self._batch_size - 1)]
        self._preparing.wake(self.queue)
        return deliveries

    async def works(self) -> None:
        """Delete the account's failures after a success."""
        self.may_have_failures = False
        with suppress(Exception):
            await account_pausing.account_works(self._runtime.installed, self.account, self._runtime.clock())

    def requested_seconds(self, answer: Answer) -> float:
        """Return how long the server wants the account to wait; 0 if it requests no wait."""
        requested = self._requested(answer, self._runtime.clock())
        return 0.0 if requested is None else requested.total_seconds()

    @staticmethod
    def _requested(answer: Answer, now: datetime) -> timedelta | None:
        return None if isinstance(answer, DispatchAnswer) else requested_wait(answer.retry_after, now)

    async def pause(self, answer: Answer) -> None:
        """Pause the account in all processes, and release its emails."""
        deliveries = self.queue.take_all()
        self.may_have_failures = True
        try:
            with suppress(Exception):
                code, detail = storable_text(answer.code, MAX_CODE_CHARACTERS), public_detail(answer.detail)
                now = self._runtime.clock()
                requested = self._requested(answer, now)
                until = await account_pausing.pause_account(
                    self._runtime.installed, self.account, now, code, detail, requested
                )
                if until is not None:
                    log.warning("the account %s is paused until %s: %s", self.account, until.isoformat(), answer.code)
        except asyncio.CancelledError:
            if self._stopping:
                self.orphans += deliveries
                raise
        await asyncio.gather(*(self.writer.settle(delivery, answer) for delivery in deliveries))

    async def leave_to_others(self, answer: Answer) -> None:
        """Release the account's emails for other processes, because only this process cannot use the account."""
        self.unusable_until = time.monotonic() + UNUSABLE_HERE_SECONDS
        log.error(
            "this process cannot use the account %s and tries again in %s s: %s",
            self.account,
            UNUSABLE_HERE_SECONDS,
            answer.code,
        )
        await asyncio.gather(*(self.writer.settle(delivery, answer) for delivery in self.queue.take_all()))

    async def drop_lost_deliveries(self) -> None:
        """Drop waiting deliveries that another process owns. Call it after an attempt has lost one email."""
        waiting = self.queue.deliveries()
        if not waiting:
            return
        try:
            owned = await claims.still_claimed([delivery.send for delivery in waiting])
        except Exception as problem:  # the ledger still refuses each lost email when its channel asks
            if not log_database_outage(problem):
                log.exception("cannot read which claimed emails this process still owns")
            return
        self._leases.release(self.queue.remove(delivery for delivery in waiting if delivery.send.id not in owned))

    # -- tasks

    def _start_sessions(self) -> None:
        """Start sessions for the waiting deliveries, as many as the account allows."""
        running = sum(not task.done() for task in self.sessions)
        if not running:
            self.max_sessions = accounts.max_sessions(self.channel, self.config)  # the server may accept more again
        deliveries = len(self.queue)
        # Mail servers lock an account after several rejected logins. So one session shows first that the login works.
        most = self.max_sessions if self.open_sessions or not self.may_have_failures else 1
        for _ in range(min(deliveries - self.queue.wake(deliveries), most - running)):
            runner = SessionRunner(self, self.writer.session_number(self._batch_size))
            task = asyncio.create_task(runner.run())
            self.sessions[task] = runner
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Settle the email of a session that was stopped or failed while it had the email."""
        runner = self.sessions.pop(task, None)
        deliveries = runner.deliveries if runner is not None else []
        if task.cancelled() and self._stopping:
            self.orphans += [delivery for delivery in deliveries if delivery.stage is not Stage.TRANSMITTING]
            return
        fault = None if task.cancelled() else task.exception()
        if fault is None and not task.cancelled():
            return
        what = "failed" if fault else "was cancelled by the channel"
        log.error("a session of the channel %s %s", self.channel.key, what, exc_info=fault)
        for delivery in deliveries:
            self.writer.settle(delivery, channel_failure(delivery))
        self._start_sessions()
