"""Watch one account while this process has its lease: read new mails, wait for more, and report failures.

The cursor of a folder is stored in the transaction that stores its mails. So a process that is killed at any moment
loses no mail, and the next process reads on from there. The transaction locks the account's row and checks its owner: a
process that lost the lease, for example because its machine was suspended, stores nothing.
"""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

from api.clock import Clock
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.mailboxes.sessions import addresses_of, batches_of, open_session, problem_of, wait
from api.services.replies.incoming import receive_mails
from api.store.engine.database_clock import sync_clock
from api.store.engine.faults.availability import log_database_outage
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.replies import mailboxes
from plugins.codes import ChannelCode
from plugins.contract import AccountUnavailableError
from plugins.mailboxes.codes import MailboxCode
from plugins.mailboxes.contract import MailBatch, Mailbox, MailboxSession

log = logging.getLogger("touchline.mailboxes")

READ_BACK = timedelta(days=28)
"""How far back a new folder, or one that the server has rebuilt, is read.

Incoming mails are kept for longer (KEPT_FOR of the job "answers"), so a mail that is read again counts once.
"""
WAIT_SECONDS = 60.0
"""Longest wait for new mails. Folders without notifications of the server are read at this interval."""
PAUSE_SECONDS = 1.0
"""Shortest time between two reads, for servers that notify of every change of a flag."""
FIRST_RETRY, MAX_RETRY = timedelta(seconds=5), timedelta(minutes=5)
"""The wait after a failure. It doubles with each failure in a row."""
FIRST_LOGIN_RETRY, MAX_LOGIN_RETRY = timedelta(minutes=1), timedelta(minutes=15)
"""The wait after a rejected login. Mail servers lock accounts after many of them in a short time."""
LOGIN_CODES = frozenset({ChannelCode.LOGIN_REFUSED, ChannelCode.LOGIN_DEFERRED, ChannelCode.AUTH_UNSUPPORTED})
STABLE_SECONDS = 60.0
"""A connection that breaks after this time is opened again at once. That does not count as a failure."""


class LostLeaseError(Exception):
    """Another process watches the account."""


