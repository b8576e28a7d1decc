"""The tick loop: it sleeps until something is due or it is woken, and then runs one step of the dispatcher.

Background jobs and the mailboxes run beside it, in tasks of their own.
"""

import asyncio
import logging
import math
import time
from contextlib import suppress
from datetime import timedelta

from api.background_jobs import JOB_KINDS
from api.clock import Clock
from api.services.dispatch.dispatcher import STOP_TIMEOUT_SECONDS, Dispatcher, DispatchRuntime
from api.services.jobs.concurrent_jobs import ConcurrentJobs
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.mailboxes.watcher import MailboxWatcher
from api.services.replies.incoming import has_unprocessed
from api.store.engine.database_clock import sync_clock
from api.store.engine.faults.availability import log_database_outage
from api.store.engine.faults.corruption import is_corrupt
from api.store.engine.notifications import Notifier, listen
from api.store.engine.sqlite.write_queue import in_background
from api.store.engine.transactions import after_transaction

log = logging.getLogger("touchline.tick")

LINGER_SECONDS = 5.0
"""How long an open connection to a mail server waits for the next email."""
MIN_SLEEP_SECONDS = 0.02
"""Shortest sleep between two steps."""
FIRST_RETRY_SECONDS = 1.0
"""Delay of the step after a failed one. It doubles after each further failure, up to MAX_RETRY_SECONDS."""
MAX_RETRY_SECONDS = 5.0
MAX_CORRUPT_STEPS = 3
"""Most steps in a row with a damaged database. Then the loop ends, because an operator must restore a backup."""
STEP_STOP_SECONDS = 2.0
"""How long a step, and then each background task, may take to end when the process stops."""
ALIVE_SECONDS = 30.0
"""How long the loop may take for a step before /ready reports it as broken."""
ANSWERS_SECONDS = 60.0
"""How long a process that starts waits at most for the answers that came before. Then it sends."""
ANSWERS_LOOK_SECONDS = 0.2
"""Time between two looks whether they are applied."""
READ_BEFORE = timedelta(minutes=2)
"""A mailbox that was read so shortly before the start has nothing to wait for: a watched one is read every minute."""
CORRUPT = "the database is damaged, or its file is missing. Restore a backup, as docs/operations.md shows"


class DatabaseCorruptError(ConnectionError):
    """The loop has ended because the database is damaged."""


