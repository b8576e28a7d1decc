"""A hard bounce marks the address and ends campaigns. A soft bounce changes only its email."""

import importlib
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tortoise.connection import get_connection

from api.models import Campaign, Enrollment, Event, Person, Send, Step, Task
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.dispatch.dispatcher import Dispatcher
from api.services.emails.emails import retry_send
from api.services.launches.launch import Choice, launch
from api.services.people.people import update_person
from api.services.replies.bounces import clear_bounce, record_bounce
from api.services.tasks.send_task_email import send_task
from api.states import BounceKind
from plugins.contract import Outcome, Outgoing
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(2)


async def second_campaign(world: World, **settings: bool) -> Campaign:
    """Make another campaign of three steps and launch it for everyone, in an hour."""
    campaign = await create_campaign(world.context, name="D", sender_id=(await world.send()).sender_id, **settings)
    content = await content_of_a_step()
    await add_step(world.context, campaign.id, day=1, send_option="choose_at_launch", **content)
    await add_step(world.context, campaign.id, day=1, step_type=StepType.CALL)
    await add_step(world.context, campaign.id, day=2, send_option="task", **content)
    people = [row.person_id for row in world.enrollments]
    await launch(world.context, campaign.id, people, Choice(NOW + HOUR), {})
    return campaign


async def content_of_a_step() -> dict[str, Any]:
    step = await Step.exclude(template_id=None).first()
    assert step is not None
    return {"template_id": step.template_id, "step_type": StepType.EMAIL}


async def events(kind: str) -> list[Event]:
    return await Event.filter(kind=kind).order_by("id")


async def test_a_hard_bounce_ends_every_campaign_that_removes_on_bounce(world: World) -> None:
    other = await second_campaign(world)
    kept = await second_campaign(world, remove_on_bounce=False)
    world.channel.outcome = Outcome.HARD_BOUNCE
    ada = world.enrollments[0].person_id
    await Send.filter(person_id=world.enrollments[1].person_id).update(due_at=NOW + 30 * DAY)
    await world.tick()
    send = await world.send()
    assert (send.status, send.bounce, send.bounced_at) == ("BOUNCED", BounceKind.HARD, NOW)
    assert (send.reason, send.detail, send.attempt_id) == ("SMTP_TEST", "The server's words.", None)
    assert (await Person.get(id=ada)).bounced_at == NOW
    status = {row.campaign_id: (row.status, row.end_reason) for row in await Enrollment.filter(person_id=ada)}
    assert status[other.id] == status[world.enrollments[0].campaign_id] == ("ENDED", "BOUNCED")
    assert status[kept.id] == ("ACTIVE", None)
    (told,) = await events("BOUNCED")
    assert (told.send_id, told.data) == (send.id, {"bounce": "HARD", "reason": "SMTP_TEST"})
    ended = await events("CAMPAIGN_ENDED")
    assert {row.enrollment_id for row in ended} == {
        row.id for row in await Enrollment.filter(person_id=ada, status="ENDED")
    }
    assert all(row.id > told.id for row in ended), "what follows is told behind it"
    assert not await Enrollment.exclude(person_id=ada).exclude(status="ACTIVE").exists(), "nobody else is touched"


async def test_later_emails_do_not_go_to_a_dead_address_where_the_campaign_goes_on(world: World) -> None:
    await Campaign.all().update(remove_on_bounce=False)
    world.channel.outcome = Outcome.HARD_BOUNCE
    await world.tick()
    assert not await Enrollment.exclude(status="ACTIVE").exists()
    world.channel.outcome = Outcome.SENT
    await world.tick(NOW + 9 * DAY)
    assert world.channel.left == []
    later = await Send.filter(status="FAILED")
    assert [(row.reason, "clearBounce" in row.detail) for row in later] == [("BOUNCED", True)] * 2
    assert {row.status for row in await Enrollment.all()} == {"FINISHED"}
    with pytest.raises(Refusal, match="BOUNCED"):
        await retry_send(world.context, later[0].id)
    await clear_bounce(world.context, later[0].person_id)
    await retry_send(world.context, later[0].id)
    await world.tick(NOW + 9 * DAY)
    assert len(world.channel.left) == 1
    assert [row.person_id for row in await events("BOUNCE_CLEARED")] == [later[0].person_id]


