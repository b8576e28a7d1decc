"""One lane for each account: what waits for it, and the sessions that take it away, side by side."""

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from api.services.dispatch.send.attempt import Job, attempt, broken, not_cancelled, stopped, unavailable
from api.services.dispatch.send.outcome_sink import Office
from api.services.dispatch.send_outcome import ACCOUNT_BROKE, BROKE, DOUBTS_IN_A_ROW
from api.services.workspaces.accounts import sessions
from plugins.contract import AccountUnavailableError, Channel, Outcome, Receipt, Session

log = logging.getLogger("touchline.dispatch")

AHEAD = 2_000
"""How many emails one process claims ahead for one account at most; it aims at the work of a second."""
AT_LEAST = 50
DOUBTS = 10
"""How many emails in a row may end in doubt before the account waits."""
HERE = 60.0
"""Seconds for which a process leaves an account to others that it cannot use itself."""
LONGEST = 900.0
"""Seconds that a channel may take to open or close a session, or for one email; then it is cut off."""
DEAF = 60.0
"""Seconds that it then gets to end, before its email is settled without it."""
MEASURED = 0.25
"""Seconds over which an account's pace is measured."""


class Lane:
    """One account. Its trouble stays its own: no other lane waits for it."""

    def __init__(
        self, account: str, channel: Channel, config: Mapping[str, Any], office: Office, linger: float = 0.0
    ) -> None:
        self.account = account
        self.channel = channel
        self.config = config
        self.office = office
        self.linger = linger
        """Seconds for which an open session waits for more."""
        self.hungry = False
        self.queue: deque[Job] = deque()
        self.workers: dict[asyncio.Task[None], Job | None] = {}
        self.orphans: list[Job] = []
        """Jobs whose worker was stopped before anything left."""
        self._most = sessions(channel, config)
        self._open = 0
        self._numbers = itertools.count()
        self._parked: dict[asyncio.Future[None], None] = {}
        """Who waits for more on an open session."""
        self._done = 0
        self._pace = 0.0
        self._measured = time.monotonic()
        self.waits = float("-inf")
        """Until when this process leaves the account to others; monotonic."""
        self._doubts = 0
        """How many emails in a row ended in doubt."""
        self.doubted = True
        """Whether failures of this account may be on record that a success has not wiped out yet."""
        self._closing = False
        self._stopping = False

    @property
    def outstanding(self) -> int:
        """How many claimed emails are in this lane."""
        return len(self.queue) + sum(job is not None for job in self.workers.values())

    @property
    def ahead(self) -> int:
        """How many emails to claim ahead: a second's work, so that other processes and a crash leave little idle."""
        span = time.monotonic() - self._measured
        if span >= MEASURED:
            self._pace, self._done, self._measured = self._done / span, 0, time.monotonic()
        return min(max(int(self._pace), 2 * self._most, AT_LEAST), AHEAD)

    def add(self, jobs: Iterable[Job]) -> None:
        """Take jobs, and open sessions for them as far as the account allows."""
        self.queue.extend(jobs)
        self._start_workers()

    def _start_workers(self) -> None:
        """Start as many workers as there is work for, and as the account allows."""
        working = sum(not task.done() for task in self.workers)
        if not working:
            self._most = sessions(self.channel, self.config)  # a server may take more again
        for _ in range(min(len(self.queue) - self._call(len(self.queue)), self._most - working)):
            task = asyncio.create_task(self._work(next(self._numbers)))
            self.workers[task] = None
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """See to the email of a worker that was stopped, or broke, in the middle of it."""
        job = self.workers.pop(task, None)
        if task.cancelled() and self._stopping:
            if job is not None and not job.transmitting:
                self.orphans.append(job)
            return
        fault = None if task.cancelled() else task.exception()
        if fault is None and not task.cancelled():
            return
        log.error(
            "a worker of the channel %s %s",
            self.channel.key,
            "broke" if fault else "was cancelled by it",
            exc_info=fault,
        )
        if job is not None:
            self.office.settle(job, broken(job))
        self._start_workers()

    def cut_off(self) -> None:
        """Stop what the channel has been doing for one email for too long.

        A channel that goes on although it is cancelled keeps its worker, and nothing else: the email is settled.
        """
        late = time.monotonic() - LONGEST
        for task, job in list(self.workers.items()):
            if job is None or job.since >= late:
                continue
            if not job.hung:
                job.hung = True
                task.cancel()
            elif job.since < late - DEAF:
                log.error(
                    "the channel %s does not heed that it was cut off; its email %s is settled",
                    self.channel.key,
                    job.send.id,
                )
                del self.workers[task]
                self.office.settle(job, broken(job))
                self._start_workers()

    def close(self) -> list[Job]:
        """Take nothing more; let open sessions end when they are done. Returns what was still waiting."""
        self._closing = True
        self._call(len(self._parked))
        left = list(self.queue)
        self.queue.clear()
        return left

    def stop(self) -> None:
        """Stop every worker that has no email in transmission."""
        self._stopping = True
        for task, job in list(self.workers.items()):
            if job is None or not job.transmitting:
                task.cancel()

    def give_up(self) -> list[Job]:
        """Return the emails of workers that do not stop, and that no channel has asked to let leave."""
        return [job for job in self.workers.values() if job is not None and not job.asked]

    async def _next(self) -> Job | None:
        if self.hungry and len(self.queue) <= self.ahead // 2:
            self.hungry = False
            self.office.wake()
        until = time.monotonic() + self.linger
        while not self.queue and not self._closing and (left := until - time.monotonic()) > 0:
            await self._park(left)
        return self.queue.popleft() if self.queue else None

    async def _park(self, seconds: float) -> None:
        """Wait until somebody is called, or the time is over."""
        loop = asyncio.get_running_loop()
        called: asyncio.Future[None] = loop.create_future()
        self._parked[called] = None
        timer = loop.call_later(seconds, _wake, called)
        try:
            await called
        finally:
            timer.cancel()
            self._parked.pop(called, None)

    def _call(self, most: int) -> int:
        """Call those who wait, the last one first, so that sessions that are not needed end. Returns how many."""
        number = min(most, len(self._parked))
        for _ in range(number):
            _wake(self._parked.popitem()[0])
        return number

    async def _work(self, number: int) -> None:
        """Open sessions and deliver on them until nothing waits, or the account is in trouble."""
        while self.queue:
            try:
                async with self._connected() as session:
                    self._open += 1
                    try:
                        trouble = await self._deliver_on(session, number)
                    finally:
                        self._open -= 1
            except AccountUnavailableError as error:
                trouble = unavailable(error)
                if getattr(error, "here", False):
                    await self._wait_here(trouble)
                    continue
            except BaseException as error:
                if stopped(error, self._stopping):
                    raise
                await not_cancelled()
                log.exception("an account of the channel %s broke", self.channel.key)
                trouble = ACCOUNT_BROKE
            if trouble is None:
                continue
            if self._open and trouble is not DOUBTS_IN_A_ROW:
                # The server takes fewer connections than we may open; the others go on.
                self._most = self._open
                return
            waiting, self.queue = list(self.queue), deque()
            self.doubted = True
            try:
                await self.office.pause(self, trouble)
            except asyncio.CancelledError:
                if self._stopping:
                    self.orphans += waiting
                    raise
            await asyncio.gather(*(self.office.settle(job, trouble) for job in waiting))

    async def _sift(self) -> None:
        """Drop what is no longer ours of what waits: where one email was given back, others may have been as well."""
        if not (waiting := list(self.queue)):
            return
        ours = await self.office.ours(waiting)
        lost = {id(job) for job in waiting if job.send.id not in ours}
        self.office.forget([job for job in self.queue if id(job) in lost])
        self.queue = deque(job for job in self.queue if id(job) not in lost)

    async def _wait_here(self, trouble: Receipt) -> None:
        """Leave the account's emails to other processes for a while: only this one cannot use it."""
        self.waits = time.monotonic() + HERE
        log.error(
            "this process cannot use the account %s, and looks again in %s s: %s", self.account, HERE, trouble.code
        )
        waiting, self.queue = list(self.queue), deque()
        await asyncio.gather(*(self.office.settle(job, trouble) for job in waiting))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Session]:
        """Open a session, and close it."""
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(LONGEST):
                session = await stack.enter_async_context(self.channel.connect(self.config))
            yield session
            async with asyncio.timeout(LONGEST):
                await stack.aclose()

    async def _deliver_on(self, session: Session, number: int) -> Receipt | None:
        """Deliver until nothing waits or the session is used up. Returns the account's trouble, if it is in any."""
        me, first = asyncio.current_task(), True
        assert me is not None  # noqa: S101 - a coroutine that runs has a task
        while job := await self._next():
            self.workers[me], job.session, job.since = job, number, time.monotonic()
            receipt = await attempt(
                session, job, partial(self.office.begin, job), self.channel.key, lambda: self._stopping
            )
            if receipt.outcome is Outcome.ACCOUNT_UNAVAILABLE:
                self.workers[me] = None
                # A session may have had its share; what a fresh one refuses goes behind the others, and once only.
                again = not first or (self._open > 1 and not job.blamed)
                job.blamed |= first
                if again:
                    job.transmitting = job.asked = False
                    self.queue.append(job)
                    self._call(1)
                    return None if not first else receipt
                await self.office.settle(job, receipt)
                return receipt
            settled = self.office.settle(job, receipt)
            self.workers[me] = None
            self._done += 1
            if not job.transmitting:
                await settled  # what leaves next waits for this report; where nothing leaves, the others' turn comes
            if receipt.outcome is Outcome.WITHDRAWN and job.asked and not job.throttled:
                await self._sift()
            if not job.handed or receipt.outcome is Outcome.WITHDRAWN:
                continue  # of the account it tells nothing
            if receipt.outcome is Outcome.SENT:
                self._doubts = 0
            if receipt.outcome is Outcome.IN_DOUBT:
                self._doubts += 1
                if self._doubts >= DOUBTS:
                    self._doubts = 0
                    return DOUBTS_IN_A_ROW
                return None  # about this email alone: the others go on a new session, which knows nothing of it
            if receipt.code == BROKE.code:
                return None  # likewise
            first = False
            if self.doubted:
                self.doubted = False
                await self.office.works(self)
        return None


def _wake(called: "asyncio.Future[None]") -> None:
    if not called.done():
        called.set_result(None)
