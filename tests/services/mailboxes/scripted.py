"""A mailbox whose sessions do what a test says, and the processes that watch it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from api.make_runtime import make_ticker
from api.models import MailboxAccount
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.mailboxes.watcher import MailboxWatcher
from api.settings import Settings
from plugins import AccountUnavailableError, IncomingMail, MailBatch, Mailbox, MailboxSession
from plugins.loading.extension_points import MAILBOXES
from plugins.loading.manager import load

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def mail(number: int, key: str = "") -> IncomingMail:
    """Return a mail that answers nothing."""
    return IncomingMail(key or f"mail:{number}", f"From: a@x.org\r\nSubject: {number}\r\n\r\nHi\r\n".encode(), NOW)


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class Scripted(Mailbox):
    """Hands over ``folders``. ``on_batch`` and ``on_wait`` are called at these points, and may raise."""

    key: ClassVar[str] = "fake"
    labels: ClassVar[Mapping[str, str]] = {"en": "Fake"}
    folders: dict[str, list[IncomingMail]] = field(default_factory=dict)
    names: Any = ("fake",)
    batch_size: int = 2
    opened: int = 0
    read_from: list[dict[str, str]] = field(default_factory=list)
    on_open: Callable[[], object] = lambda: None
    on_batch: Callable[[MailBatch], Any] = lambda batch: None
    on_wait: Callable[[], Any] | None = None
    problem: AccountUnavailableError | None = None

    def accounts(self) -> Sequence[str]:
        return self.names

    @asynccontextmanager
    async def open(self, account: str) -> AsyncIterator[MailboxSession]:
        self.opened += 1
        self.on_open()
        yield ScriptedSession(self)


class ScriptedSession(MailboxSession):
    addresses = ("rep@x.org",)

    def __init__(self, mailbox: Scripted) -> None:
        self.mailbox = mailbox

    async def mails(self, cursors: Mapping[str, str], since: datetime) -> AsyncIterator[MailBatch]:
        self.mailbox.read_from.append(dict(cursors))
        self.problem = self.mailbox.problem
        for name, mails in self.mailbox.folders.items():
            start = int(cursors.get(name, "0"))
            while True:
                some = tuple(mails[start : start + self.mailbox.batch_size])
                start += len(some)
                batch = MailBatch(name, str(start), some)
                if (work := self.mailbox.on_batch(batch)) is not None:
                    await work
                yield batch
                if start >= len(mails):
                    break

    async def wait(self, seconds: float) -> None:
        if self.mailbox.on_wait is not None:
            await self.mailbox.on_wait()


def runtime_of(mailbox: Mailbox, clock: Callable[[], datetime]) -> DispatchRuntime:
    """Return the runtime of a process in which only this mailbox is installed."""
    installed = load({})
    registries = {**installed.registries, MAILBOXES.hook: {mailbox.key: mailbox}}
    return make_ticker(Settings.read({}), replace(installed, registries=registries), clock).runtime


def process(mailbox: Mailbox, clock: Callable[[], datetime]) -> MailboxWatcher:
    """Return what watches the mailbox in one process."""
    return MailboxWatcher(runtime_of(mailbox, clock), clock)


async def row(account: str = "fake") -> MailboxAccount:
    return await MailboxAccount.get(account=account)