async def test_tasks_of_a_campaign_that_goes_on_stay(world: World) -> None:
    kept = await second_campaign(world, remove_on_bounce=False)
    world.channel.outcome = Outcome.HARD_BOUNCE
    await world.tick()
    calls = await Task.filter(enrollment__campaign_id=kept.id)
    assert [task.status for task in calls] == ["OPEN"] * 2


@on_sqlite
async def test_an_email_from_a_task_is_refused_for_a_dead_address(world: World) -> None:
    first = await Campaign.get()
    campaign = await create_campaign(world.context, name="T", sender_id=first.sender_id, remove_on_bounce=False)
    content = await content_of_a_step()
    await add_step(world.context, campaign.id, day=1, send_option="task", **content)
    person = world.enrollments[0].person_id
    await launch(world.context, campaign.id, [person], Choice(), {})
    await Person.filter(id=person).update(bounced_at=NOW)
    task = await Task.get()
    with pytest.raises(Refusal, match="BOUNCED"):
        await send_task(world.context, task.id)
    assert (await Task.get()).status == "OPEN"
    await clear_bounce(world.context, person)
    await send_task(world.context, task.id)


async def test_a_soft_bounce_changes_nothing_but_its_email(world: World) -> None:
    world.channel.outcome = Outcome.SOFT_BOUNCE
    await world.tick()
    assert [row.status for row in await Send.all().order_by("due_at", "id")] == ["BOUNCED"] * 2 + ["SCHEDULED"] * 2
    assert {row.bounce for row in await Send.filter(status="BOUNCED")} == {BounceKind.SOFT}
    assert not await Person.exclude(bounced_at=None).exists()
    assert not await Enrollment.exclude(status="ACTIVE").exists()
    assert {row.data["bounce"] for row in await events("BOUNCED")} == {"SOFT"}
    world.channel.outcome = Outcome.SENT
    bounced = await Send.filter(status="BOUNCED").first()
    assert bounced is not None
    again = await retry_send(world.context, bounced.id)
    assert (again.status, again.bounce, again.bounced_at, again.reason) == ("SCHEDULED", None, None, None)
    await world.tick()
    assert (await Send.get(id=bounced.id)).status == "SENT"


@on_sqlite
async def test_given_up_after_four_days_is_a_soft_bounce(world: World) -> None:
    world.channel.outcome = Outcome.DEFERRED
    now = NOW
    for _ in range(40):
        await world.tick(now)
        now += 5 * HOUR
    given_up = await Send.filter(planned_at=NOW)
    assert {(row.status, row.bounce, row.reason) for row in given_up} == {("BOUNCED", BounceKind.SOFT, "SMTP_TEST")}
    assert all(row.detail.startswith("Given up after ") for row in given_up)
    assert not await Person.exclude(bounced_at=None).exists()


async def test_a_channel_that_breaks_for_four_days_has_not_bounced(world: World) -> None:
    async def breaks(outgoing: Outgoing) -> None:
        raise RuntimeError("broken")

    world.channel.before = breaks
    now = NOW
    for _ in range(40):
        await world.tick(now)
        now += 5 * HOUR
    given_up = await Send.filter(planned_at=NOW)
    assert {(row.status, row.bounce, row.reason) for row in given_up} == {("FAILED", None, "UNEXPECTED")}


async def test_an_address_that_was_corrected_meanwhile_is_not_marked(world: World) -> None:
    person = world.enrollments[0].person_id

    async def correct(outgoing: Outgoing) -> None:
        world.channel.before = None
        await Person.filter(id=person).update(email="new@example.com", email_key="new@example.com")

    world.channel.outcome, world.channel.before = Outcome.HARD_BOUNCE, correct
    await Send.exclude(person_id=person).update(due_at=NOW + 30 * DAY)
    await world.tick()
    assert (await world.send()).status == "BOUNCED"
    assert (await Person.get(id=person)).bounced_at is None
    assert (await Enrollment.get(person_id=person)).status == "ACTIVE"


