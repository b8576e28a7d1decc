"""A step that is added in the very second of a launch, as in a sandbox, whose clock stands still."""

import importlib
from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Send, Step
from api.services.campaigns.campaigns import add_step, change_step
from api.services.launches.background import background_enrolling
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.states import SendStatus
from api.store.engine.sql import execute
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import content, later, step
from tests.services.jobs.claims import claim_launch, run_launch
from tests.services.world import NOW, World, make_sent_world, make_world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def world(database: str) -> World:
    """One person, launched at 07:00, whose first email has left at once."""
    return await make_sent_world(1)


async def added(world: World, **given: Any) -> Step:
    email = await content()
    return await add_step(world.context, (await Campaign.get()).id, **(email | given))


@on_sqlite
async def test_a_step_whose_time_had_passed_never_comes(world: World) -> None:
    new = await added(world, day=1, send_option="at_time", config={"at": "06:30"})
    assert await Send.filter(step_id=new.id).count() == 0
    await world.tick()
    assert world.channel.left == ["ada@example.com"]


@on_sqlite
async def test_a_step_whose_time_is_to_come_says_that_it_was_added(world: World) -> None:
    new = await added(world, day=1, send_option="at_time", config={"at": "09:00"})
    send = await Send.get(step_id=new.id)
    assert send.due_at == NOW + 2 * HOUR
    assert "ADDED" in [note[0] for note in send.explanation]


async def test_people_who_are_launched_with_it_were_not_launched_before(world: World) -> None:
    new = await added(world, day=1, send_option="at_time", config={"at": "06:30"})
    person = await create_person(world.context, "eve@example.com")
    (enrollment,) = await launch(world.context, new.campaign_id, [person.id], Choice("NOW"), {})
    send = await Send.get(step_id=new.id, enrollment_id=enrollment.id)
    assert (send.due_at, [note[0] for note in send.explanation][-1]) == (NOW, "LATE")
    assert "ADDED" not in [note[0] for note in send.explanation]


@on_sqlite
async def test_what_is_behind_it_has_happened_in_that_second(database: str) -> None:
    world = await make_world(1, day=1)
    await world.tick()
    assert await Send.filter(status=SendStatus.SENT).count() == 2
    new = await added(world, day=1, position=2, send_option="at_time", config={"at": "12:00"})
    assert await Send.filter(step_id=new.id).count() == 0, "the second email has left already"


@on_sqlite
async def test_what_has_come_stays_when_what_is_behind_it_leaves_in_that_second(database: str) -> None:
    world = await make_world(1, day=1)
    new = await added(world, day=1, position=2, send_option="at_time", config={"at": "12:00"})
    await world.tick()
    assert await Send.filter(status=SendStatus.SENT).count() == 2
    await change_step(world.context, new.id, config={"at": "13:00"})
    assert (await Send.get(step_id=new.id)).due_at == NOW + 6 * HOUR
    assert await Event.filter(kind="EMAIL_WITHDRAWN").count() == 0


@on_sqlite
async def test_everyone_of_one_launch_gets_the_same(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is added while the launch runs, whose time has passed: it comes to nobody, whoever's turn it was."""
    monkeypatch.setattr(background_enrolling, "PEOPLE_PER_CHUNK", 2)
    world = await make_world(1)
    for number in range(5):
        await create_person(world.context, f"new{number}@example.com")
    await start_launch(world.context, (await Campaign.get()).id, None, Choice("NOW"))
    row = await claim_launch(NOW)
    assert row is not None
    right, noon, done = background_enrolling._Enroller.chunk, later(world, NOW + 5 * HOUR), list[Step]()

    async def edited(job: Any) -> bool:
        more = await right(job)
        if not done:
            done.append(await added(noon, day=1, send_option="at_time", config={"at": "11:00"}))
        return more

    monkeypatch.setattr(background_enrolling._Enroller, "chunk", edited)
    await run_launch(row, lambda _: world.context, lambda: NOW)
    assert await Enrollment.all().count() == 6
    assert await Send.filter(step_id=done[0].id).count() == 0
    assert (await step(1)).added_revision is not None


async def test_the_migration_keeps_who_was_launched_before(world: World) -> None:
    await make_world(1)
    first = await step_of(world, added_at=NOW + HOUR)
    second = await step_of(world, added_at=NOW + 2 * HOUR)
    people = []
    for hours, revision in ((0, 0), (1, 1), (1.5, 1), (3, 2)):
        enrollment = (await launched(world, f"at{hours}@example.com")).id
        await Enrollment.filter(id=enrollment).update(launched_at=NOW + hours * HOUR, launched_revision=0)
        people.append((enrollment, revision))
    await Step.filter(campaign_id=first.campaign_id).update(added_revision=None)
    await Step.filter(campaign_id=first.campaign_id).exclude(id__in=[first.id, second.id]).update(added_at=None)
    migration = importlib.import_module("api.migrations.0017_launched_revisions")
    await execute(migration.STEP)
    moment = "enrollment.launched_at"
    await execute(migration.PEOPLE.format(table="enrollment", column="launched_revision", moment=moment))
    await execute(migration.PEOPLE.format(table="launch", column="revision", moment="launch.launched_at"))
    assert [(await Step.get(id=each.id)).added_revision for each in (first, second)] == [1, 2]
    for enrollment, revision in people:
        assert (await Enrollment.get(id=enrollment)).launched_revision == revision


async def step_of(world: World, **values: Any) -> Step:
    campaign_id = world.enrollments[0].campaign_id
    first = await Step.get(campaign_id=campaign_id, number=1)
    content = {"step_type": StepType.EMAIL, "template_id": first.template_id}
    new = await add_step(world.context, campaign_id, day=20, send_option="at_time", config={"at": "09:00"}, **content)
    await Step.filter(id=new.id).update(**values)
    return new


async def launched(world: World, email: str) -> Enrollment:
    person = await create_person(world.context, email)
    (enrollment,) = await launch(world.context, world.enrollments[0].campaign_id, [person.id], Choice("NOW"), {})
    return enrollment
