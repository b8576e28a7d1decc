"""One process watches an account. A process that is killed at any moment loses no mail, and counts none twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.models import IncomingEvent, Job, MailboxFolder
from api.services.mailboxes import account_watch, watcher
from api.services.mailboxes.account_watch import AccountWatch
from api.states import MailboxState
from api.store.replies import mailboxes
from plugins import AccountUnavailableError, MailBatch
from tests.databases import on_sqlite
from tests.services.mailboxes.scripted import NOW, Scripted, Time, mail, process, row, runtime_of


class KilledError(BaseException):
    """Ends a process as kill -9 does: nothing after it is executed."""


async def keys() -> list[str]:
    return sorted(await IncomingEvent.all().values_list("key", flat=True))


async def test_mails_are_stored_with_the_cursors(database: str) -> None:
    mailbox = Scripted({"INBOX": [mail(number) for number in range(5)], "Junk": [mail(9), mail(3)]})
    await process(mailbox, Time()).check_once()
    assert await keys() == ["mail:0", "mail:1", "mail:2", "mail:3", "mail:4", "mail:9"]
    assert {(each.name, each.cursor, each.mails) for each in await MailboxFolder.all()} == {
        ("INBOX", "5", 5),
        ("Junk", "2", 1),
    }, "a copy in another folder counts once"
    event = await IncomingEvent.get(key="mail:0")
    assert (event.source, event.details) == ("fake", {"addresses": ["rep@x.org"]})
    assert await Job.filter(kind="answers").count() == 1
    found = await row()
    assert (found.state, found.checked_at, found.owner, found.failures) == (MailboxState.WATCHING, NOW, None, 0)


@on_sqlite
async def test_only_new_mails_are_read_later(database: str) -> None:
    mailbox = Scripted({"INBOX": [mail(0)]})
    await process(mailbox, Time()).check_once()
    mailbox.folders["INBOX"].append(mail(1))
    await process(mailbox, Time()).check_once()
    assert mailbox.read_from == [{}, {"INBOX": "1"}]
    assert await keys() == ["mail:0", "mail:1"]


@pytest.mark.parametrize("at", ["before the transaction", "in it", "before its commit", "after its commit"])
async def test_a_process_that_is_killed_loses_and_repeats_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """The second of three batches is under way when the process is killed."""
    time = Time()
    mailbox = Scripted({"INBOX": [mail(number) for number in range(6)]})
    original = {name: getattr(account_watch, name) for name in ("receive_mails",)}
    store, stored = mailboxes.store_cursor, 0

    def killed_if(where: str) -> None:
        if where == at and stored == 1:
            raise KilledError

    async def receive_mails(*args: Any, **named: Any) -> int:
        killed_if("before the transaction")
        new: int = await original["receive_mails"](*args, **named)
        killed_if("in it")
        return new

    async def store_cursor(*args: Any) -> None:
        nonlocal stored
        await store(*args)
        killed_if("before its commit")
        stored += 1

    def on_batch(batch: MailBatch) -> None:
        if at == "after its commit" and stored == 2:
            raise KilledError

    monkeypatch.setattr(account_watch, "receive_mails", receive_mails)
    monkeypatch.setattr(mailboxes, "store_cursor", store_cursor)
    mailbox.on_batch = on_batch
    owner = "mbo_1"
    runtime = runtime_of(mailbox, time)
    await mailboxes.add(["fake"])
    assert await mailboxes.take("fake", owner, NOW, runtime.lease, timedelta(minutes=15)) == 0
    watch = AccountWatch("fake", mailbox, owner, time, runtime, 0)
    with pytest.raises((KilledError, AccountUnavailableError)):
        async with account_watch.open_session(mailbox, "fake") as session:
            await watch._read_and_wait(session, once=True)
    done = {"after its commit": 4}.get(at, 2)
    assert await keys() == [f"mail:{number}" for number in range(done)]
    monkeypatch.undo()
    mailbox.on_batch = lambda batch: None
    other = process(mailbox, time)
    await other.check_once()
    assert len(await keys()) == done, "the lease of the killed process is still valid"
    time.pass_(seconds=61)
    await other.check_once()
    assert await keys() == [f"mail:{number}" for number in range(6)]
    assert mailbox.read_from[-1] == {"INBOX": str(done)}
    assert (await MailboxFolder.get(name="INBOX")).mails == 6


async def test_one_of_two_processes_watches_and_the_other_takes_over(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "LOOK_SECONDS", 0.01)
    mailbox, time = Scripted({"INBOX": [mail(0)]}), Time()
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def on_wait() -> None:
        waiting.set()
        await go_on.wait()

    mailbox.on_wait = on_wait
    first = asyncio.create_task(process(mailbox, time).run())
    async with asyncio.timeout(30):
        await waiting.wait()
        second = process(mailbox, time)
        await second.check_once()
        assert mailbox.opened == 1
        first.cancel()
        await asyncio.wait({first})
        mailbox.folders["INBOX"].append(mail(1))
        await second.check_once()  # the first has ended its lease
    assert mailbox.opened == 2
    assert await keys() == ["mail:0", "mail:1"]


async def test_a_process_that_lost_the_lease_stores_nothing(database: str) -> None:
    time = Time()
    mailbox = Scripted({"INBOX": [mail(number) for number in range(4)]})
    stolen = Scripted({"INBOX": []})

    async def steal(batch: MailBatch) -> None:
        time.pass_(minutes=5)  # as if the machine had been suspended
        assert await mailboxes.take("fake", "mbo_other", time(), timedelta(seconds=60), timedelta(minutes=15)) == 0

    mailbox.on_batch = steal
    await process(mailbox, time).check_once()
    assert await keys() == []
    assert (await row()).owner == "mbo_other"
    await process(stolen, time).check_once()
    assert stolen.opened == 0


async def test_a_lease_from_the_future_has_ended(database: str) -> None:
    """The clock was set back after the lease was taken."""
    mailbox = Scripted({"INBOX": [mail(0)]})
    await mailboxes.add(["fake"])
    await mailboxes.take("fake", "mbo_other", NOW + timedelta(days=1), timedelta(minutes=1), timedelta(minutes=15))
    await process(mailbox, Time()).check_once()
    assert await keys() == ["mail:0"]


async def test_no_account_needs_no_database() -> None:
    mailbox = Scripted(names=())
    await process(mailbox, Time()).check_once()
    await process(mailbox, Time()).run()
    assert mailbox.opened == 0


@pytest.mark.parametrize("names", ["fake", ["other"], [7], ["fake:" + "x" * 90], ["fake:\x00"], None])
async def test_names_of_accounts_that_are_not_valid_are_left_out(names: Any) -> None:
    mailbox = Scripted(names=names)
    assert process(mailbox, Time())._configured() == {}
