"""Accounts in trouble: who waits, for how long, and who does not."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest

from api.models import AccountPause, Person, Send, Sender, Workspace
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.dispatch.send import session_runner
from api.services.workspaces.account_pausing import end_pause
from api.services.workspaces.account_users import senders_of_account
from api.services.workspaces.senders import are_accounts_shared, create_sender, end_account_pause, update_sender
from api.states import SendStatus
from api.store.dispatch import account_pauses, transmissions
from api.tick import Ticker
from plugins.contract import AccountUnavailableError, Outcome, Outgoing, Session
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.world import NOW, Scripted, World, make_world

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database: str) -> World:
    """Thirty people who are due now, on both databases."""
    return await make_world(30)


async def test_a_success_in_any_process_ends_the_row_of_failures(world: World) -> None:
    await account_pauses.pause("scripted", NOW - 2 * MINUTE, "CONNECTION_FAILED", "Nobody answered another process.")
    dispatcher = Dispatcher(world.runtime)
    for row in await transmissions.senders_with_waiting_emails(None):
        worker = await dispatcher._worker(*dispatcher._channel(row, None), row["id"])
        worker.may_have_failures = False  # it has worked here all the time
    await dispatcher.step(NOW)
    await dispatcher.drain()
    assert len(world.channel.left) == 30
    assert await AccountPause.all().count() == 0


@on_sqlite
async def test_doubts_in_a_row_let_the_account_wait(world: World) -> None:
    world.channel.outcome = Outcome.IN_DOUBT
    await run_once(world.runtime, NOW)
    assert await Send.filter(status=SendStatus.IN_DOUBT).count() == session_runner.MAX_DOUBTS_IN_A_ROW
    assert (await AccountPause.get()).code == "DOUBTS_IN_A_ROW"
    world.channel.left.clear()
    world.channel.outcome = Outcome.SENT
    await run_once(world.runtime, NOW + MINUTE)
    assert len(world.channel.left) == 30 - session_runner.MAX_DOUBTS_IN_A_ROW


async def test_a_process_that_cannot_use_an_account_leaves_it_to_the_others(world: World) -> None:
    here = Dispatcher(world.through(Unset()))
    await here.step(NOW)
    await here.drain()
    assert await AccountPause.all().count() == 0
    assert (await world.send()).reason == "NOT_CONFIGURED"
    counts = await here.step(NOW)
    assert counts.claimed == 0, "for a minute"
    assert counts.next_at is not None
    assert NOW < counts.next_at <= NOW + MINUTE
    await run_once(world.runtime, NOW)
    assert len(world.channel.left) == 30


class Unset(Scripted):
    """An account without its setting."""

    def connect(self, config: Mapping[str, Any]) -> AbstractAsyncContextManager[Session]:
        raise AccountUnavailableError("NOT_CONFIGURED", "TOUCHLINE_SMTP_URL is not set.", here=True)


class Locking(Scripted):
    """A server that counts logins, as those that lock accounts do. Each takes a while."""

    logins, most, open, accepts = 0, 0, 0, False

    def sessions(self, config: Mapping[str, Any]) -> int:
        return 10

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        self.logins += 1
        await asyncio.sleep(0)
        if not self.accepts:
            raise AccountUnavailableError("LOGIN_REFUSED", "Could not log in.")
        self.open += 1
        self.most = max(self.most, self.open)
        yield self
        self.open -= 1


async def test_a_wrong_password_is_tried_once_in_each_pause(world: World) -> None:
    server = Locking()
    for attempt in range(1, 4):
        now = NOW if attempt == 1 else (await AccountPause.get()).until
        await run_once(replace(world.through(server), clock=lambda: now), now)  # noqa: B023
        assert (server.logins, (await AccountPause.get()).failures) == (attempt, attempt)
    server.accepts, now = True, (await AccountPause.get()).until
    await run_once(replace(world.through(server), clock=lambda: now), now)
    assert len(server.left) == 30
    assert server.most == 10, "the other sessions follow the first"


@on_sqlite
async def test_all_senders_of_such_an_account_are_left_to_the_others(world: World) -> None:
    await make_world(2)
    here = Dispatcher(world.through(Unset()))
    await here.step(NOW)
    await here.drain()
    assert await Send.filter(status=SendStatus.CLAIMED).count() == 0
    (worker,) = here.workers.values()
    assert (len(worker.queue), len(worker.sessions)) == (0, 0)


async def test_doing_all_that_is_due_ends_where_an_account_cannot_be_used(world: World) -> None:
    async with asyncio.timeout(60):
        await Ticker(world.through(Unset()), lambda: NOW, 60).until_idle()
    assert await Send.filter(status=SendStatus.SCHEDULED, due_at=NOW).count() == 30


@on_sqlite
async def test_a_follow_up_that_waits_says_nothing_of_its_account(database: str) -> None:
    world = await make_world(3, day=1, follow_up=True)

    async def refuses(_: Outgoing) -> None:
        raise AccountUnavailableError("SMTP_421", "Not now.")

    world.channel.before, until = refuses, NOW
    for failures in range(1, 5):
        await run_once(replace(world.runtime, clock=lambda: until), until)  # noqa: B023
        pause = await AccountPause.get()
        assert pause.failures == failures
        until = pause.until


async def test_what_another_process_left_in_transmission_is_logged_and_counted(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "touchline.dispatch")
    send = await world.send()
    gone = {"status": SendStatus.TRANSMITTING, "attempt_id": "att_gone", "lease_until": NOW - MINUTE}
    await Send.filter(id=send.id).update(**gone)
    await run_once(world.runtime, NOW)
    assert f"the email {send.id}: IN_DOUBT" in caplog.text
    counted = generate_latest(world.runtime.metrics.registry).decode()
    assert 'touchline_outcomes_total{channel="scripted",outcome="IN_DOUBT"} 1.0' in counted


async def in_trouble(world: World, at: datetime) -> None:
    """Let the account be in trouble with the first email that it is given, and work from then on."""

    async def refuses(_: Outgoing) -> None:
        world.channel.before = None
        raise AccountUnavailableError("SMTP_421", "Not now.")

    world.channel.before = refuses
    await run_once(replace(world.runtime, clock=lambda: at), at)
    assert (await AccountPause.get()).until == at + MINUTE


async def test_ending_a_pause_lets_the_email_go_that_caused_it(world: World) -> None:
    other = await make_world(2)  # a sender of another workspace, of an account of its own
    await Sender.filter(id=(await other.send()).sender_id).update(channel="outbox")
    await Send.filter(step__number=1, sender_id__not=(await world.send()).sender_id).update(due_at=NOW + MINUTE)
    await in_trouble(world, NOW)
    assert world.channel.left == []
    tried_again = await Send.filter(sender_id=(await world.send()).sender_id, step__number=2).first()
    assert tried_again is not None
    deferred = {"status": SendStatus.DEFERRED, "reason": "SMTP_451", "due_at": NOW + MINUTE / 2, "attempts": 1}
    await Send.filter(id=tried_again.id).update(**deferred)
    now = NOW + timedelta(seconds=5)
    later = replace(world.runtime, clock=lambda: now)
    await end_account_pause(later.context(world.context.workspace), (await world.send()).sender_id)
    await run_once(later, now)
    assert sorted(world.channel.left) == sorted(await addresses(world))
    assert (await Send.get(id=tried_again.id)).due_at == NOW + MINUTE / 2, "what the server has put off stays put off"
    assert await Send.filter(due_at=NOW + MINUTE).count() == 2, "and so does what other accounts have"


async def addresses(world: World) -> list[str]:
    people = await Person.filter(workspace_id=world.context.workspace_id).values_list("email", flat=True)
    return [str(each) for each in people]


@on_sqlite
async def test_a_pause_that_ends_by_itself_lets_it_go_a_minute_later(world: World) -> None:
    await in_trouble(world, NOW)
    for seconds, left in ((59, 0), (60, 30)):
        now = NOW + timedelta(seconds=seconds)
        await run_once(replace(world.runtime, clock=lambda: now), now)  # noqa: B023
        assert len(world.channel.left) == left


@on_sqlite
async def test_a_pause_of_an_account_that_others_use_is_not_ones_own(world: World) -> None:
    account = "scripted:shared"
    world.channel.account = lambda config: account  # type: ignore[method-assign]
    other = await make_world(2)
    await account_pauses.pause(account, NOW, "SMTP_421", "Not now.")
    for each in (world, other):
        context = world.runtime.context(each.context.workspace)
        with pytest.raises(Refusal) as refused:
            await end_account_pause(context, (await each.send()).sender_id)
        assert (refused.value.code, refused.value.path) == ("ACCOUNT_SHARED", ("id",))
        assert await are_accounts_shared(context, [account, "smtp"]) == [True, False]
    assert await AccountPause.all().count() == 1
    assert await end_pause(account, await senders_of_account(world.runtime.installed, account), NOW)
    assert await AccountPause.all().count() == 0
    assert not await end_pause(account, await senders_of_account(world.runtime.installed, account), NOW)


async def test_an_account_that_is_not_allowed_any_more_lets_nothing_leave(world: World) -> None:
    await make_world(2)
    await Workspace.filter(id=world.context.workspace_id).update(accounts=["smtp:SALES"])
    await run_once(world.runtime, NOW)
    assert len(world.channel.left) == 2, "the other workspace's"
    failed = await Send.filter(workspace_id=world.context.workspace_id, status=SendStatus.FAILED)
    assert {(row.reason, "touchline accounts allow" in row.detail) for row in failed} == {("ACCOUNT_NOT_ALLOWED", True)}
    assert len(failed) == 30


async def test_only_allowed_accounts_can_be_chosen(world: World) -> None:
    await Workspace.filter(id=world.context.workspace_id).update(accounts=["smtp:SALES"])
    context = world.runtime.context(await Workspace.get(id=world.context.workspace_id))
    smtp = {"name": "A", "zone": "UTC", "channel": "smtp"}
    made = await create_sender(context, email="a@example.com", channel_config={"account": "SALES"}, **smtp)
    for config in ({}, {"account": "OTHER"}):
        for act in (
            create_sender(context, email="b@example.com", channel_config=config, **smtp),
            update_sender(context, made.id, channel_config=config),
        ):
            with pytest.raises(Refusal) as refused:
                await act
            assert (refused.value.code, refused.value.path) == ("ACCOUNT_NOT_ALLOWED", ("channelConfig",))
    await update_sender(context, made.id, name="Ann")
    assert (await Sender.get(id=made.id)).name == "Ann"