@dataclass(slots=True)
class AccountWatch:
    """Reads one account. The lease is taken before ``run``, and has ended after it."""

    account: str
    mailbox: Mailbox
    owner: str
    clock: Clock
    runtime: DispatchRuntime
    failures: int
    """Failures in a row, when the lease was taken. 0 after the account has worked."""
    wait_failed: bool = False
    """Whether the last failure in this process was in ``wait``. Then only a wait proves that the account works."""
    unusable_here: bool = False
    """Whether the account failed for a reason that only this process has, such as a missing file."""
    _waiting: bool = False
    """Whether the session waits for new mails."""
    _logged_code: str | None = None
    """The code of the problem of a folder that is in the log. Its details may change at each look."""

    async def run(self, *, once: bool = False) -> None:
        """Watch until cancelled or the lease is lost; with ``once``, until all folders are read."""
        work = asyncio.create_task(self._sessions(once=once))
        renewing = asyncio.create_task(self._renew())
        try:
            await asyncio.wait({work, renewing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, renewing):
                task.cancel()
            await asyncio.wait({work, renewing})
            try:
                await mailboxes.release(self.account, self.owner)
            except Exception as problem:  # the lease then expires
                if not log_database_outage(problem):
                    raise
        if not work.cancelled():
            work.result()

    async def _renew(self) -> None:
        """Renew the lease until another process has it."""
        while True:
            await asyncio.sleep(self.runtime.lease.total_seconds() / 3)
            try:
                await sync_clock(self.clock)
                if not await mailboxes.renew(self.account, self.owner, self.clock() + self.runtime.lease):
                    return
            except Exception as problem:
                if not log_database_outage(problem):
                    log.exception("cannot renew the lease of the mailbox %s", self.account)

    async def _sessions(self, *, once: bool) -> None:
        """Open the account again after each connection that worked for a while. A failure is stored, and ends it."""
        loop = asyncio.get_running_loop()
        while True:
            opened_at, self._waiting = loop.time(), False
            try:
                async with open_session(self.mailbox, self.account) as session:
                    await self._read_and_wait(session, once=once)
                    return
            except LostLeaseError:
                return
            except AccountUnavailableError as error:
                if self.failures or loop.time() - opened_at < STABLE_SECONDS:
                    await self._fail(error)
                    return
                log.info("opening the mailbox %s again: %s", self.account, error.detail)
            except Exception as problem:
                if not log_database_outage(problem):
                    log.exception("the mailbox %s failed", self.account)
                    failure = MailboxCode.MAILBOX_FAILED.message(mailbox=self.mailbox.key, error=type(problem).__name__)
                    await self._fail(AccountUnavailableError(*failure))
                return

    async def _read_and_wait(self, session: MailboxSession, *, once: bool) -> None:
        if not self.wait_failed:
            await mailboxes.set_reading(self.account, self.owner)
        while True:
            cursors = await mailboxes.cursors(self.account)
            batches = batches_of(self.mailbox, session, cursors, self.clock() - READ_BACK)
            async with aclosing(batches):
                async for batch in batches:
                    await self._store(batch, addresses_of(self.mailbox, session))
            problem = problem_of(self.mailbox, session)
            if problem is not None:
                await self._set_partly_read(problem)
            elif self.wait_failed and not once:
                await mailboxes.set_read(self.account, self.owner, self.clock())
            else:
                await self._set_works()
            if once:
                return
            self._waiting = True
            await wait(self.mailbox, session, WAIT_SECONDS)
            self._waiting = False
            if self.wait_failed and problem is None:
                await self._set_works()
            self.wait_failed = False
            await asyncio.sleep(PAUSE_SECONDS)

    async def _set_works(self) -> None:
        """Write that all folders are read, which ends a failure."""
        await mailboxes.set_works(self.account, self.owner, self.clock())
        if self.failures:
            log.info("the mailbox %s works again", self.account)
            self.failures, self._logged_code = 0, None

    async def _set_partly_read(self, problem: AccountUnavailableError) -> None:
        """Write why a folder cannot be read. The session continues, so that the others are read as usual."""
        now, because, self.failures = self.clock(), (problem.code, problem.detail), 1
        await mailboxes.set_partly_read(self.account, self.owner, *because, now, now + timedelta(seconds=WAIT_SECONDS))
        if problem.code != self._logged_code:
            self._logged_code = problem.code
            log.warning("cannot read a folder of the mailbox %s: %s: %s", self.account, *because)

    @retry_on_deadlock
    async def _store(self, batch: MailBatch, addresses: list[str]) -> None:
        """Store the mails of a batch, and the cursor after them."""
        now = self.clock()
        async with transaction():
            if not await mailboxes.lock(self.account, self.owner):
                raise LostLeaseError
            new = await receive_mails(self.account, batch.mails, now, addresses, wake=self.runtime.wake)
            await mailboxes.store_cursor(self.account, batch.folder, batch.cursor, new, now)

    async def _fail(self, error: AccountUnavailableError) -> None:
        """Store why the account cannot be read, and when it is tried again."""
        now, self.unusable_here, self.wait_failed = self.clock(), error.here, self._waiting
        retry_at = None if error.here else now + retry_wait(error.code, self.failures, reads=self._waiting)
        await mailboxes.set_failed(self.account, self.owner, error.code, error.detail, now, retry_at)
        level = logging.INFO if self.failures else logging.WARNING
        log.log(level, "cannot read the mailbox %s: %s: %s", self.account, error.code, error.detail)


def retry_wait(code: str, failures: int, *, reads: bool = False) -> timedelta:
    """Return how long an account waits after a failure. ``failures`` are those in a row before it.

    An account that can be read, and only cannot wait for mails, is opened as often as one without notifications.
    """
    if reads:
        first, longest = FIRST_RETRY, timedelta(seconds=WAIT_SECONDS)
    else:
        first, longest = (FIRST_LOGIN_RETRY, MAX_LOGIN_RETRY) if code in LOGIN_CODES else (FIRST_RETRY, MAX_RETRY)
    return min(first * float(2 ** min(failures, 10)), longest)
