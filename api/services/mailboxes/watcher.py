"""Decide which accounts this process watches: those of its environment whose lease is free."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.clock import Clock
from api.ids import new_id
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.mailboxes.account_watch import MAX_LOGIN_RETRY, AccountWatch
from api.services.mailboxes.sessions import configured_accounts
from api.states import MailboxState
from api.store.engine.database_clock import sync_clock
from api.store.engine.faults.availability import log_database_outage
from api.store.replies import mailboxes
from plugins.loading.manager import Installed
from plugins.mailboxes.contract import Mailbox

log = logging.getLogger("touchline.mailboxes")

LOOK_SECONDS = 5.0
"""How often a process looks for accounts that no process watches."""
UNUSABLE_SECONDS = 60.0
"""How long only other processes try an account that this one cannot open, for example because a file is missing."""


class MailboxWatcher:
    """Watches the accounts of one process. Several processes share them by leases in the database."""

    def __init__(self, runtime: DispatchRuntime, clock: Clock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._owner = new_id("mbo")
        self._accounts: dict[str, Mailbox] = {}
        """The accounts of the environment. Only ``_configured`` writes it, once."""
        self._watches: dict[str, asyncio.Task[None]] = {}
        """The accounts that this process watches. Only ``_look`` adds, and ``_remove_ended`` removes."""
        self._unusable_until: dict[str, float] = {}
        """When this process tries again the accounts that it could not open itself, by the event loop's time."""

        self._wait_failed: set[str] = set()
        """The accounts whose last failure in this process was while it waited for mails. Only ``_watch`` writes it."""

    async def run(self) -> None:
        """Watch until cancelled. Then end the leases, so that other processes can take over at once."""
        accounts = self._configured()
        try:
            while accounts:
                try:
                    await self._look()
                except Exception as problem:
                    if not log_database_outage(problem):
                        log.exception("cannot look for mailboxes to watch; trying again in %s s", LOOK_SECONDS)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in self._watches.values():
                task.cancel()
            if self._watches:
                await asyncio.wait(self._watches.values())

    async def check_once(self) -> None:
        """Read all new mails of the accounts that no other process watches."""
        if self._configured():
            await self._look(once=True)
            if self._watches:
                await asyncio.wait(self._watches.values())

    async def has_unread(self, since: datetime) -> bool:
        """Say whether an account may have mails that came before ``since`` (UTC) and were not read.

        An account that fails does not count until it is tried again, because it may stay broken.
        """
        names = list(self._configured())
        row_of = {row["account"]: row for row in await mailboxes.accounts(names)} if names else {}
        return any((row := row_of.get(name)) is None or self._may_have_unread(row, since) for name in names)

    def _may_have_unread(self, row: Mapping[str, Any], since: datetime) -> bool:
        if row["state"] != MailboxState.FAILED:
            return row["checked_at"] is None or row["checked_at"] < since
        # The failure may be that of an earlier process, or of one folder.
        usable = self._unusable_until.get(row["account"], 0.0) <= asyncio.get_running_loop().time()
        return usable and (row["retry_at"] is None or row["retry_at"] <= self._clock())

    async def _look(self, *, once: bool = False) -> None:
        """Start to watch each account whose lease is free."""
        await sync_clock(self._clock)
        self._remove_ended()
        loop_time = asyncio.get_running_loop().time()
        accounts = [
            account
            for account in self._configured()
            if account not in self._watches and self._unusable_until.get(account, 0.0) <= loop_time
        ]
        if not accounts:
            return
        lease = self._runtime.lease
        await mailboxes.add(accounts)
        for account in await mailboxes.free(accounts, self._owner, self._clock(), lease, MAX_LOGIN_RETRY):
            failures = await mailboxes.take(account, self._owner, self._clock(), lease, MAX_LOGIN_RETRY)
            if failures is not None:  # else another process was faster
                mailbox = self._configured()[account]
                watch = AccountWatch(
                    account, mailbox, self._owner, self._clock, self._runtime, failures, account in self._wait_failed
                )
                self._watches[account] = asyncio.create_task(self._watch(watch, once=once))

    async def _watch(self, watch: AccountWatch, *, once: bool) -> None:
        try:
            await watch.run(once=once)
        except Exception as problem:
            if not log_database_outage(problem):
                log.exception("cannot watch the mailbox %s", watch.account)
        (self._wait_failed.add if watch.wait_failed else self._wait_failed.discard)(watch.account)
        if watch.unusable_here:
            self._unusable_until[watch.account] = asyncio.get_running_loop().time() + UNUSABLE_SECONDS

    def _remove_ended(self) -> None:
        self._watches = {account: task for account, task in self._watches.items() if not task.done()}

    def _configured(self) -> dict[str, Mailbox]:
        if not self._accounts:
            self._accounts = accounts_of(self._runtime.installed)
        return self._accounts


def accounts_of(installed: Installed) -> dict[str, Mailbox]:
    """Return the mailbox of each account that is configured in this process."""
    return {account: mailbox for mailbox in installed.mailboxes.values() for account in configured_accounts(mailbox)}
