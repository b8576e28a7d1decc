"""No email waits for a package that plans another email: what asks packages runs beside the loop."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from api.models import Send
from api.services.dispatch import dispatcher as dispatcher_module
from api.services.dispatch.claim import asking_again
from api.services.dispatch.dispatcher import Dispatcher
from api.services.dispatch.settle import outcome_writer
from api.states import SendStatus
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.services.dispatch.test_allowed_times import Office, at, later, launched, present
from tests.services.world import NOW, World, make_world

pytestmark = on_sqlite
PATIENCE_SECONDS = 60.0


class Gate:
    """Stands for a package that does not answer before the gate is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that waits at the gate first."""

        async def wait(*args: Any, **options: Any) -> Any:
            self.reached.set()
            await self.opened.wait()
            return await function(*args, **options)

        return wait


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(1)


@pytest.fixture
def gate() -> Gate:
    return Gate()


def isolate(world: World) -> None:
    """Let the dispatcher know that a package has send options."""
    world.runtime.installed.send_options.isolated = frozenset({"office"})


async def sent(world: World) -> asyncio.Event:
    """Return an event that is set when an email is sent."""
    event = asyncio.Event()

    async def during(_: Outgoing) -> None:
        event.set()

    world.channel.during = during
    return event


async def test_an_email_whose_option_is_asked_again_delays_no_other(
    world: World, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office()
    office.days = 1
    send_id = await launched(world, office)
    isolate(world)
    await Send.filter(planned_at=NOW, status=SendStatus.SENT).update(status=SendStatus.SCHEDULED)
    monkeypatch.setattr(asking_again, "plan_again", gate.before(asking_again.plan_again))
    world = later(world, at(3, 6))
    other_sent = await sent(world)
    async with asyncio.timeout(PATIENCE_SECONDS):
        stopped = Dispatcher(world.runtime, linger=0.1)
        await stopped.step(at(3, 6))
        await gate.reached.wait()
        await other_sent.wait()
        assert world.channel.left == ["ada@example.com"]
        assert (await Send.get(id=send_id)).status == SendStatus.CLAIMED
        # A process that stops leaves the email to the next one.
        await stopped.stop()
        assert (await present(send_id))[::2] == (SendStatus.SCHEDULED, 0)
        asked = Dispatcher(world.runtime, linger=0.1)
        await asked.step(at(3, 6))
        gate.opened.set()
        await asked.drain()
        await asked.stop()
    assert await present(send_id) == (SendStatus.SCHEDULED, at(3, 9), 0, "OUTSIDE_ALLOWED_TIMES")
    assert dict(asked.outcomes) == {"WITHDRAWN": 1}
    assert world.channel.left == ["ada@example.com"]


async def test_a_step_does_not_wait_for_the_expiry_of_tasks(
    world: World, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def expire(*_: Any) -> int:
        return 3

    isolate(world)
    monkeypatch.setattr(dispatcher_module, "expire_all", gate.before(expire))
    monkeypatch.setattr(dispatcher_module, "MAX_EXPIRY_WAIT_SECONDS", 0.0)
    email_sent = await sent(world)
    async with asyncio.timeout(PATIENCE_SECONDS):
        loop = Dispatcher(world.runtime, linger=0.1, recover_every=0.0)
        assert (await loop.step(NOW)).expired_tasks == 0
        await gate.reached.wait()
        await email_sent.wait()
        # A single pass waits, because nobody would look at the result later.
        single = asyncio.create_task(Dispatcher(world.runtime).step(NOW))
        gate.opened.set()
        assert (await single).expired_tasks == 3
        assert (await loop.step(NOW)).expired_tasks == 3
        await loop.drain()
        await loop.stop()
    assert world.channel.left == ["ada@example.com"]


async def test_the_outcome_of_a_tasks_email_delays_no_other(
    database: str, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(2)
    isolate(world)
    by_hand, other = await Send.filter(planned_at=NOW).prefetch_related("person").order_by("id")
    await Send.filter(id=by_hand.id).update(by_hand=True)
    commit = outcome_writer.commit

    async def plan_next_steps(runtime: Any, done: Any, asking: Any) -> Any:
        plans = any(delivery.send.id == by_hand.id for delivery, _ in done)
        return await (gate.before(commit) if plans else commit)(runtime, done, asking)

    async def wait_for_the_first(outgoing: Outgoing) -> None:
        if outgoing.recipient == other.person.email:
            await gate.reached.wait()

    monkeypatch.setattr(outcome_writer, "commit", plan_next_steps)
    world.channel.before = wait_for_the_first
    both_sent = asyncio.Event()

    async def during(outgoing: Outgoing) -> None:
        if outgoing.recipient == other.person.email:
            both_sent.set()

    world.channel.during = during
    async with asyncio.timeout(PATIENCE_SECONDS):
        loop = Dispatcher(world.runtime, linger=0.1)
        await loop.step(NOW)
        await both_sent.wait()
        assert (await Send.get(id=by_hand.id)).status == SendStatus.TRANSMITTING
        gate.opened.set()
        await loop.drain()
        await loop.stop()
    assert await Send.filter(id__in=[by_hand.id, other.id], status=SendStatus.SENT).count() == 2
