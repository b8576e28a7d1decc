"""A paused background launch enrolls nobody, and a resumed one launches people as of its resume."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.models import Enrollment, Launch, Send
from api.services.campaigns.pausing.launch_control import pause_launch, resume_launch
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice
from api.services.people.people import create_person
from api.states import LaunchStatus
from strategies import Refusal
from tests.services.jobs.claims import claim_launch, free, run_launch
from tests.services.world import NOW, World, make_world

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def world(database: str) -> World:
    """Seven people whose first email is due now, and whose second is due on day 9."""
    return await make_world(7)


def later(world: World, now: datetime) -> World:
    """The same world at another time."""
    runtime = replace(world.runtime, clock=lambda: now)
    return replace(world, runtime=runtime, context=runtime.context(world.context.workspace))


def campaign(world: World) -> str:
    return world.enrollments[0].campaign_id


async def some_launch(world: World, count: int, choice: Choice) -> Launch:
    for number in range(count):
        await create_person(world.context, f"new{number}@example.com")
    return await start_launch(world.context, campaign(world), None, choice)


async def go_on(world: World, chunks: int) -> Launch:
    """Do some chunks of the launch that can be claimed."""
    row = await claim_launch(world.runtime.clock())
    assert row is not None
    done = await run_launch(row, lambda _: world.context, chunks=chunks)
    if not done.status.over:
        await free(row.id)
    return done


@pytest.mark.parametrize("send_at", ["NOW", NOW + HOUR])
@pytest.mark.parametrize("with_campaign", [False, True])
async def test_a_paused_launch_enrolls_nobody_and_goes_on_as_of_its_resume(
    world: World, monkeypatch: pytest.MonkeyPatch, send_at: Any, with_campaign: bool
) -> None:
    monkeypatch.setattr("api.services.launches.background.background_enrolling.PEOPLE_PER_CHUNK", 5)
    row = await some_launch(world, 8, Choice(send_at))
    assert (await go_on(world, 2)).enrolled == 3, "the first seven are in the campaign already"
    if with_campaign:
        await pause_campaign(world.context, campaign(world))
    else:
        await pause_launch(world.context, row.id)
    assert await claim_launch(NOW) is None
    after = later(world, NOW + 2 * HOUR)
    await create_person(after.context, "too-late@example.com")
    if with_campaign:
        with pytest.raises(Refusal) as refused:
            await resume_launch(after.context, row.id)
        assert refused.value.code == "CAMPAIGN_PAUSED"
        await resume_campaign(after.context, campaign(world))
    else:
        await resume_launch(after.context, row.id)
    done = await go_on(after, 9)
    assert (done.status, done.enrolled, done.processed) == (LaunchStatus.FINISHED, 8, 15)
    assert done.status.over
    new = await Enrollment.filter(launched_at=NOW + 2 * HOUR)
    first = NOW + 2 * HOUR if send_at == "NOW" else NOW + DAY + HOUR
    assert {row.send_at for row in new} == {first}
    assert len(new) == 5
    assert await Send.filter(enrollment_id__in=[row.id for row in new], due_at=first).count() == 5


async def test_a_launch_that_was_paused_alone_stays_so_when_its_campaign_goes_on(world: World) -> None:
    one, other = await some_launch(world, 1, Choice("NOW")), await some_launch(world, 0, Choice("NOW"))
    third = await some_launch(world, 0, Choice("NOW"))
    await pause_launch(world.context, one.id)
    await pause_campaign(world.context, campaign(world))
    await pause_launch(world.context, third.id)
    await resume_campaign(world.context, campaign(world))
    statuses = dict(await Launch.all().values_list("id", "status"))
    assert statuses == {one.id: LaunchStatus.PAUSED, other.id: LaunchStatus.RUNNING, third.id: LaunchStatus.PAUSED}
    with pytest.raises(Refusal) as refused:
        await pause_launch(world.context, one.id)
    assert refused.value.code == "LAUNCH_NOT_RUNNING"
    with pytest.raises(Refusal) as refused:
        await resume_launch(world.context, other.id)
    assert refused.value.code == "LAUNCH_NOT_PAUSED"


async def test_a_process_that_slept_through_pause_and_resume_enrolls_nobody_as_of_before(world: World) -> None:
    row = await some_launch(world, 3, Choice("NOW"))
    stale = await Launch.get(id=row.id)
    await pause_launch(world.context, row.id)
    await resume_launch(later(world, NOW + HOUR).context, row.id)
    await run_launch(stale, lambda _: world.context, lambda: NOW)
    assert await Enrollment.all().count() == 7
    done = await go_on(later(world, NOW + HOUR), 9)
    assert done.enrolled == 3
