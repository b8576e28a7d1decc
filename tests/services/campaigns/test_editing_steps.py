"""Steps are added, removed and become something else while people go through them; and what an edit refuses."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Send, Step, Task
from api.services.campaigns.campaigns import (
    add_step,
    change_step,
    create_campaign,
    move_step,
    remove_step,
    update_campaign,
)
from api.services.campaigns.editing import edit_job
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.states import EnrollmentStatus, SendStatus, TaskStatus
from plugins.contract import Outcome, Outgoing
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import content, due, kinds, later, step
from tests.services.world import NOW, World, make_world

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Seven people whose first email is due now, and whose second is due on day 9; edited by two at a time."""
    monkeypatch.setattr(edit_job, "PEOPLE_PER_CHUNK", 2)
    return await make_world(7)


@on_sqlite
async def test_who_has_passed_an_added_step_does_not_get_it(world: World) -> None:
    campaign, email = (await Campaign.get()).id, await content()
    await world.tick()
    after = later(world, NOW + 3 * DAY)
    person = await create_person(after.context, "new@example.com")
    (own,) = await launch(after.context, campaign, [person.id], Choice("NOW"), {})
    added = await add_step(after.context, campaign, day=3, send_option="same_time_as_previous", **email)
    (send,) = await Send.filter(step_id=added.id)
    assert (send.enrollment_id, send.due_at) == (own.id, NOW + 5 * DAY)
    another = await add_step(after.context, campaign, day=6, send_option="same_time_as_previous", **email)
    assert await Send.filter(step_id=another.id).count() == 8
    told = [note[0] for send in await Send.filter(step_id=another.id) for note in send.explanation]
    assert told.count("ADDED") == 8, "also the person who was launched before it in the same second"
    for days in (3, 5, 8, 11):
        await after.tick(NOW + days * DAY)
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 8
    assert len(world.channel.left) == 7 * 3 + 4


async def test_a_removed_step_is_cancelled_and_what_waited_on_it_goes_on(world: World) -> None:
    campaign = (await Campaign.get()).id
    await world.tick()
    call = await add_step(world.context, campaign, day=2, step_type=StepType.CALL)
    assert await Task.filter(step_id=call.id, status=TaskStatus.OPEN).count() == 7
    assert await Send.filter(status=SendStatus.SCHEDULED).count() == 0, "the call stands before the second email"
    assert await kinds("EMAIL_W") == ["EMAIL_WITHDRAWN"] * 7
    await remove_step(world.context, call.id)
    assert await Task.filter(step_id=call.id, status=TaskStatus.CANCELLED, done_at=NOW).count() == 7
    assert await due(2) == {NOW + 8 * DAY}
    second = await step(2)
    await remove_step(world.context, second.id)
    assert (await Step.get(id=second.id)).removed_at == NOW
    failed = await Send.filter(step_id=second.id)
    assert {(send.status, send.reason) for send in failed} == {(SendStatus.FAILED, "STEP_REMOVED")}
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 7
    assert await kinds("EMAIL_F") == ["EMAIL_FAILED"] * 7
    with pytest.raises(Refusal, match="cannot be changed") as refused:
        await change_step(world.context, second.id, name="x")
    assert refused.value.code == "STEP_REMOVED"


async def test_a_claimed_email_of_a_removed_step_does_not_come_back(world: World) -> None:
    await world.tick()

    async def remove(outgoing: Outgoing) -> None:
        world.channel.before, world.channel.outcome = None, Outcome.DEFERRED
        await remove_step(world.context, (await step(2)).id)

    world.channel.before = remove
    await world.tick(NOW + 8 * DAY)
    world.channel.outcome = Outcome.SENT
    await world.tick(NOW + 9 * DAY)
    assert len(world.channel.left) == 7
    assert await Send.filter(reason="STEP_REMOVED", status=SendStatus.FAILED).count() == 7
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 7


async def test_an_email_becomes_a_task_and_an_email_again(world: World) -> None:
    await world.tick()
    second = await step(2)
    await add_step(
        world.context, (await Campaign.get()).id, day=12, send_option="same_time_as_previous", **await content()
    )
    await change_step(world.context, second.id, send_option="task", notes="Call it in.")
    tasks = await Task.filter(step_id=second.id)
    assert {(task.due_date, task.details) for task in tasks} == {(date(2026, 3, 10), "Call it in.")}
    assert await Send.filter(status=SendStatus.SCHEDULED).count() == 0
    await complete_task(world.context, tasks[0].id)
    assert await Send.filter(step__number=3).count() == 1
    by_hand = await send_task(world.context, tasks[1].id, at=NOW + DAY)
    await change_step(world.context, second.id, send_option="at_time", config={"at": "12:00"})
    assert (await Task.get(id=tasks[1].id)).status is TaskStatus.OPEN, "a person has taken it in hand"
    assert (await Send.get(id=by_hand.id)).due_at == NOW + DAY
    assert await Task.filter(step_id=second.id).count() == 2
    assert await Send.filter(step_id=second.id, by_hand=False).count() == 5
    assert await Send.filter(step__number=3).count() == 6, "all but whose task is open"
    for days in (1, 8, 11):
        await world.tick(NOW + days * DAY + 5 * HOUR)
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 7
    assert max(world.channel.left.count(address) for address in world.channel.left) == 3


