"""A mailbox of which a folder cannot be read, or that cannot wait for mails, is still read."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest

from api.models import IncomingEvent
from api.services.mailboxes import account_watch, watcher
from api.states import MailboxState
from plugins import AccountUnavailableError
from tests.databases import on_sqlite
from tests.services.mailboxes.scripted import NOW, Scripted, Time, mail, process, row

LOST = AccountUnavailableError("CONNECTION_FAILED", "The connection broke.")


class Looks:
    """Waits of a session that a test ends one by one."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[None] = asyncio.Queue()
        self.ends: asyncio.Queue[BaseException | None] = asyncio.Queue()

    async def __call__(self) -> None:
        self.begun.put_nowait(None)
        if (error := await self.ends.get()) is not None:
            raise error


async def after_failures(number: int) -> Any:
    while True:
        if (found := await row()).failures >= number:
            return found
        await asyncio.sleep(0)


@on_sqlite
async def test_a_mailbox_that_cannot_wait_works_again_only_after_it_has_waited(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watcher, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(account_watch, "PAUSE_SECONDS", 0.0)
    time, mailbox, looks = Time(), Scripted({"INBOX": [mail(0)]}), Looks()
    mailbox.on_wait = looks
    with caplog.at_level(logging.INFO, "touchline.mailboxes"):
        running = asyncio.create_task(process(mailbox, time).run())
        async with asyncio.timeout(30):
            await looks.begun.get()
            assert (await row()).state == MailboxState.WATCHING
            for failures in range(1, 8):
                looks.ends.put_nowait(LOST)
                found = await after_failures(failures)
                assert found.retry_at is not None
                assert found.retry_at - time.now <= timedelta(minutes=1), "its mails are still read every minute"
                mailbox.folders["INBOX"].append(mail(failures))
                time.now = found.retry_at
                await looks.begun.get()
                found = await row()
                assert (found.state, found.code, found.failures) == (MailboxState.FAILED, LOST.code, failures)
                assert (found.checked_at, await IncomingEvent.all().count()) == (time.now, failures + 1)
            looks.ends.put_nowait(None)
            await looks.begun.get()
            assert ((await row()).state, (await row()).failures) == (MailboxState.WATCHING, 0)
        running.cancel()
        await asyncio.wait({running})
    said = [record.message for record in caplog.records if "works again" in record.message]
    assert said == ["the mailbox fake works again"]


@on_sqlite
async def test_a_rejected_login_after_a_lost_connection_is_no_failure_to_wait(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_watch, "STABLE_SECONDS", 0.0)
    monkeypatch.setattr(watcher, "LOOK_SECONDS", 0.0)
    time, mailbox, looks = Time(), Scripted({"INBOX": [mail(0)]}), Looks()

    def refuse() -> None:
        monkeypatch.setattr(account_watch, "STABLE_SECONDS", 60.0)
        raise AccountUnavailableError("LOGIN_REFUSED", "Could not log in.")

    mailbox.on_wait = looks
    running = asyncio.create_task(process(mailbox, time).run())
    async with asyncio.timeout(30):
        await looks.begun.get()
        mailbox.on_open = refuse
        looks.ends.put_nowait(LOST)
        found = await after_failures(1)
        assert (found.code, found.retry_at) == ("LOGIN_REFUSED", NOW + timedelta(minutes=1)), "the login is not hurried"
        mailbox.on_open = lambda: None
        time.pass_(minutes=1)
        await looks.begun.get()
        assert (await row()).state == MailboxState.WATCHING, "it works again as soon as it is read"
    running.cancel()
    await asyncio.wait({running})


@on_sqlite
async def test_a_folder_that_cannot_be_read_is_a_problem_that_delays_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(account_watch, "PAUSE_SECONDS", 0.0)
    closed = AccountUnavailableError("MAILBOX_REFUSED", "Could not open 'Junk'.")
    time, looks = Time(), Looks()
    mailbox = Scripted({"INBOX": [mail(0)]}, on_wait=looks, problem=closed)
    with caplog.at_level(logging.INFO, "touchline.mailboxes"):
        running = asyncio.create_task(process(mailbox, time).run())
        async with asyncio.timeout(30):
            for look in range(3):
                await looks.begun.get()
                found = await row()
                assert (found.state, found.code, found.failures) == (MailboxState.FAILED, closed.code, 1)
                assert (found.failing_since, found.retry_at) == (NOW, time.now + timedelta(minutes=1))
                assert (found.checked_at, await IncomingEvent.all().count()) == (None, look + 1)
                mailbox.folders["INBOX"].append(mail(look + 1))
                time.pass_(minutes=1)
                looks.ends.put_nowait(None)
            await looks.begun.get()
            mailbox.problem = None
            looks.ends.put_nowait(None)
            await looks.begun.get()
        running.cancel()
        await asyncio.wait({running})
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "cannot read a folder of the mailbox fake: MAILBOX_REFUSED: Could not open 'Junk'."),
        ("INFO", "the mailbox fake works again"),
    ]
    assert (mailbox.opened, (await row()).state, (await row()).code) == (1, MailboxState.WATCHING, "")


@on_sqlite
async def test_a_problem_of_a_wrong_type_is_a_failure(database: str) -> None:
    mailbox: Any = Scripted({"INBOX": [mail(0)]})
    mailbox.problem = "Junk"
    await process(mailbox, Time()).check_once()
    assert (await row()).code == "MAILBOX_FAILED"
