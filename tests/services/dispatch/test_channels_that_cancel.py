"""A channel that cancels its own worker delays no other account and loses no email."""

import asyncio

import pytest

from api.models import AccountPause, Send
from api.states import SendStatus
from plugins.contract import Outcome, Outgoing, Receipt
from tests.services.dispatch.odd_channel import SOON, Ask, odd_of, outcome
from tests.services.world import World, make_world


@pytest.fixture
def database_kind() -> str:
    """What a channel does is met before any database: one of them is enough for so many mishaps."""
    return "sqlite"


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