@on_sqlite
async def test_open_tasks_follow_their_step(database: str) -> None:
    world = await make_world(1)
    made = await create_campaign(world.context, name="D", sender_id=(await world.send()).sender_id, task_expiry_days=2)
    call = await add_step(world.context, made.id, day=1, step_type=StepType.CALL)
    second = await add_step(world.context, made.id, day=3, step_type=StepType.CUSTOM)
    person = await create_person(world.context, "x@example.com")
    await launch(world.context, made.id, [person.id], Choice(), {})
    await complete_task(world.context, (await Task.get(step_id=call.id)).id)
    await move_step(world.context, second.id, day=5)
    await change_step(world.context, second.id, name="Ask", notes="How is it?", priority="HIGH")
    task = await Task.get(step_id=second.id)
    assert (task.due_date, task.name, task.details, task.priority) == (date(2026, 3, 6), "Ask", "How is it?", "HIGH")
    assert task.expires_at == datetime.combine(date(2026, 3, 9), time(0), NOW.tzinfo)
    assert task.explanation[-1] == ["TASK_EDITED", {"date": "2026-03-04"}]
    assert (await kinds("TASK_"))[-1] == "TASK_MOVED"


async def test_what_an_edit_refuses(world: World) -> None:
    row = await Campaign.get()
    other = await create_sender(world.context, name="H", email="h@example.com", zone="UTC", channel="scripted")
    first, email = await step(1), await content()
    before = [await model.all().order_by("id").values() for model in (Campaign, Step, Send, Event)]
    wrong: list[tuple[Any, str, tuple[str, ...]]] = [
        (update_campaign(world.context, row.id, sender_id=other.id), "CAMPAIGN_RUNNING", ("senderId",)),
        (update_campaign(world.context, row.id, use_recipient_zone=True), "CAMPAIGN_RUNNING", ("useRecipientZone",)),
        (move_step(world.context, (await step(2)).id, day=1, position=1), "SEND_OPTION_NOT_AVAILABLE", ("day",)),
        (
            add_step(world.context, row.id, day=1, position=1, send_option="task", **email),
            "SEND_OPTION_NOT_AVAILABLE",
            ("day",),
        ),
        (change_step(world.context, (await step(2)).id, config={"at": 1}), "INVALID_CONFIG", ("config", "at")),
        (change_step(world.context, first.id, send_option="at_time", config={}), "INVALID_CONFIG", ("config", "at")),
    ]
    for work, code, path in wrong:
        with pytest.raises(Refusal) as refused:
            await work
        assert (refused.value.code, refused.value.path[: len(path)]) == (code, path)
    assert [await model.all().order_by("id").values() for model in (Campaign, Step, Send, Event)] == before


@on_sqlite
async def test_the_first_step_stays_the_first(world: World) -> None:
    await change_step(world.context, (await step(1)).id, send_option="at_time", config={"at": "09:00"})
    await change_step(world.context, (await step(2)).id, send_option="at_time", config={"at": "09:00"})
    campaign, first, second = (await Campaign.get()).id, (await step(1)).id, (await step(2)).id
    for work in (
        remove_step(world.context, first),
        move_step(world.context, first, day=2),
        move_step(world.context, second, day=1, position=1),
        add_step(world.context, campaign, day=1, position=1, step_type=StepType.CALL),
    ):
        with pytest.raises(Refusal, match="first step") as refused:
            await work
        assert refused.value.code == "CAMPAIGN_RUNNING"
    template = await create_template(world.context, name="N", subject="", html="<p>x</p>")
    with pytest.raises(Refusal) as refused:
        await change_step(world.context, second, template_id=template.id)
    assert (refused.value.code, refused.value.path) == ("SUBJECT_REQUIRED", ("subject",))
    person = await create_person(world.context, "x@example.com")
    await launch(world.context, campaign, [person.id], Choice(), {})
    with pytest.raises(Refusal) as refused:
        await change_step(world.context, first, send_option="choose_at_launch", config={})
    assert (refused.value.code, refused.value.path) == ("SEND_AT_REQUIRED", ("sendOption",))
