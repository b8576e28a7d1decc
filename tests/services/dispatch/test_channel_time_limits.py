"""A channel that takes too long, or ignores that it is aborted, keeps no email."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import pytest

from api.models import AccountPause, Send
from api.services.dispatch import dispatcher
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.dispatch.send import session_runner
from api.states import SendStatus
from plugins.contract import Outcome, Outgoing, Receipt
from tests.services.dispatch.odd_channel import Ask, Odd, odd_of
from tests.services.world import NOW, World, make_world


@pytest.fixture
def database_kind() -> str:
    """What a channel does is met before any database: one of them is enough for so many mishaps."""
    return "sqlite"


@pytest.mark.parametrize("phase", ["before", "during"])
async def test_a_channel_that_takes_too_long_is_cut_off(
    database: str, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    world = await make_world(2)
    monkeypatch.setattr(session_runner, "SESSION_TIMEOUT_SECONDS", 3_600.0)
    hangs = asyncio.Event()

    async def hang(outgoing: Outgoing) -> None:
        if outgoing.recipient.startswith("ada"):
            hangs.set()
            await asyncio.Event().wait()

    setattr(world.channel, phase, hang)
    dispatcher = Dispatcher(world.runtime)
    await dispatcher.step(NOW)
    await hangs.wait()
    monkeypatch.setattr(session_runner, "SESSION_TIMEOUT_SECONDS", -1.0)
    (worker,) = dispatcher.workers.values()
    worker.cut_off()
    await dispatcher.drain()
    ada, bob = await Send.filter(planned_at=NOW).order_by("id")
    assert ada.status is (SendStatus.DEFERRED if phase == "before" else SendStatus.IN_DOUBT)
    assert bob.status is SendStatus.SENT


async def test_an_account_that_hangs_as_it_opens_waits(odd: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging:
        async def __aenter__(self) -> None:
            await asyncio.Event().wait()

        async def __aexit__(self, *_: object) -> None:
            return

    monkeypatch.setattr(session_runner, "SESSION_TIMEOUT_SECONDS", 0.01)
    monkeypatch.setattr(Odd, "connect", lambda self, config: Hanging())
    await run_once(odd.runtime, NOW)
    assert await AccountPause.filter(account="odd").count() == 1


async def test_a_channel_that_hides_its_being_cut_off_ends_no_worker(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(4)
    hangs, calls = asyncio.Event(), 0

    async def hides(_: Outgoing) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            hangs.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise RuntimeError("cut off") from None
        if calls == 2:
            raise asyncio.CancelledError

    world.channel.before = hides
    dispatcher = Dispatcher(world.runtime)
    await dispatcher.step(NOW)
    await hangs.wait()
    monkeypatch.setattr(session_runner, "SESSION_TIMEOUT_SECONDS", -1.0)
    (worker,) = dispatcher.workers.values()
    worker.cut_off()
    monkeypatch.setattr(session_runner, "SESSION_TIMEOUT_SECONDS", 900.0)
    await dispatcher.drain()
    assert (len(world.channel.left), worker.orphans) == (2, [])
    assert await Send.filter(status=SendStatus.DEFERRED, reason="UNEXPECTED").count() == 2


@dataclass
class Deaf:
    """Goes on whatever it is told, until a test lets it go."""

    asks: bool
    hears: asyncio.Event
    begun: asyncio.Event
    answered: asyncio.Event
    answer: bool | None = None

    async def deliver(self, outgoing: Outgoing, ask: Ask) -> Receipt:
        if self.asks:
            assert await ask()
        self.begun.set()
        while not self.hears.is_set():
            with suppress(asyncio.CancelledError):
                await self.hears.wait()
        if not self.asks:
            self.answer = await ask()
            self.answered.set()
        return Receipt(Outcome.SENT if self.asks or self.answer else Outcome.WITHDRAWN, "OK", "posted")


def deaf(world: World, *, asks: bool) -> Deaf:
    """Make a world's channel deaf."""
    channel = Deaf(asks, asyncio.Event(), asyncio.Event(), asyncio.Event())
    odd_of(world).deliver = channel.deliver  # type: ignore[method-assign]
    return channel


@pytest.mark.parametrize("asks", [True, False])
async def test_a_channel_that_does_not_heed_its_being_cut_off_keeps_no_email(
    odd: World, monkeypatch: pytest.MonkeyPatch, asks: bool
) -> None:
    channel = deaf(odd, asks=asks)
    dispatcher = Dispatcher(odd.runtime)
    await dispatcher.step(NOW)
    await channel.begun.wait()
    monkeypatch.setattr(session_runner, "SESSION_TIMEOUT_SECONDS", -1.0)
    monkeypatch.setattr(session_runner, "CUT_OFF_GRACE_SECONDS", 0.0)
    worker = next(each for each in dispatcher.workers.values() if each.account == "odd")
    worker.cut_off()
    worker.cut_off()
    await dispatcher.drain()
    send = await odd.send()
    assert send.status is (SendStatus.IN_DOUBT if asks else SendStatus.DEFERRED)
    (session,) = (task for task in asyncio.all_tasks() if "SessionRunner.run" in repr(task.get_coro()))
    channel.hears.set()
    await asyncio.wait([session])
    await dispatcher.drain()
    # What had not begun to leave may not leave any more.
    assert (await odd.send()).status is (SendStatus.IN_DOUBT if asks else SendStatus.DEFERRED)
    assert channel.answer is (None if asks else False)


async def test_an_email_that_is_cut_off_while_its_channel_asks_may_not_be_sent(
    odd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, dispatcher = list[bool](), Dispatcher(odd.runtime)

    async def deliver(outgoing: Outgoing, ask: Ask) -> Receipt:
        asking = asyncio.ensure_future(ask())
        await asyncio.sleep(0)  # it has asked, and nothing is committed
        monkeypatch.setattr(session_runner, "SESSION_TIMEOUT_SECONDS", -1.0)
        monkeypatch.setattr(session_runner, "CUT_OFF_GRACE_SECONDS", 0.0)
        worker = next(each for each in dispatcher.workers.values() if each.account == "odd")
        worker.cut_off()
        worker.cut_off()
        monkeypatch.undo()
        while not asking.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(asking)
        answers.append(asking.result())
        return Receipt(Outcome.SENT if answers[0] else Outcome.WITHDRAWN, "OK", "posted")

    odd_of(odd).deliver = deliver  # type: ignore[method-assign]
    await dispatcher.step(NOW)
    await dispatcher.drain()
    await asyncio.gather(*(task for task in asyncio.all_tasks() if "SessionRunner.run" in repr(task.get_coro())))
    await dispatcher.drain()
    assert answers == [False]
    assert (await odd.send()).status is SendStatus.DEFERRED


async def test_a_channel_that_does_not_heed_the_stop_gives_its_email_back(
    odd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = deaf(odd, asks=False)
    monkeypatch.setattr(dispatcher, "STOP_PATIENCE_SECONDS", 0.05)
    running = Dispatcher(odd.runtime)
    await running.step(NOW)
    await channel.begun.wait()
    await running.stop()
    assert (await odd.send()).status is SendStatus.SCHEDULED
    channel.hears.set()
    await channel.answered.wait()
    assert channel.answer is False
