"""Throttles, pauses, doubts and stopping, with several dispatchers on one database."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from asyncpg.exceptions import ConnectionDoesNotExistError

from api.models import AccountPause, Campaign, Event, Send, Sender
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.emails.emails import resolve_in_doubt
from api.states import SendStatus
from api.store.dispatch import account_pauses
from plugins.contract import Outcome, Outgoing
from tests.services.world import NOW, Scripted, World, make_world, with_channel

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database: str) -> World:
    """On both databases."""
    return await make_world(30)


async def passes(world: World, at: datetime, count: int = 3) -> None:
    """Let several processes tick at the same moment."""
    runtime = replace(world.runtime, clock=lambda: at)
    await asyncio.gather(*(run_once(runtime, at) for _ in range(count)))


def most_in_any(span: timedelta, times: list[datetime]) -> int:
    return max(sum(start <= other < start + span for other in times) for start in times)


async def test_a_throttle_holds_for_all_processes_together(world: World) -> None:
    await Sender.all().update(throttle_emails=5, throttle_seconds=60)
    left: list[datetime] = []
    for seconds in range(0, 200, 7):
        at, before = NOW + timedelta(seconds=seconds), len(world.channel.left)
        await passes(world, at)
        left += [at] * (len(world.channel.left) - before)
    assert most_in_any(MINUTE, left) == 5
    assert len(left) == 5 * 4, "and nothing waits longer than the throttle asks: 0, 63, 126 and 189 s"
    assert await Send.filter(status=SendStatus.SCHEDULED, due_at=NOW).count() == 10
    assert await Send.filter(attempts__gt=0).count() == 0


async def test_a_daily_cap_holds_for_any_24_hours(world: World) -> None:
    await Sender.all().update(throttle_emails=5, throttle_seconds=60, daily_cap=7)
    for hours in (0, 1, 2, 23):
        await passes(world, NOW + timedelta(hours=hours))
    assert len(world.channel.left) == 7
    await passes(world, NOW + timedelta(hours=24, seconds=1))
    assert len(world.channel.left) == 12, "those of the first minute have left the window"


async def test_a_throttled_sender_says_when_it_goes_on(world: World) -> None:
    await Sender.all().update(throttle_emails=5, throttle_seconds=60)
    await passes(world, NOW, 1)
    counts = await run_once(world.runtime, NOW)
    assert (counts.claimed, counts.next_at) == (0, NOW + MINUTE)


async def test_an_email_under_way_counts_until_its_answer(world: World) -> None:
    await Sender.all().update(throttle_emails=1, throttle_seconds=60)
    later = NOW + timedelta(minutes=5)

    async def another_process(outgoing: Outgoing) -> None:
        if len(world.channel.left) == 1:
            await run_once(replace(world.runtime, clock=lambda: NOW + timedelta(seconds=30)), later)

    world.channel.during = another_process
    await world.tick()
    assert len(world.channel.left) == 1


async def test_a_slow_account_holds_up_no_other(world: World) -> None:
    fast = Scripted()
    fast.key = "fast"  # type: ignore[misc]
    installed = world.runtime.installed
    runtime = replace(world.runtime, installed=with_channel(installed, fast))
    sender = await Sender.get()
    other = await Sender.create(
        id="sdr_other", workspace_id=sender.workspace_id, name="O", email="o@example.com", zone="UTC",
        channel="fast", created_at=NOW,
    )  # fmt: skip
    ids = await Send.filter(due_at=NOW).order_by("-id").limit(10).values_list("id", flat=True)
    await Send.filter(id__in=list(ids)).update(sender_id=other.id)
    done = asyncio.Event()

    async def count(outgoing: Outgoing) -> None:
        if len(fast.left) == 10:
            done.set()

    async def wait(outgoing: Outgoing) -> None:
        await done.wait()

    fast.during, world.channel.during = count, wait
    async with asyncio.timeout(60):
        await run_once(runtime, NOW)
    assert (len(fast.left), len(world.channel.left)) == (10, 20)


async def test_an_account_in_trouble_waits_longer_each_time(world: World) -> None:
    waits, now = [], NOW
    for _ in range(6):
        paused = await account_pauses.pause("acc", now, "CONNECTION_FAILED", "Nobody answers.")
        assert paused is not None
        assert paused.is_first == (now == NOW)
        until = paused.until
        assert await account_pauses.pause("acc", now, "CONNECTION_FAILED", "seen by another process") is None
        assert await account_pauses.pauses_by_account() == {"acc": (now, until)}
        waits.append((until - now) / MINUTE)
        now = until
    assert waits == [1, 2, 4, 8, 15, 15]
    await account_pauses.delete_pause("acc")
    assert await AccountPause.all().count() == 0


async def test_a_paused_account_is_left_alone_by_every_process(world: World) -> None:
    world.channel.down = True
    await passes(world, NOW)
    (pause,) = await AccountPause.all()
    assert (pause.code, pause.failures, pause.until) == ("CONNECTION_FAILED", 1, NOW + MINUTE)
    world.channel.down = False
    await passes(world, NOW + timedelta(seconds=59))
    assert world.channel.left == []
    await passes(world, NOW + MINUTE)
    assert len(world.channel.left) == 30
    assert await AccountPause.all().count() == 0


async def kinds(send_id: str) -> list[Any]:
    return await Event.filter(send_id=send_id).order_by("id").values_list("kind", flat=True)


async def test_a_late_answer_settles_a_doubt(world: World) -> None:
    async def another_process_after_the_lease(outgoing: Outgoing) -> None:
        world.channel.during = None
        await passes(world, NOW + 2 * MINUTE, 1)
        assert (await Send.get(id=outgoing.send_id)).status is SendStatus.IN_DOUBT

    world.channel.during = another_process_after_the_lease
    await world.tick()
    send = await world.send()
    assert (send.status, send.attempt_id) == (SendStatus.SENT, None)
    assert await kinds(send.id) == ["EMAIL_IN_DOUBT", "EMAIL_SENT"]
    assert len(world.channel.left) == len(set(world.channel.left)) == 30


async def test_a_late_answer_never_touches_the_next_attempt(world: World) -> None:
    async def resent_meanwhile(outgoing: Outgoing) -> None:
        world.channel.during = None
        await passes(world, NOW + 2 * MINUTE, 1)
        await resolve_in_doubt(world.context, outgoing.send_id, "RESEND")
        world.channel.outcome = Outcome.FAILED
        await passes(world, NOW + 3 * MINUTE, 1)
        world.channel.outcome = Outcome.SENT

    world.channel.during = resent_meanwhile
    await world.tick()
    assert (await world.send()).status is SendStatus.FAILED


@pytest.mark.parametrize(("allowed", "left"), [(0, 1), (1, 2), (3, 4)])
async def test_doubts_are_resent_only_as_often_as_the_campaign_allows(world: World, allowed: int, left: int) -> None:
    await Send.exclude(id=(await world.send()).id).update(status=SendStatus.FAILED)
    await Campaign.all().update(in_doubt_resends=allowed)
    world.channel.outcome = Outcome.IN_DOUBT
    for minutes in range(0, 120, 5):
        await passes(world, NOW + minutes * MINUTE)
    send = await world.send()
    assert (len(world.channel.left), send.status, send.doubts) == (left, SendStatus.IN_DOUBT, allowed)
    assert await Event.filter(send_id=send.id, kind="EMAIL_IN_DOUBT").count() == left


async def test_stopping_gives_back_what_has_not_begun_and_finishes_what_has(world: World) -> None:
    under_way, answer = asyncio.Event(), asyncio.Event()

    async def hold(outgoing: Outgoing) -> None:
        under_way.set()
        await answer.wait()

    world.channel.during = hold
    dispatcher = Dispatcher(world.runtime, linger=60)
    await dispatcher.step(NOW)
    async with asyncio.timeout(50):
        await under_way.wait()
        stopping = asyncio.create_task(dispatcher.stop())
        await asyncio.sleep(0)
        answer.set()
        await stopping
    due: Mapping[str, int] = {
        status: await Send.filter(due_at=NOW, status=status).count() for status in ("SENT", "SCHEDULED", "IN_DOUBT")
    }
    assert due == {"SENT": 1, "SCHEDULED": 29, "IN_DOUBT": 0}
    assert await Send.exclude(attempt_id=None).count() == 0


async def test_what_was_claimed_and_could_not_be_loaded_is_free_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = NOW
    runtime = replace(world.runtime, clock=lambda: at)
    dispatcher = Dispatcher(runtime)

    async def cut(*_: object) -> Batch:
        raise ConnectionDoesNotExistError("the connection was cut")

    with monkeypatch.context() as broken:
        broken.setattr(Batch, "load", cut)
        with pytest.raises(ConnectionDoesNotExistError):
            await dispatcher.step(at)
    assert await Send.filter(status=SendStatus.CLAIMED).count() == 30
    await asyncio.sleep(0)
    assert dispatcher.leases.task is None, "nobody renews what nobody works on"
    at += runtime.lease + timedelta(seconds=1)
    await run_once(runtime, at)
    assert len(world.channel.left) == 30
