"""A launch chooses who sends: the zone, the emails and the tasks are those of the chosen sender, also after an edit."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Launch, Send, Sender, Step, Task
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.request_context import WorkspaceContext
from api.services.launches.background import background_enrolling
from api.services.launches.background.background_launch import start_launch
from api.services.launches.background.chosen_people import Audience
from api.services.launches.launch import Choice, launch
from api.services.launches.preview.launch_preview import preview
from api.services.launches.preview.launch_summary import summary
from api.services.people.erasing import erase_person
from api.services.people.people import create_person
from api.services.tasks.tasks import complete_task
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.store.engine.database import migrate
from api.store.launches.launch_choices import choices_of
from strategies import StepType
from strategies.timeline.records import PlannedSend
from tests.databases import on_sqlite
from tests.migrations.migrating import before
from tests.services.jobs.claims import claim_launch, free, run_launch
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    return await make_world()


async def author(context: WorkspaceContext) -> tuple[Campaign, list[Sender]]:
    """A campaign of Ada in Berlin: an email at 09:30, then a call, then an email. Bob sends from Tokyo."""
    senders = [
        await create_sender(context, name=name, email=f"{name}@acme.example", zone=zone, channel="scripted")
        for name, zone in (("ada", "Europe/Berlin"), ("bob", "Asia/Tokyo"))
    ]
    email: dict[str, Any] = {
        "step_type": StepType.EMAIL,
        "template_id": (await create_template(context, name="T2", subject="Hi", html="<p>{{ sender_name }}</p>")).id,
    }
    campaign = await create_campaign(context, name="Shared", sender_id=senders[0].id)
    await add_step(context, campaign.id, day=2, send_option="at_time", config={"at": "09:30"}, **email)
    await add_step(context, campaign.id, day=3, step_type=StepType.CALL)
    await add_step(context, campaign.id, day=4, send_option="same_time_as_previous", **email)
    return campaign, senders


async def check(enrollment: Enrollment, sender: Sender, hour: int) -> None:
    """The email is at 09:30 of the sender, which is this hour in UTC, and the task is the sender's."""
    email = await Send.filter(enrollment_id=enrollment.id).order_by("id").first()
    task = await Task.get(enrollment_id=enrollment.id, step__number=2)
    assert email is not None
    assert (enrollment.sender_id, enrollment.zone, email.sender_id) == (sender.id, sender.zone, sender.id)
    assert (email.planned_time, email.planned_at.hour, task.assignee_id) == ("09:30:00", hour, sender.id)


async def test_a_launch_at_once_chooses_the_sender(world: World) -> None:
    campaign, (ada, bob) = await author(world.context)
    people = [await create_person(world.context, f"s{number}@example.com") for number in range(3)]
    ids = [person.id for person in people]
    choices: dict[str, Any] = {"choice": Choice(sender_id=bob.id), "per_person": {ids[2]: Choice(sender_id=ada.id)}}
    shown = await preview(world.context, campaign.id, ids, **choices)
    assert [each.sender.id for each in shown.people] == [bob.id, bob.id, ada.id]
    rows = await launch(world.context, campaign.id, ids, **choices)
    for row, sender, hour in zip(rows, (bob, bob, ada), (0, 0, 8), strict=True):
        await check(row, sender, hour)
    # What follows a task, and what an edit adds, has the same sender.
    await complete_task(world.context, (await Task.get(enrollment_id=rows[0].id)).id)
    await add_step(world.context, campaign.id, day=5, step_type=StepType.CUSTOM)
    last = await Send.get(enrollment_id=rows[0].id, step__number=3)
    added = await Task.get(enrollment_id=rows[0].id, step__number=4)
    assert (last.sender_id, last.planned_at.hour, added.assignee_id) == (bob.id, 0, bob.id)
    await add_step(
        world.context, campaign.id, day=2, step_type=StepType.EMAIL, send_option="at_time", config={"at": "10:00"},
        template_id=(await Step.get(campaign_id=campaign.id, number=1)).template_id,
    )  # fmt: skip
    # The first person has passed the added step.
    emails = await Send.filter(step__campaign_id=campaign.id, step__number=2)
    assert {(send.sender_id, send.planned_at.hour) for send in emails} == {(bob.id, 1), (ada.id, 9)}
    await world.tick(NOW + timedelta(days=1))
    assert await Send.filter(sender_id=bob.id, status="SENT").count() == 3


