"""Emails are prepared while sessions wait, and a session sends what was prepared."""

import asyncio
import gc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api.models import Send
from api.services.dispatch.claim import batch_rendering
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.dispatcher import Dispatcher
from api.services.dispatch.send import preparing_ahead
from api.services.dispatch.send.delivery_queue import DeliveryQueue
from api.services.dispatch.send.preparing_ahead import PreparingAhead
from api.states import SendStatus
from api.store.dispatch import claims, transmissions
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.engine.sql import execute
from plugins.contract import Outgoing
from tests.services.world import NOW, Scripted, World, make_world


class OneSession(Scripted):
    """A channel with one connection."""

    def sessions(self, config: Any) -> int:
        return 1


class Dispatch:
    """A dispatcher whose channel stops in its first email, until ``go`` is set."""

    def __init__(self, world: World) -> None:
        self.stopped, self.go = asyncio.Event(), asyncio.Event()
        self.channel = OneSession(during=self._stop)
        self.dispatcher = Dispatcher(world.through(self.channel))

    async def _stop(self, outgoing: Outgoing) -> None:
        self.stopped.set()
        await self.go.wait()

    async def until_stopped(self) -> list[Delivery]:
        """Claim the emails, and return those that wait once the first one is being sent and nothing is prepared."""
        await self.dispatcher.step(NOW)
        await self.stopped.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        (worker,) = self.dispatcher.workers.values()
        return worker.queue.deliveries()

    async def finish(self) -> None:
        self.go.set()
        await self.dispatcher.drain()


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(10)


async def test_a_session_sends_what_was_prepared_while_it_waited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dispatch = Dispatch(world)
    waiting = await dispatch.until_stopped()
    assert len(waiting) == 9
    assert all(each.prepared is not None and each.content is not None for each in waiting)

    async def fails(*_: object) -> None:
        raise AssertionError("the email was rendered again")

    monkeypatch.setattr(Batch, "write", fails)
    await dispatch.finish()
    assert len(set(dispatch.channel.left)) == len(dispatch.channel.left) == 10
    assert not any(each.prepared for each in waiting), "a sent email stays in memory"
    stored = await execute("SELECT count(*) AS number FROM sent_content")
    assert stored[0]["number"] == 10


async def test_at_most_so_many_emails_are_prepared(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing_ahead, "MAX_PREPARED_EMAILS", 3)
    dispatch = Dispatch(world)
    waiting = await dispatch.until_stopped()
    assert [each.prepared is not None for each in waiting] == [True] * 3 + [False] * 6
    await dispatch.finish()
    assert len(set(dispatch.channel.left)) == 10


async def test_a_large_email_is_not_kept_in_memory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing_ahead, "MAX_PREPARED_BYTES", 10)
    dispatch = Dispatch(world)
    assert not any(each.prepared for each in await dispatch.until_stopped())
    await dispatch.finish()
    assert len(set(dispatch.channel.left)) == 10


async def test_the_session_handles_an_email_that_cannot_be_prepared(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, fails = Batch.order, set[str]()

    def breaks(self: Batch, send: ClaimedEmail) -> Any:
        if send.id in fails:
            raise ValueError("broken")
        return order(self, send)

    monkeypatch.setattr(Batch, "order", breaks)
    fails.add((await Send.filter(due_at__lte=NOW).order_by("-due_at", "-id"))[0].id)
    dispatch = Dispatch(world)
    waiting = await dispatch.until_stopped()
    assert [each.send.id for each in waiting if each.prepared is None] == [*fails]
    await dispatch.finish()
    assert len(set(dispatch.channel.left)) == 9
    assert await Send.filter(status=SendStatus.SENT, id__in=fails).count() == 0


async def test_slow_emails_are_left_to_the_session(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_slow(work: Callable[..., object], *_: object) -> object:
        raise batch_rendering.SlowWorkError

    monkeypatch.setattr(batch_rendering, "run_quick", is_slow)
    dispatch = Dispatch(world)
    assert not any(each.prepared for each in await dispatch.until_stopped())
    await dispatch.finish()
    assert len(set(dispatch.channel.left)) == 10


def delivery() -> Any:
    nothing: Any = None
    return Delivery(nothing, nothing)


def test_the_queue_gives_each_delivery_once_for_preparing() -> None:
    queue, first, second, third = DeliveryQueue(0.0), delivery(), delivery(), delivery()
    queue.add([first, second])
    assert queue.next_unprepared(1) is first
    assert queue.next_unprepared(1) is None
    assert queue.take(1) == [first]
    assert queue.next_unprepared(1) is second
    queue.add([third])
    queue.remove([second])
    assert queue.next_unprepared(2) is third
    assert queue.next_unprepared(2) is None
    queue.take_all()
    assert not queue.has_unprepared(2)


async def test_accounts_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[Delivery] = []
    monkeypatch.setattr(preparing_ahead, "prepare_ahead", prepared.append)
    queues = DeliveryQueue(0.0), DeliveryQueue(0.0)
    large, small = [delivery() for _ in range(5)], [delivery() for _ in range(2)]
    preparing = PreparingAhead()
    for queue, deliveries in zip(queues, (large, small), strict=True):
        queue.add(deliveries)
        preparing.wake(queue)
        preparing.wake(queue)
    await asyncio.sleep(0)
    assert list(map(id, prepared)) == list(map(id, [large[0], small[0], large[1], small[1]]))
    assert len(prepared) == preparing_ahead.EMAILS_PER_TURN
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert list(map(id, prepared[4:])) == list(map(id, large[2:]))


async def test_a_batch_leaves_memory_without_a_garbage_collection(world: World) -> None:
    (sender,) = await transmissions.senders_with_waiting_emails(None)
    claimed = await claims.claim(sender["id"], NOW, NOW + timedelta(minutes=1), 10)
    batch = await Batch.load(world.runtime, NOW, sender, claimed, "scripted")
    batch.emails.expect(claimed)
    enabled = gc.isenabled()
    gc.disable()
    try:
        for each in claimed:
            batch.write_ahead(each)
        place = id(batch)
        del batch
        assert not [each for each in gc.get_objects() if id(each) == place and isinstance(each, Batch)]
    finally:
        if enabled:
            gc.enable()