@on_sqlite
async def test_a_new_address_and_clear_bounce_let_a_person_be_launched_again(world: World) -> None:
    world.channel.outcome = Outcome.HARD_BOUNCE
    await world.tick()
    ada, bob = (row.person_id for row in world.enrollments)
    campaign = (await Campaign.get()).id
    for person in (ada, bob):
        with pytest.raises(Refusal, match="BOUNCED"):
            await launch(world.context, campaign, [person], Choice("NOW"), {})
    cleared = await clear_bounce(world.context, ada)
    assert cleared.bounced_at is None
    assert (await clear_bounce(world.context, ada)).bounced_at is None
    assert len(await events("BOUNCE_CLEARED")) == 1, "a second time changes nothing"
    await update_person(world.context, bob, email="bobby@example.com")
    assert await Enrollment.filter(status="ACTIVE").count() == 0, "what has ended stays ended"
    world.channel.outcome = Outcome.SENT
    await launch(world.context, campaign, [ada, bob], Choice("NOW"), {}, again=True)
    await world.tick()
    assert sorted(world.channel.left) == ["ada@example.com", "bobby@example.com"]


@on_sqlite
async def test_clearing_is_of_ones_own_workspace(world: World) -> None:
    other = await make_world(1)
    with pytest.raises(Refusal, match="NOT_FOUND"):
        await clear_bounce(other.context, world.enrollments[0].person_id)


@on_sqlite
async def test_counters_and_metrics_tell_hard_from_soft(world: World) -> None:
    world.channel.outcome = Outcome.HARD_BOUNCE
    dispatcher = Dispatcher(world.runtime)
    await dispatcher.step(NOW)
    await dispatcher.drain()
    assert dispatcher.outcomes == {"HARD_BOUNCE": 2}
    counted = world.runtime.metrics.registry.get_sample_value(
        "touchline_outcomes_total", {"outcome": "HARD_BOUNCE", "channel": "scripted"}
    )
    assert counted == 2


@pytest.mark.parametrize("kind", BounceKind)
async def test_a_recorded_bounce_says_whether_it_is_hard(world: World, kind: BounceKind) -> None:
    other = await second_campaign(world)
    await world.tick()
    enrollment = world.enrollments[0]
    row, _ = await record_bounce(world.context, enrollment.id, kind=kind, detail="552 5.2.2 full")
    hard = kind is BounceKind.HARD
    assert row.status == ("ENDED" if hard else "ACTIVE")
    send = await Send.get(enrollment_id=enrollment.id, status="BOUNCED")
    assert (send.bounce, send.reason, send.detail) == (kind, "BOUNCED", "552 5.2.2 full")
    assert (await Person.get(id=enrollment.person_id)).bounced_at == (NOW if hard else None)
    elsewhere = await Enrollment.get(campaign_id=other.id, person_id=enrollment.person_id)
    assert elsewhere.status == ("ENDED" if hard else "ACTIVE")


async def test_bounces_on_record_are_hard_after_the_migration(world: World) -> None:
    await world.tick()
    await record_bounce(world.context, world.enrollments[0].id)
    await Send.all().update(bounce=None, bounced_at=None)  # as the migration adds the columns
    migration = importlib.import_module("api.migrations.0014_bounces")
    await migration.keep_kind(None, SimpleNamespace(client=get_connection("default")))
    found = {(str(row.status), row.bounce, row.bounced_at) for row in await Send.all()}
    assert found == {("BOUNCED", BounceKind.HARD, NOW), ("SENT", None, None), ("SCHEDULED", None, None),
                     ("FAILED", None, None)}  # fmt: skip


@on_sqlite
async def test_a_bounce_is_recorded_once(world: World) -> None:
    await world.tick()
    await record_bounce(world.context, world.enrollments[0].id)
    with pytest.raises(Refusal, match="NOTHING_SENT"):
        await record_bounce(world.context, world.enrollments[0].id)
    assert len(await events("BOUNCED")) == 1
