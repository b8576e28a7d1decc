"""A channel that cancels its own worker delays no other account and loses no email."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from api.models import AccountPause, Send
from api.states import SendStatus
from plugins.contract import Outcome, Outgoing, Receipt
from tests.services.world import NOW, Scripted, World, make_world

Ask = Callable[[], Awaitable[bool]]


SOON = NOW + timedelta(seconds=30)


@dataclass
class Odd(Scripted):
    """A channel that answers, or breaks, as a test says, once it has asked or without asking."""

    answer: Any = None
    asks: bool = True
    breaks: BaseException | None = None
    opens: BaseException | None = None
    named: Any = "odd"
    at_once: Any = 1
    calls: int = 0

    key = "odd"

    def account(self, config: Mapping[str, Any]) -> str:
        return self._said(self.named)

    def sessions(self, config: Mapping[str, Any]) -> int:
        return self._said(self.at_once)

    def connect(self, config: Mapping[str, Any]) -> AbstractAsyncContextManager[Any]:
        if self.opens is not None:
            raise self.opens
        return super().connect(config)

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Ask) -> Receipt:
        self.calls += 1
        if self.asks:
            assert await about_to_transmit()
        if self.breaks is not None:
            raise self.breaks
        return self.answer  # type: ignore[no-any-return]

    @staticmethod
    def _said(value: Any) -> Any:
        if isinstance(value, BaseException):
            raise value
        return value


@pytest.fixture
def database_kind() -> str:
    """What a channel does is met before any database: one of them is enough for so many mishaps."""
    return "sqlite"


@pytest.fixture
async def odd(database: str) -> World:
    """One person who is due through the odd channel, and two through one that works, in one process."""
    other = await make_world(1)
    world = await make_world(2)
    channel = Odd()
    mine = await Send.filter(workspace_id=other.context.workspace_id).order_by("id").first()
    assert mine is not None
    await mine.fetch_related("sender")
    await type(mine.sender).filter(id=mine.sender_id).update(channel="odd")
    return World(other.context, world.through(channel), channel, other.enrollments)


async def outcome(world: World) -> tuple[SendStatus, str | None, int]:
    """Dispatch twice. The others' emails have left; returns status, reason and attempts of the odd channel's."""
    await world.tick()
    await world.tick(SOON)
    others = Send.filter(due_at__lte=NOW).exclude(workspace_id=world.context.workspace_id)
    assert await others.filter(status=SendStatus.SENT).count() == 2
    send = await world.send()
    return send.status, send.reason, send.attempts


def odd_of(world: World) -> Odd:
    assert isinstance(world.channel, Odd)
    return world.channel


def cancels_now() -> None:
    """Cancel the worker that calls."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("waits", [True, False], ids=["it is raised in the channel", "it is raised behind it"])
async def test_a_channel_that_cancels_its_worker_loses_no_email(odd: World, asks: bool, waits: bool) -> None:
    channel = odd_of(odd)

    async def deliver(outgoing: Outgoing, ask: Ask) -> Receipt:
        if asks:
            assert await ask()
        cancels_now()
        if waits:
            await asyncio.sleep(0)
        return Receipt(Outcome.SENT, "OK", "posted")

    channel.deliver = deliver  # type: ignore[method-assign]
    status, _, _ = await outcome(odd)
    broken = SendStatus.IN_DOUBT if asks else SendStatus.DEFERRED
    assert status is (broken if waits else SendStatus.SENT)


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_channel_that_cancels_its_worker_later_leaves_nothing_claimed(database: str, leaves: bool) -> None:
    world = await make_world(40)
    cancelled = 0

    async def deliver(outgoing: Outgoing) -> None:
        nonlocal cancelled
        task = asyncio.current_task()
        assert task is not None
        if cancelled < 5:
            cancelled += 1
            asyncio.get_running_loop().call_soon(task.cancel)
        if leaves:
            await asyncio.sleep(0)

    world.channel.during = deliver
    await world.tick()
    await world.tick(SOON)
    assert not await Send.filter(status__in=(SendStatus.CLAIMED, SendStatus.TRANSMITTING)).exists()
    if leaves:  # else the account waits a while: nobody knows by which email it was cancelled
        assert await Send.filter(status=SendStatus.SENT).count() == 35


async def test_an_account_that_cancels_its_worker_as_it_opens_waits(odd: World) -> None:
    class Cancelling:
        async def __aenter__(self) -> None:
            cancels_now()
            await asyncio.sleep(0)

        async def __aexit__(self, *_: object) -> None:
            pass

    odd_of(odd).connect = lambda config: Cancelling()  # type: ignore[method-assign,assignment,return-value]
    assert await outcome(odd) == (SendStatus.SCHEDULED, "UNEXPECTED", 0)
    assert await AccountPause.filter(account="odd").count() == 1
