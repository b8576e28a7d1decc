"""Background jobs and recovery retry a transaction that PostgreSQL aborts because of a deadlock."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Launch, PeopleImport, Person, Send
from api.services.campaigns.campaigns import change_step
from api.services.campaigns.pausing.launch_control import pause_launch, resume_launch
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import run_once
from api.services.enrollments.time_zones.zones_job import zone_chunks
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.imports import start_import
from api.services.people.people import create_person
from strategies import Refusal
from tests.services.campaigns.edited import later, step
from tests.services.jobs.claims import claim_import, claim_launch, run_import, run_launch
from tests.services.locks import crossed, lock
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)


Work = Coroutine[Any, Any, Any]


@pytest.fixture
def database_kind() -> str:
    """SQLite has one writer, and no deadlocks."""
    return "postgres"


@pytest.fixture
async def world(database: str) -> World:
    """Two people who are due now."""
    return await make_world()


async def test_zones_are_resolved_again(world: World, was_retried: Callable[[], bool]) -> None:
    (right,) = {send.due_at for send in await Send.filter(step__number=2)}
    wrong = right + timedelta(hours=1)
    await Send.filter(step__number=2).update(planned_at=wrong, due_at=wrong)

    async def recalculate() -> int:
        return sum([people async for people in zone_chunks(world.context) if isinstance(people, int)])

    assert await crossed(recalculate(), lock("enrollment"), lock("campaign")) == 2
    assert was_retried()
    assert {send.due_at for send in await Send.filter(step__number=2)} == {right}


async def test_a_campaign_is_paused_edited_and_resumed(world: World, was_retried: Callable[[], bool]) -> None:
    campaign = (await Campaign.get()).id
    started = await start_launch(world.context, campaign, None, Choice("NOW"))
    await crossed(pause_campaign(world.context, campaign), lock("launch"), lock("campaign"))
    assert (was_retried(), (await Launch.get(id=started.id)).status) == (True, "PAUSED")
    assert await Send.filter(held=True).count() == 4
    await crossed(change_step(world.context, (await step(1)).id, name="Hello"), lock("step"), lock("campaign"))
    assert (was_retried(), (await step(1)).name) == (True, "Hello")
    await crossed(resume_campaign(world.context, campaign), lock("launch"), lock("campaign"))
    assert (was_retried(), (await Launch.get(id=started.id)).status) == (True, "RUNNING")
    kinds = ("CAMPAIGN_PAUSED", "CAMPAIGN_EDITED", "CAMPAIGN_RESUMED")
    assert [await Event.filter(kind=kind).count() for kind in kinds] == [1, 1, 1]


async def test_what_was_on_hold_is_moved_and_released(world: World, was_retried: Callable[[], bool]) -> None:
    campaign = (await Campaign.get()).id
    await pause_campaign(world.context, campaign)
    await crossed(resume_campaign(later(world, NOW + 2 * DAY).context, campaign), lock("enrollment"), lock("send"))
    assert was_retried()
    row = await Campaign.get()
    assert (row.paused_at, row.holds, await Send.filter(held=True).count()) == (None, None, 0)
    assert {send.due_at for send in await Send.filter(step__number=1)} == {NOW + 2 * DAY}, "moved once"


async def test_a_launch_is_resumed(world: World, was_retried: Callable[[], bool]) -> None:
    started = await start_launch(world.context, (await Campaign.get()).id, None, Choice("NOW"))
    await pause_launch(world.context, started.id)
    resumed = await crossed(resume_launch(world.context, started.id), lock("launch"), lock("campaign"))
    assert (was_retried(), resumed.status) == (True, "RUNNING")


async def test_two_launches_of_the_same_people(world: World, was_retried: Callable[[], bool]) -> None:
    """Each enrolls who is the other's next: one has them all, and the other is told so."""
    campaign = (await Campaign.get()).id
    cleo, dora = [(await create_person(world.context, f"{name}@example.com")).id for name in ("cleo", "dora")]

    def ours(person: str) -> Work:
        return launch(world.context, campaign, [person], Choice("NOW"), {})

    with pytest.raises(Refusal) as refused:
        await crossed(launch(world.context, campaign, [cleo, dora], Choice("NOW"), {}), ours(dora), ours(cleo))
    assert (was_retried(), refused.value.code) == (True, "ALREADY_ENROLLED")
    assert await Enrollment.filter(person_id__in=[cleo, dora]).count() == 2


async def test_a_chunk_of_a_launch_counts_nobody_twice(world: World, was_retried: Callable[[], bool]) -> None:
    campaign = (await Campaign.get()).id
    cleo, dora = [(await create_person(world.context, f"{name}@example.com")).id for name in ("cleo", "dora")]
    await start_launch(world.context, campaign, [cleo, dora], Choice("NOW"))
    row = await claim_launch(NOW)
    assert row is not None
    ours = launch(world.context, campaign, [dora], Choice("NOW"), {})
    await crossed(run_launch(row, world.runtime.context, world.runtime.clock), ours, lock("launch"))
    done = await Launch.get(id=row.id)
    assert (was_retried(), done.status, done.processed, done.enrolled, done.left_out) == (True, "FINISHED", 2, 1, 1)
    (told,) = await Event.filter(kind="LAUNCH_FINISHED")
    assert told.data == {"launch": row.id, "enrolled": 1, "leftOut": 1}


async def test_a_chunk_of_an_import_counts_nobody_twice(world: World, was_retried: Callable[[], bool]) -> None:
    await start_import(world.context, "email,title\nada@example.com,Dr\nnew@example.com,Ms\nnobody,Mr\n")
    row = await claim_import(NOW)
    assert row is not None
    await crossed(run_import(row, world.runtime.clock), lock("person"), lock("people_import"))
    done = await PeopleImport.get(id=row.id)
    assert (was_retried(), done.status) == (True, "FINISHED")
    for counted in (row, done):
        assert (counted.processed, counted.created, counted.updated, counted.failed) == (3, 1, 1, 1)
    assert await Person.filter(title__in=["Dr", "Ms"]).count() == 2
    (told,) = await Event.filter(kind="PEOPLE_IMPORTED")
    assert told.data == {"import": row.id, "created": 1, "updated": 1, "skipped": 0, "failed": 1}


async def test_what_a_stopped_process_left_is_recovered(world: World, was_retried: Callable[[], bool]) -> None:
    left = await world.send()
    await Send.filter(id=left.id).update(status="TRANSMITTING", attempt_id="att_1", lease_until=NOW - DAY)
    await crossed(run_once(world.runtime, NOW), lock("enrollment"), lock("send"))
    assert was_retried()
    assert await Event.filter(kind="EMAIL_IN_DOUBT").count() == await Send.filter(status="IN_DOUBT").count() == 1
