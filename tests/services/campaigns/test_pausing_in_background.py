"""Pauses and resumes that are killed, or are too large for one request, are finished by the tick loop."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.models import Campaign, Send
from api.services.campaigns.pausing import pause_job, pausing
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import run_once
from api.tick import Ticker
from tests.databases import on_sqlite
from tests.services.jobs.claims import claim_holds, job_of
from tests.services.world import NOW, Killed, World, make_world

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def world(database: str) -> World:
    """Seven people whose first email is due now, and whose second is due on day 9."""
    return await make_world(7)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pause_job, "PEOPLE_HELD_PER_CHUNK", 2)
    monkeypatch.setattr(pause_job, "PEOPLE_RELEASED_PER_CHUNK", 2)
    return


def later(world: World, now: datetime) -> World:
    """The same world at another time."""
    runtime = replace(world.runtime, clock=lambda: now)
    return replace(world, runtime=runtime, context=runtime.context(world.context.workspace))


def campaign(world: World) -> str:
    return world.enrollments[0].campaign_id


async def held() -> int:
    return await Send.filter(held=True).count()


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("paused_again", [False, True])
async def test_a_resume_that_was_killed_is_finished_by_the_tick_loop(
    world: World, monkeypatch: pytest.MonkeyPatch, paused_again: bool
) -> None:
    await pause_campaign(world.context, campaign(world))
    after = later(world, NOW + 22 * HOUR)
    right, calls = pause_job._release, []

    async def killed(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            raise Killed
        return await right(*args)

    with monkeypatch.context() as patch:
        patch.setattr(pause_job, "_release", killed)
        with pytest.raises(Killed):
            await resume_campaign(after.context, campaign(world))
    assert await held() == 6, "of three people"
    assert await Send.filter(due_at=NOW + DAY).count() == 4
    assert await claim_holds(NOW + 22 * HOUR) is None, "its lease holds"
    if paused_again:
        await pause_campaign(later(world, NOW + 22.5 * HOUR).context, campaign(world))
        assert await held() == 14
        assert (await run_once(world.runtime, NOW + DAY)).claimed == 0
        again = later(world, NOW + 23 * HOUR)
        await resume_campaign(again.context, campaign(world))
    else:
        much_later = later(world, NOW + 23 * HOUR)
        await Ticker(much_later.runtime, much_later.runtime.clock, 1).until_idle()
    row = await Campaign.get()
    assert (row.holds, (await job_of(row.id)).lease_until, await held()) == (None, None, 0)
    assert await Send.filter(due_at=NOW + DAY).count() == 7, "as if nothing had happened"
    assert await Send.filter(due_at=NOW + 9 * DAY).count() == 7


@pytest.mark.usefixtures("small_chunks")
async def test_a_pause_that_was_killed_is_finished_before_a_resume(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(pause_job, "_hold", killed)
        with pytest.raises(Killed):
            await pause_campaign(world.context, campaign(world))
    assert await held() == 0
    await resume_campaign(later(world, NOW + 23 * HOUR).context, campaign(world))
    assert await Send.filter(due_at=NOW + DAY).count() == 7


@on_sqlite
async def test_many_people_are_left_to_the_tick_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pause_job, "PEOPLE_HELD_PER_CHUNK", 2)
    monkeypatch.setattr(pausing, "CHUNKS_OF_A_CALLER", 1)
    row = await pause_campaign(world.context, campaign(world))
    assert (row.holds is not None, (await job_of(row.id)).lease_until, await held()) == (True, None, 4)
    await world.tick()
    assert world.channel.left == []
    await Ticker(world.runtime, world.runtime.clock, 1).until_idle()
    assert ((await Campaign.get()).holds, await held()) == (None, 14)
