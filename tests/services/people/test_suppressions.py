"""An address that has unsubscribed gets nothing, whoever has it and however they came to it."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Enrollment, Event, Person, Send, Suppression, SuppressionChange, Task
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.emails.emails import retry_send
from api.services.launches.background.background_launch import left_out_by_code, start_launch
from api.services.launches.launch import Choice, launch
from api.services.launches.preview.launch_preview import preview
from api.services.people.imports import start_import
from api.services.people.people import create_person, update_person
from api.services.people.suppressions import resubscribe, suppress_address, unsubscribe
from api.services.tasks.composing import compose
from api.services.tasks.send_task_email import send_task
from api.services.workspaces.workspaces import create_workspace
from api.states import EnrollmentStatus, SendStatus, TaskStatus
from api.store.dispatch import claims, transmissions
from api.store.engine.sql import execute
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.jobs.claims import claim_import, claim_launch, run_import, run_launch
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)
LEAVE_ME = "leave-me@example.org"


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(1)


async def other_campaign(world: World, **step: Any) -> str:
    """A campaign whose first email goes out at once."""
    email = await Send.first().select_related("step")
    assert email is not None
    campaign = await create_campaign(world.context, name="D", sender_id=email.sender_id)
    content = {"step_type": StepType.EMAIL, "template_id": email.step.template_id}
    await add_step(world.context, campaign.id, day=1, **{"send_option": "choose_at_launch", **content, **step})
    return campaign.id


async def import_csv(world: World, csv: str) -> Any:
    await start_import(world.context, csv)
    row = await claim_import(NOW)
    assert row is not None
    return await run_import(row, lambda: NOW)


async def refused(work: Any) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value.code, caught.value.path


async def launched(world: World, campaign: str, person: str | None = None) -> dict[str, int]:
    """Launch in the background, and return how many were left out."""
    ids = None if person is None else [person]
    started = await start_launch(world.context, campaign, ids, Choice("NOW"))
    row = await claim_launch(NOW)
    assert row is not None
    await run_launch(row, world.runtime.context, lambda: NOW)
    return await left_out_by_code(started.id)


async def test_an_address_that_is_imported_again_gets_nothing(world: World) -> None:
    person = await create_person(world.context, LEAVE_ME)
    await unsubscribe(world.context, person.id)
    await update_person(world.context, person.id, email="someone-else@example.org")
    done = await import_csv(world, "email,first_name\nLeave-Me@EXAMPLE.org,Lea\nnew@example.org,Neo\n")
    assert (done.created, done.failed, done.suppressed) == (2, 0, 1)
    imported = await Person.get(email_key=LEAVE_ME)
    campaign = await other_campaign(world)
    work = launch(world.context, campaign, [imported.id], Choice("NOW"), {})
    assert await refused(work) == ("UNSUBSCRIBED", ("personIds", "0"))
    shown = await preview(world.context, campaign, [imported.id], Choice("NOW"), {})
    assert [(each.person_id, each.refusals[0].code) for each in shown.refused] == [(imported.id, "UNSUBSCRIBED")]
    assert await launched(world, campaign) == {"UNSUBSCRIBED": 1}
    await world.tick()
    assert sorted(world.channel.left) == [
        "ada@example.com",
        "ada@example.com",
        "new@example.org",
        "someone-else@example.org",
    ]


@pytest.mark.parametrize("way", ["rename", "create", "import"])
async def test_whoever_comes_to_the_address_is_not_written_to(world: World, way: str) -> None:
    await suppress_address(world.context, LEAVE_ME, "Asked by phone")
    campaign = await other_campaign(world)
    if way == "rename":
        person = (await update_person(world.context, world.enrollments[0].person_id, email="LEAVE-ME@example.org")).id
        assert (await Enrollment.get()).end_reason == "UNSUBSCRIBED"
        assert {send.reason for send in await Send.all()} == {"UNSUBSCRIBED"}
    elif way == "create":
        person = (await create_person(world.context, LEAVE_ME)).id
    else:
        assert (await import_csv(world, f"email\n{LEAVE_ME}\n")).suppressed == 1
        person = (await Person.get(email_key=LEAVE_ME)).id
    assert await launched(world, campaign, person) == {"UNSUBSCRIBED": 1}
    work = launch(world.context, campaign, [person], Choice("NOW"), {})
    assert await refused(work) == ("UNSUBSCRIBED", ("personIds", "0"))
    await later(world, NOW + 30 * DAY).tick(NOW + 30 * DAY)
    assert LEAVE_ME not in world.channel.left


async def test_unsubscribing_ends_all_campaigns_of_who_has_the_address_now(world: World) -> None:
    person = world.enrollments[0].person_id
    await launch(world.context, await other_campaign(world), [person], Choice("NOW"), {})
    await update_person(world.context, person, email=LEAVE_ME)
    await suppress_address(world.context, "Leave-Me@example.org")
    assert {row.end_reason for row in await Enrollment.all()} == {"UNSUBSCRIBED"}
    assert {(send.status, send.reason) for send in await Send.all()} == {(SendStatus.FAILED, "UNSUBSCRIBED")}
    (told,) = await Event.filter(kind="UNSUBSCRIBED")
    assert (told.person_id, told.data) == (
        person,
        {"email": "Leave-Me@example.org", "source": "API"},
    )


async def test_another_workspace_and_another_person_are_not_concerned(world: World) -> None:
    other = world.runtime.context(await create_workspace("Other", NOW))
    person = world.enrollments[0].person_id
    await suppress_address(other, "ada@example.com")
    await suppress_address(world.context, "ada+news@example.com")
    assert (await Enrollment.get(person_id=person)).status is EnrollmentStatus.ACTIVE
    await world.tick()
    assert world.channel.left == ["ada@example.com"]


@on_sqlite
async def test_a_renamed_person_may_be_written_to_at_the_new_address(world: World) -> None:
    person = world.enrollments[0].person_id
    await unsubscribe(world.context, person)
    await update_person(world.context, person, email="new@example.com")
    campaign = await other_campaign(world)
    await add_step(world.context, campaign, day=9, step_type=StepType.CALL)
    await launch(world.context, campaign, [person], Choice("NOW"), {})
    await world.tick()
    assert world.channel.left == ["new@example.com"]
    await update_person(world.context, person, email="ada@example.com")
    assert {row.end_reason for row in await Enrollment.all()} == {"UNSUBSCRIBED"}, "back at the old address"


async def test_history_says_when_why_and_by_what(world: World) -> None:
    await unsubscribe(world.context, world.enrollments[0].person_id, "Asked by phone")
    later_on = later(world, NOW + DAY).context
    await unsubscribe(later_on, world.enrollments[0].person_id, "Asked again")
    back = await resubscribe(later_on, "Ada@Example.com", "Signed up at the fair")
    assert back.unsubscribed_at is None
    assert await refused(resubscribe(later_on, "ada@example.com", "Twice")) == ("NOT_UNSUBSCRIBED", ("email",))
    await suppress_address(later_on, "ada@example.com")
    rows = await SuppressionChange.all().order_by("id")
    assert [(str(row.kind), row.at, str(row.source), row.reason) for row in rows] == [
        ("UNSUBSCRIBED", NOW, "API", "Asked by phone"),
        ("RESUBSCRIBED", NOW + DAY, "API", "Signed up at the fair"),
        ("UNSUBSCRIBED", NOW + DAY, "API", ""),
    ]
    assert await Suppression.all().count() == 1


async def test_resubscribing_brings_no_ended_campaign_back(world: World) -> None:
    person = world.enrollments[0].person_id
    await unsubscribe(world.context, person)
    (ended,) = await Enrollment.all()
    await resubscribe(world.context, "ada@example.com", "Asked for it")
    await later(world, NOW + 30 * DAY).tick(NOW + 30 * DAY)
    assert (await Enrollment.get(id=ended.id)).status is EnrollmentStatus.ENDED
    assert world.channel.left == []
    failed = await Send.first()
    assert failed is not None
    assert await refused(retry_send(world.context, failed.id)) == ("CAMPAIGN_ENDED", ("id",))
    await launch(world.context, await other_campaign(world), [person], Choice("NOW"), {})
    await world.tick()
    assert world.channel.left == ["ada@example.com"]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "two\nlines"])
async def test_resubscribing_needs_a_reason(world: World, reason: str) -> None:
    await suppress_address(world.context, LEAVE_ME)
    code, path = await refused(resubscribe(world.context, LEAVE_ME, reason))
    assert (code in {"REQUIRED", "TOO_LONG", "INVALID_TEXT"}, path) == (True, ("reason",))
    assert (await Suppression.get()).unsubscribed_at == NOW


async def suppress_behind_our_back() -> None:
    """Suppress as a row alone: what asks must ask by itself, also where nothing was ended."""
    person = await Person.get(email="ada@example.com")
    await execute(
        "INSERT INTO suppression (id, workspace_id, email, email_key, unsubscribed_at, source, reason)"
        " VALUES ('sup_1', $1, $2, $2, $3, 'API', '')",
        person.workspace_id,
        person.email,
        NOW,
    )


async def test_every_way_out_asks(world: World) -> None:
    person = world.enrollments[0].person_id
    await launch(world.context, await other_campaign(world, send_option="task"), [person], Choice(), {})
    (task,) = await Task.filter(status=TaskStatus.OPEN)
    await suppress_behind_our_back()
    assert await refused(compose(world.context, task.id)) == ("UNSUBSCRIBED", ("id",))
    assert await refused(send_task(world.context, task.id)) == ("UNSUBSCRIBED", ("id",))
    await world.tick()
    first = await world.send()
    assert (first.status, first.reason, world.channel.left) == (SendStatus.FAILED, "UNSUBSCRIBED", [])
    assert await refused(retry_send(world.context, first.id)) == ("UNSUBSCRIBED", ("id",))


async def claimed(world: World) -> list[transmissions.ClaimedEmail]:
    send = await world.send()
    return await claims.claim(send.sender_id, NOW, NOW + DAY, 10)


async def test_what_is_about_to_leave_asks_for_the_address_that_it_is_written_to(world: World) -> None:
    (send,) = await claimed(world)
    ada = {send.id: "ada@example.com"}
    await Person.all().update(email="bob@example.com", email_key="bob@example.com")
    assert await transmissions.begin_transmission([(send, "<m>")], NOW + DAY, ada) == set(), (
        "it would go to the old address"
    )
    await Person.all().update(email="ada@example.com", email_key="ada@example.com")
    await suppress_behind_our_back()
    assert await transmissions.begin_transmission([(send, "<m>")], NOW + DAY, ada) == set()
    assert await transmissions.begin_transmission([(send, "<m>")], NOW + DAY) == set()
    await execute("UPDATE suppression SET unsubscribed_at = NULL")
    assert await transmissions.begin_transmission([(send, "<m>")], NOW + DAY, ada) == {send.id}
    assert (await world.send()).recipient == "ada@example.com"


@on_sqlite
async def test_an_email_keeps_the_address_that_it_went_to(world: World) -> None:
    await world.tick()
    await update_person(world.context, world.enrollments[0].person_id, email="new@example.com")
    assert (await world.send()).recipient == "ada@example.com"