@on_sqlite
async def test_a_launch_in_the_background_chooses_the_sender(world: World) -> None:
    campaign, (_, bob) = await author(world.context)
    person = await create_person(world.context, "s0@example.com")
    started = await start_launch(world.context, campaign.id, [person.id], Choice(sender_id=bob.id))
    row = await claim_launch(NOW)
    assert row is not None
    await run_launch(row, lambda of: world.context, lambda: NOW)
    await check(await Enrollment.get(person_id=person.id, campaign_id=campaign.id), bob, 0)
    assert (await Launch.get(id=started.id)).sender_id == bob.id


async def test_a_launch_in_the_background_has_choices_for_single_people(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times and senders are as in a launch at once, also after a kill between two chunks."""
    campaign, (ada, bob) = await author(world.context)
    people = [await create_person(world.context, f"s{number}@example.com") for number in range(6)]
    ids, later = [person.id for person in people], NOW + timedelta(hours=30)
    own = {
        ids[1]: Choice(sender_id=bob.id),
        ids[2]: Choice(later, sender_id=ada.id),
        ids[4]: Choice(times={1: "16:45"}),
        ids[5]: Choice(None, {1: "11:00"}, bob.id),
    }
    at_once = await preview(world.context, campaign.id, ids, Choice(), own)
    summary_ = await summary(world.context, campaign.id, Audience(ids[1:]), Choice(), per_person=own)
    assert summary_.example is not None
    assert summary_.example.people[0].sender.id == bob.id
    started = await start_launch(world.context, campaign.id, ids, Choice(), per_person=own)
    assert await erase_person(world.context, ids[4]) == ids[4]
    assert len(await choices_of(started.id)) == 3
    monkeypatch.setattr(background_enrolling, "PEOPLE_PER_CHUNK", 2)
    for chunks in (1, None):
        row = await claim_launch(NOW)
        assert row is not None
        await run_launch(row, lambda of: world.context, lambda: NOW, chunks)
        await free(started.id)
    planned = {each.person.id: each for each in at_once.people}
    for person_id in (each for each in ids if each != ids[4]):
        enrollment = await Enrollment.get(person_id=person_id, campaign_id=campaign.id)
        sends = await Send.filter(enrollment_id=enrollment.id).order_by("id")
        tasks = await Task.filter(enrollment_id=enrollment.id)
        expected = planned[person_id]
        assert (enrollment.sender_id, enrollment.zone) == (expected.sender.id, expected.zone)
        assert {send.sender_id for send in sends} | {task.assignee_id for task in tasks} == {expected.sender.id}
        instants = [each.instant for each in expected.planned if isinstance(each, PlannedSend)]
        assert [send.planned_at for send in sends] == instants
    assert (await Launch.get(id=started.id)).left_out == 1
    assert await choices_of(started.id) == {}
    third = await Enrollment.get(person_id=ids[5], campaign_id=campaign.id)
    await complete_task(world.context, (await Task.get(enrollment_id=third.id)).id)
    assert (await Send.get(enrollment_id=third.id, step__number=3)).planned_time == "11:00:00"


async def test_enrollments_of_earlier_releases_keep_the_senders_of_their_campaigns(world: World) -> None:
    campaign, (ada, _) = await author(world.context)
    person = await create_person(world.context, "s0@example.com")
    (row,) = await launch(world.context, campaign.id, [person.id], Choice(), {})
    names = await before("0039_launch_senders")
    assert await migrate() == names
    assert (await Enrollment.get(id=row.id)).sender_id is None
    await complete_task(world.context, (await Task.get(enrollment_id=row.id)).id)
    assert {send.sender_id for send in await Send.filter(enrollment_id=row.id)} == {ada.id}
