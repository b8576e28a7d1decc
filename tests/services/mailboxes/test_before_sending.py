"""A process that starts sends nothing before it has applied the answers that came while no process ran."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from api import tick
from api.models import Enrollment, IncomingEvent, MailboxAccount, Send
from api.services.replies.incoming import receive_events
from api.states import MailboxState, SendStatus
from api.store.replies import mailboxes
from api.tick import Ticker
from plugins import IncomingMail, MailBatch, ReportedKind
from plugins.contract import AccountUnavailableError
from plugins.loading.extension_points import MAILBOXES
from tests.databases import on_sqlite
from tests.services.mailboxes.scripted import Scripted, process
from tests.services.replies.incoming_mails import event, reply, sent_email
from tests.services.world import NOW, World, make_sent_world

LATER = NOW + timedelta(days=20)


@pytest.fixture
async def world(database: str) -> World:
    """Two people who got their first email. Nothing runs until long after the second one was due."""
    world = await make_sent_world(2)
    world.channel.left.clear()
    return world


async def run_until(world: World, mailbox: Scripted, done: Callable[[], bool]) -> None:
    """Start a process, and stop it when a condition holds."""
    installed = world.runtime.installed
    registries = {**installed.registries, MAILBOXES.hook: {mailbox.key: mailbox}}

    def wake() -> None:
        ticker.wake()

    runtime = replace(world.runtime, installed=replace(installed, registries=registries), wake=wake)
    ticker = Ticker(runtime, lambda: LATER, 3600)
    loop = asyncio.create_task(ticker.run())
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110 - it waits for what another task does
            await asyncio.sleep(0)
    ticker.stop()
    await loop


@on_sqlite
async def test_a_waiting_reply_is_applied_before_the_next_email(world: World) -> None:
    email = await sent_email(world)
    mails = [IncomingMail("mail:1", reply(email.message_id), LATER)]
    mailbox = Scripted(folders={"INBOX": mails}, on_wait=asyncio.Event().wait)
    await run_until(world, mailbox, lambda: len(world.channel.left) > 0)
    assert world.channel.left == ["bob@example.com"]
    assert (await Enrollment.get(id=email.enrollment_id)).end_reason == "REPLIED"
    assert await Send.filter(enrollment_id=email.enrollment_id, status=SendStatus.SENT).count() == 1


@pytest.mark.parametrize("killed", [False, True])
async def test_a_waiting_reply_counts_although_a_folder_could_not_be_read(world: World, killed: bool) -> None:
    closed = AccountUnavailableError("MAILBOX_REFUSED", "Could not open 'Junk'.")
    mailbox = Scripted(folders={"INBOX": []}, on_wait=asyncio.Event().wait, problem=closed)
    await process(mailbox, lambda: LATER).check_once()  # an earlier process, which has just stopped
    assert (await MailboxAccount.get()).state == MailboxState.FAILED
    if killed:
        lease = {"owner": "killed", "lease_until": NOW, "retry_at": NOW}
        await MailboxAccount.all().update(**lease)
    email = await sent_email(world)
    mailbox.folders["INBOX"].append(IncomingMail("mail:1", reply(email.message_id), LATER))
    await run_until(world, mailbox, lambda: len(world.channel.left) > 0)
    assert world.channel.left == ["bob@example.com"]


async def test_a_stored_event_is_applied_before_the_next_email(world: World) -> None:
    email = await sent_email(world)
    await receive_events("webhook:test", [event(ReportedKind.UNSUBSCRIBED, email_id=email.id)], LATER)
    await run_until(world, Scripted(names=()), lambda: len(world.channel.left) > 0)
    assert world.channel.left == ["bob@example.com"]
    assert await IncomingEvent.filter(done_at__isnull=True).count() == 0


async def test_a_mailbox_that_fails_delays_nothing(world: World) -> None:
    def fail() -> None:
        raise AccountUnavailableError("CONNECTION_FAILED", "Nobody answers.")

    await run_until(world, Scripted(on_open=fail), lambda: len(world.channel.left) == 2)
    assert (await MailboxAccount.get()).state == MailboxState.FAILED


@on_sqlite
async def test_a_mailbox_that_does_not_come_to_an_end_delays_for_a_limited_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: MailBatch) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(tick, "ANSWERS_SECONDS", 0.5)
    mailbox = Scripted(folders={"INBOX": []}, on_batch=never)
    await run_until(world, mailbox, lambda: len(world.channel.left) == 2)


async def test_a_mailbox_that_was_read_shortly_before_delays_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as that of another process, or of a process that was killed a moment ago and still has its lease."""
    monkeypatch.setattr(tick, "ANSWERS_SECONDS", 3600.0)
    await mailboxes.add(["fake"])
    values = {"owner": "another", "lease_until": LATER + timedelta(seconds=30), "checked_at": LATER}
    await MailboxAccount.filter(account="fake").update(**values)
    await run_until(world, Scripted(), lambda: len(world.channel.left) == 2)
