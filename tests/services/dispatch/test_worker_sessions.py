"""Workers open as many sessions as they need, and give back what they claimed when they stop."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asyncpg.exceptions import ConnectionDoesNotExistError

from api.models import Send
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.dispatch.send import claim_ahead
from api.states import SendStatus
from api.store.dispatch import account_pauses, claims, transmissions
from plugins.contract import Outgoing
from tests.services.world import NOW, Scripted, World, make_world

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database: str) -> World:
    """Thirty people who are due now, on both databases."""
    return await make_world(30)


async def due(status: SendStatus) -> int:
    return await Send.filter(due_at__lte=NOW, status=status).count()


async def test_a_pass_that_is_abandoned_gives_back_what_it_claimed(world: World) -> None:
    begun = asyncio.Event()

    async def hangs(_: Outgoing) -> None:
        begun.set()
        await asyncio.Event().wait()

    world.channel.before = hangs
    abandoned = asyncio.create_task(run_once(world.runtime, NOW))
    await begun.wait()
    abandoned.cancel()
    await asyncio.gather(abandoned, return_exceptions=True)
    assert await due(SendStatus.SCHEDULED) == 30
    world.channel.before = None
    await run_once(world.runtime, NOW)
    assert await due(SendStatus.SENT) == 30


async def test_one_senders_trouble_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = await make_world(5)
    load = Batch.load

    async def breaks(runtime: Any, now: Any, sender: Any, sends: Any, account: str) -> Batch:
        if sender["workspace_id"] == world.context.workspace_id:
            raise ConnectionDoesNotExistError("cut")
        return await load(runtime, now, sender, sends, account)

    monkeypatch.setattr(Batch, "load", breaks)
    dispatcher = Dispatcher(replace(world.runtime, installed=other.runtime.installed))
    with pytest.raises(ConnectionDoesNotExistError):
        await dispatcher.step(NOW)
    await dispatcher.drain()
    assert len(other.channel.left) == 5


async def test_a_worker_that_has_ended_is_none(world: World) -> None:
    dispatcher = Dispatcher(world.runtime)
    (sender,) = await transmissions.senders_with_waiting_emails(None)
    first, second, *_ = await claims.claim(sender["id"], NOW, NOW + MINUTE, 10)
    batch = await Batch.load(world.runtime, NOW, sender, [first, second], "scripted")
    account = await dispatcher._worker(*dispatcher._channel(sender, None), sender["id"])
    account.add([Delivery(first, batch)])
    (session,) = account.sessions
    while not session.done():  # noqa: ASYNC110 - the very round in which it ends
        await asyncio.sleep(0)
    account.add([Delivery(second, batch)])
    await dispatcher.drain()
    assert len(world.channel.left) == 2


async def test_stopping_while_an_account_is_being_paused_keeps_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.channel.down = True
    asked = asyncio.Event()

    async def slow(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(account_pauses, "pause", slow)
    dispatcher = Dispatcher(world.runtime, linger=1)
    await dispatcher.step(NOW)
    await asked.wait()
    await dispatcher.stop()
    assert await due(SendStatus.SCHEDULED) == 30


async def send_all(world: World) -> None:
    """Send the thirty emails, with steps whenever a session wants more emails."""
    hungry = asyncio.Event()
    dispatcher = Dispatcher(replace(world.runtime, wake_own_loop=hungry.set), linger=600)
    async with asyncio.timeout(30):
        while await due(SendStatus.SENT) < 30:
            hungry.clear()
            if (await dispatcher.step(NOW)).idle and await due(SendStatus.SCHEDULED):
                await hungry.wait()  # and not for the session's patience to end
            await asyncio.sleep(0)
    await dispatcher.stop()


async def test_a_channel_of_more_sessions_than_are_claimed_ahead_waits_for_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_ahead, "MAX_EMAILS_AHEAD", 4)
    monkeypatch.setattr(claim_ahead, "MIN_EMAILS_AHEAD", 4)
    monkeypatch.setattr(Scripted, "sessions", lambda *_: 9)
    await send_all(world)
    assert sorted(world.channel.left) == sorted(set(world.channel.left))


async def test_the_queue_is_refilled_when_half_of_it_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_ahead, "MAX_EMAILS_AHEAD", 8)
    monkeypatch.setattr(claim_ahead, "MIN_EMAILS_AHEAD", 8)
    monkeypatch.setattr(Scripted, "sessions", lambda *_: 1)
    claimed: list[int] = []
    claim = claims.claim

    async def counting(*arguments: Any) -> Any:
        found = await claim(*arguments)
        claimed.append(len(found))
        return found

    monkeypatch.setattr(claims, "claim", counting)
    await send_all(world)
    assert claimed[0] == 9, "one for the session and eight for the queue"
    assert sum(claimed) == 30
    assert all(4 <= number <= 9 for number in claimed if number != claimed[-1]), claimed


async def test_what_comes_later_wakes_as_many_sessions_as_it_needs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "sessions", lambda *_: 5)
    first = sorted(await Send.filter(due_at=NOW).values_list("id", flat=True))
    await Send.filter(id__in=first[5:]).update(due_at=NOW + 2 * MINUTE)
    await Send.filter(id=first[5]).update(due_at=NOW + MINUTE)
    opened, closed = 0, 0

    @asynccontextmanager
    async def connect(self: Scripted, _: Mapping[str, Any]) -> AsyncIterator[Scripted]:
        nonlocal opened, closed
        opened += 1
        try:
            yield self
        finally:
            closed += 1

    monkeypatch.setattr(Scripted, "connect", connect)
    dispatcher = Dispatcher(world.runtime, linger=600)

    async with asyncio.timeout(30):
        for now, sent in ((NOW, 5), (NOW + MINUTE, 6)):
            await dispatcher.step(now)
            while await Send.filter(status=SendStatus.SENT).count() < sent:
                pass
            assert (opened, closed) == (5, 0), "the sessions that wait take what comes, and stay for more"
    await dispatcher.stop()
    assert closed == 5