class Ticker:
    """Runs dispatch steps and background jobs until it is stopped.

    ``poll`` is the longest sleep in seconds. It limits the delay of an email that another machine schedules.
    """

    def __init__(self, runtime: DispatchRuntime, clock: Clock, poll: float) -> None:
        self.runtime = runtime
        self.clock = clock
        self.poll = poll
        self._awake = asyncio.Event()
        self._jobs_awake = asyncio.Event()
        self._calls_awake = asyncio.Event()
        self._notifier = Notifier()
        self._stopping = asyncio.Event()
        job_runtime = JobRuntime(
            runtime.context, clock, runtime.return_addresses, runtime.unsubscribe_addresses, runtime.metrics
        )
        self._jobs, self._calling_jobs = (
            JobRunner(
                [kind for kind in JOB_KINDS if kind.calls_others is calls],
                job_runtime,
                runtime.metrics,
                self._stopping.is_set,
            )
            for calls in (False, True)
        )
        """The jobs of this server alone, and those that call servers of others."""
        self._works = ConcurrentJobs(self._jobs, self._jobs_awake.set, at_once=1, slow_seconds=math.inf)
        """One at a time, and others while it waits for a send option."""
        self._calls = ConcurrentJobs(self._calling_jobs, self._calls_awake.set)
        self._mailboxes = MailboxWatcher(runtime, clock)
        self._last_step_at = time.monotonic()
        self._failures = 0
        """Failed steps in a row. Only ``_step`` writes it."""
        self._corrupt = 0
        """Steps in a row, up to the last one, that found the database damaged. Only ``_step`` writes it."""

    def wake(self) -> None:
        """Run the next step at once, here and in other processes, because something may be due earlier than before.

        Inside a transaction this waits for its end: an earlier step would not see the change.
        """
        after_transaction(self._wake_everywhere)

    def wake_here(self) -> None:
        """Run the next step of this process at once."""
        self._awake.set()
        self._jobs_awake.set()
        self._calls_awake.set()

    def _wake_everywhere(self) -> None:
        self.wake_here()
        self._notifier.announce()

    def stop(self) -> None:
        """Claim no more emails, finish the transmissions that have started, then end."""
        self._stopping.set()
        self.wake_here()

    @property
    def alive(self) -> bool:
        """Whether the loop has completed a step recently."""
        return time.monotonic() - self._last_step_at < max(ALIVE_SECONDS, 3 * self.poll)

    async def until_idle(self) -> None:
        """Read the mailboxes, and do everything that is due now, including background jobs.

        Emails that are due go out before a job calls servers of others, which may not answer.
        """
        await self._mailboxes.check_once()
        while await self._jobs.run_next():  # an edit, or a new tz database, may move emails that are due now
            pass
        dispatcher = Dispatcher(self.runtime, recover_every=0.0)
        try:
            while True:
                done = await dispatcher.step(self.clock())
                await dispatcher.drain()
                if done.idle and not await self._jobs.run_next() and not await self._calling_jobs.run_next():
                    return
        finally:
            await self._jobs.close()
            await self._calling_jobs.close()
            await dispatcher.stop()

    async def run(self) -> None:
        """Run until ``stop``. A failed step is logged and tried again.

        Raises DatabaseCorruptError if the database is damaged, because further writes could damage it more.
        """
        dispatcher = Dispatcher(self.runtime, LINGER_SECONDS)
        with in_background():
            steps, stop = asyncio.create_task(self._steps(dispatcher)), asyncio.create_task(self._stopping.wait())
            jobs = asyncio.create_task(self._run_jobs(self._works, self._jobs_awake))
            calls = asyncio.create_task(self._run_jobs(self._calls, self._calls_awake))
            beside = [
                stop,
                jobs,
                calls,
                asyncio.create_task(listen(self.wake_here)),
                asyncio.create_task(self._mailboxes.run()),
            ]
        try:
            await asyncio.wait([steps, stop], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([steps, jobs, calls], timeout=STEP_STOP_SECONDS)
        finally:
            # A job commits chunk by chunk, so the next process can continue it.
            for task in (steps, *beside):
                task.cancel()
            # Limit this wait too: a frozen database does not react to a cancelled statement.
            await asyncio.wait([steps, *beside], timeout=STEP_STOP_SECONDS)
            # A damaged database will not accept the outcomes later either, so do not wait long for it.
            await dispatcher.stop(STEP_STOP_SECONDS if self._corrupt else STOP_TIMEOUT_SECONDS)
        if steps.done() and not steps.cancelled():
            steps.result()

    async def _await_answers(self) -> None:
        """Wait until the answers are applied that came while no process ran, so that no email overtakes a reply."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWERS_SECONDS):
                await sync_clock(self.clock)
                since = self.clock() - READ_BEFORE
                while not self._stopping.is_set():
                    if not (await self._mailboxes.has_unread(since) or await has_unprocessed(self.clock())):
                        return
                    self._last_step_at = time.monotonic()
                    await _sleep(self._stopping, ANSWERS_LOOK_SECONDS)

    async def _steps(self, dispatcher: Dispatcher) -> None:
        try:
            await self._await_answers()
        except Exception as problem:  # the first step reports the same
            if not log_database_outage(problem):
                log.exception("cannot look for replies and bounces that are not applied yet")
        while not self._stopping.is_set():
            self._awake.clear()
            await _sleep(self._awake, await self._step(dispatcher))
            if self._corrupt >= MAX_CORRUPT_STEPS:
                raise DatabaseCorruptError(CORRUPT)

    async def _step(self, dispatcher: Dispatcher) -> float:
        """Do one step. Returns the seconds until the next one."""
        try:
            await sync_clock(self.clock)
            done = await dispatcher.step(self.clock())
            self._last_step_at = time.monotonic()
        except Exception as problem:
            self.runtime.metrics.failed_steps.inc()
            self._corrupt = self._corrupt + 1 if is_corrupt(problem) else 0
            wait = min(self.poll, FIRST_RETRY_SECONDS * 2.0 ** min(self._failures, 10), MAX_RETRY_SECONDS)
            self._failures += 1
            if not log_database_outage(problem):
                log.exception("a step of the tick loop failed; the next one starts in %s s", wait)
            return wait
        self._failures = self._corrupt = 0
        if not done.idle:
            return 0.0
        if done.next_at is None:
            return self.poll
        return min(self.poll, max(MIN_SLEEP_SECONDS, (done.next_at - self.clock()).total_seconds()))

    async def _run_jobs(self, jobs: ConcurrentJobs, awake: asyncio.Event) -> None:
        """Carry out background jobs in tasks of their own, so that they delay no email."""
        try:
            # Check the flag, because on Python 3.11 a wait that ends at the moment of a cancellation swallows it.
            while not self._stopping.is_set():
                awake.clear()
                try:
                    await sync_clock(self.clock)  # before a lease is compared with the clock
                    await jobs.start_waiting()
                except Exception as problem:
                    if not log_database_outage(problem):
                        log.exception("cannot start background jobs")
                await _sleep(awake, self.poll)
            await jobs.drain()
        finally:
            await jobs.close()


async def _sleep(until: asyncio.Event, seconds: float) -> None:
    if not seconds:
        await asyncio.sleep(0)
        return
    with suppress(TimeoutError):
        await asyncio.wait_for(until.wait(), seconds)
