"""A mailbox that fails is tried again at growing intervals, and says why. Nothing else fails with it."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api.models import IncomingEvent
from api.services.mailboxes import account_watch, sessions, watcher
from api.services.mailboxes.account_watch import retry_wait
from api.states import MailboxState
from api.store.replies import mailboxes
from plugins import AccountUnavailableError, MailBatch
from tests.databases import on_sqlite
from tests.services.mailboxes.scripted import NOW, Scripted, Time, mail, process, row


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise error

    return fail


REFUSED = AccountUnavailableError("LOGIN_REFUSED", "Could not log in.")
LOST = AccountUnavailableError("CONNECTION_FAILED", "The connection broke.")


async def test_a_rejected_login_waits_from_1_to_15_minutes_in_all_processes(database: str) -> None:
    time, mailbox = Time(), Scripted(on_open=raising(REFUSED))
    waits = []
    for attempt in range(1, 8):
        await process(mailbox, time).check_once()
        await process(mailbox, time).check_once()  # a restart
        assert mailbox.opened == attempt
        found = await row()
        assert found.retry_at is not None
        assert (found.state, found.failures, found.failing_since) == (MailboxState.FAILED, attempt, NOW)
        assert (found.code, found.detail, found.owner) == ("LOGIN_REFUSED", "Could not log in.", None)
        waits.append((found.retry_at - time.now).total_seconds() / 60)
        time.now = found.retry_at
    assert waits == [1, 2, 4, 8, 15, 15, 15]


@on_sqlite
async def test_a_mailbox_that_works_again_says_so(database: str, caplog: pytest.LogCaptureFixture) -> None:
    time, mailbox = Time(), Scripted({"INBOX": [mail(0)]}, on_open=raising(LOST))
    with caplog.at_level(logging.INFO, "touchline.mailboxes"):
        await process(mailbox, time).check_once()
        time.pass_(seconds=5)
        await process(mailbox, time).check_once()
        mailbox.on_open = lambda: None
        time.pass_(seconds=10)
        await process(mailbox, time).check_once()
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "cannot read the mailbox fake: CONNECTION_FAILED: The connection broke."),
        ("INFO", "cannot read the mailbox fake: CONNECTION_FAILED: The connection broke."),
        ("INFO", "the mailbox fake works again"),
    ]
    found = await row()
    assert (found.state, found.code, found.detail, found.failures) == (MailboxState.WATCHING, "", "", 0)
    assert (found.failing_since, found.retry_at) == (None, None)
    assert await IncomingEvent.all().count() == 1


@on_sqlite
async def test_what_was_read_before_a_failure_stays(database: str) -> None:
    time, mailbox = Time(), Scripted({"INBOX": [mail(number) for number in range(6)]})

    def on_batch(batch: MailBatch) -> None:
        if batch.cursor == "6":
            raise LOST

    mailbox.on_batch = on_batch
    await process(mailbox, time).check_once()
    assert await IncomingEvent.all().count() == 4
    mailbox.on_batch = lambda batch: None
    time.pass_(seconds=5)
    await process(mailbox, time).check_once()
    assert mailbox.read_from[-1] == {"INBOX": "4"}
    assert await IncomingEvent.all().count() == 6


async def test_a_cause_of_this_process_leaves_the_mailbox_to_others(database: str) -> None:
    time = Time()
    here = process(Scripted(on_open=raising(AccountUnavailableError("NOT_CONFIGURED", "No file.", here=True))), time)
    await here.check_once()
    assert ((await row()).code, (await row()).retry_at) == ("NOT_CONFIGURED", None)
    before = (await row()).failures
    await here.check_once()
    assert (await row()).failures == before, "it does not try at each look"
    other = Scripted({"INBOX": [mail(0)]})
    await process(other, time).check_once()
    assert ((await row()).state, other.opened) == (MailboxState.WATCHING, 1)


@on_sqlite
async def test_a_long_connection_that_breaks_is_opened_again_at_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_watch, "STABLE_SECONDS", 0.0)
    monkeypatch.setattr(account_watch, "PAUSE_SECONDS", 0.0)
    mailbox = Scripted({"INBOX": [mail(0)]})
    again = asyncio.Event()

    async def on_wait() -> None:
        if mailbox.opened == 1:
            mailbox.folders["INBOX"].append(mail(1))
            raise LOST
        again.set()
        await asyncio.Event().wait()

    mailbox.on_wait = on_wait
    running = asyncio.create_task(process(mailbox, Time()).run())
    async with asyncio.timeout(30):
        await again.wait()
    assert ((await row()).failures, (await row()).state) == (0, MailboxState.WATCHING)
    assert await IncomingEvent.all().count() == 2
    running.cancel()
    await asyncio.wait({running})


@on_sqlite
@pytest.mark.parametrize("error", [ValueError("bug"), SystemExit(1), KeyError("x")])
@pytest.mark.parametrize("where", ["on_open", "on_batch"])
async def test_a_package_that_fails_is_named(database: str, error: BaseException, where: str) -> None:
    mailbox = Scripted({"INBOX": [mail(0)]})
    setattr(mailbox, where, raising(error))
    await process(mailbox, Time()).check_once()
    found = await row()
    assert found.code == "MAILBOX_FAILED"
    assert found.detail.startswith(f"The mailbox 'fake' failed ({type(error).__name__}).")


@on_sqlite
@pytest.mark.parametrize("given", [None, "INBOX", ("INBOX", "1", ())])
async def test_a_result_of_a_wrong_type_is_a_failure(database: str, given: Any) -> None:
    mailbox = Scripted()

    async def mails(self: Any, *_: Any) -> Any:
        yield given

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.services.mailboxes.scripted.ScriptedSession.mails", mails)
        await process(mailbox, Time()).check_once()
    found = await row()
    if given is None:
        assert found.state == MailboxState.WATCHING  # the same as an end
    else:
        assert found.code == "MAILBOX_FAILED"


@on_sqlite
async def test_a_mailbox_that_never_answers_is_a_failure(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "BATCH_SECONDS", 0.01)
    mailbox = Scripted()

    async def mails(self: Any, *_: Any) -> Any:
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr("tests.services.mailboxes.scripted.ScriptedSession.mails", mails)
    await process(mailbox, Time()).check_once()
    assert (await row()).code == "MAILBOX_NO_ANSWER"


@on_sqlite
async def test_the_loop_goes_on_after_a_failure(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LOOK_SECONDS", 0.01)
    time = Time()
    mailbox, works = Scripted({"INBOX": [mail(0)]}), asyncio.Event()

    def on_open() -> None:
        time.pass_(seconds=60)
        if mailbox.opened < 3:
            raise LOST

    async def on_wait() -> None:
        works.set()
        await asyncio.Event().wait()

    mailbox.on_open, mailbox.on_wait = on_open, on_wait
    running = asyncio.create_task(process(mailbox, time).run())
    async with asyncio.timeout(30):
        while not works.is_set():
            time.pass_(seconds=1)
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait({running})
    assert await IncomingEvent.all().count() == 1


def test_the_wait_after_a_lost_connection_is_short() -> None:
    assert [retry_wait("TIMEOUT", failures).total_seconds() for failures in range(8)] == [
        5,
        10,
        20,
        40,
        80,
        160,
        300,
        300,
    ]
    assert retry_wait("LOGIN_REFUSED", 10**9) == timedelta(minutes=15)


async def test_an_operator_ends_the_wait(database: str) -> None:
    time, mailbox = Time(), Scripted({"INBOX": [mail(0)]}, on_open=raising(REFUSED))
    await process(mailbox, time).check_once()
    mailbox.on_open = lambda: None
    await process(mailbox, time).check_once()
    assert mailbox.opened == 1
    assert await mailboxes.retry_now("fake")
    assert not await mailboxes.retry_now("fake")
    assert not await mailboxes.retry_now("other")
    await process(mailbox, time).check_once()
    assert (await row()).state == MailboxState.WATCHING
