"""What is stored explains itself: every waiting email and every task is computed again from its row's notes alone."""

from datetime import date, timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Send, Sender, Task
from api.services.campaigns.campaigns import add_step, change_step, create_campaign, update_campaign
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.emails.scheduled_emails import reschedule_email
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.launches.preview.launch_preview import preview
from api.services.people.people import create_person
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task, skip_task
from api.states import SendStatus, TaskStatus
from api.store.engine.database import migrate
from plugins.testing.send_options.explanation_reader import evaluate
from strategies import Note
from strategies.sentences.sentences import sentence
from strategies.timeline.records import ZoneOf
from tests.databases import on_sqlite
from tests.migrations.migrating import before
from tests.services.campaigns.edited import content, later, step
from tests.services.jobs.claims import claim_launch, run_launch
from tests.services.world import NOW, World, make_world, make_world_with_task

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
async def world(database: str) -> World:
    """One person whose first email has left, with an EMAIL task on day 2 and an email on day 9."""
    return await make_world_with_task(sent=True)


async def codes(number: int) -> list[str]:
    """Return the codes of a step's email, when every waiting email and every task was computed again."""
    for send in await Send.exclude(status=SendStatus.SENT):
        read = evaluate(send.explanation)
        assert read.instant == send.due_at, send.explanation
        assert read.zone is not None
        assert read.zone.key == send.zone
    for task in await Task.filter(status=TaskStatus.OPEN):
        assert evaluate(task.explanation).due == task.due_date, task.explanation
    return [code for code, _ in (await Send.get(step_id=(await step(number)).id)).explanation]


async def told(number: int) -> list[str]:
    send = await Send.get(step_id=(await step(number)).id)
    return [sentence(Note(code, values)) for code, values in send.explanation]


@on_sqlite
async def test_a_task_s_email_sent_by_hand_and_what_takes_over_its_time(world: World) -> None:
    moment = NOW + DAY + 3 * HOUR + 22 * SECOND
    send = await send_task(later(world, NOW + DAY).context, (await Task.get()).id, at=moment)
    assert await codes(2) == ["ZONE_OF_SENDER", "BY_HAND"]
    await later(world, moment).tick(moment)
    assert (await Send.get(id=send.id)).status is SendStatus.SENT
    assert await codes(3) == ["ZONE_OF_SENDER", "DAY_1", "DAY", "SAME_TIME"]
    assert (await told(3))[-1] == "It uses 10:00:22, the time at which the email of day 2 was sent by hand."


@on_sqlite
@pytest.mark.parametrize(
    ("work", "how"),
    [(skip_task, "It uses 7:00:09, the time at which the task of day 2 was skipped."),
     (complete_task, "It uses 7:00:09, the time at which the task of day 2 was completed.")],
)  # fmt: skip
async def test_the_moment_of_a_task(world: World, work: Any, how: str) -> None:
    await work(later(world, NOW + DAY + 9 * SECOND).context, (await Task.get()).id)
    assert await codes(3) == ["ZONE_OF_SENDER", "DAY_1", "DAY", "SAME_TIME"]
    assert (await told(3))[-1] == how


@on_sqlite
async def test_a_task_that_was_skipped_late(world: World) -> None:
    await skip_task(later(world, NOW + 4 * DAY).context, (await Task.get()).id)
    assert await codes(3) == ["ZONE_OF_SENDER", "SHIFTED", "DAY", "SAME_TIME"]
    assert (await told(3))[1] == (
        "The task of day 2 was skipped late, so day 2 is 2026-03-06. Later days are counted from that date."
    )


@on_sqlite
async def test_an_email_by_hand_that_a_pause_moves_twice_and_a_person_gives_another_time(world: World) -> None:
    campaign, task = (await Campaign.get()).id, await Task.get()
    send = await send_task(world.context, task.id, at=NOW + HOUR)
    for moment in (NOW + 2 * DAY, NOW + 5 * DAY):
        await pause_campaign(later(world, moment - 47 * HOUR).context, campaign)
        await resume_campaign(later(world, moment).context, campaign)
        assert await codes(2) == ["ZONE_OF_SENDER", "BY_HAND", "MOVED_AFTER_PAUSE"]
    await reschedule_email(later(world, NOW + 5 * DAY).context, send.id, NOW + 6 * DAY)
    assert (await codes(2))[-1] == "RESCHEDULED"
    await pause_campaign(later(world, NOW + 5 * DAY).context, campaign)
    await resume_campaign(later(world, NOW + 7 * DAY + HOUR).context, campaign)
    assert (await codes(2))[-1] == "MOVED_AFTER_PAUSE"
    await reschedule_email(later(world, NOW + 8 * DAY).context, send.id, NOW + 9 * DAY)
    assert (await codes(2))[-1] == "RESCHEDULED"


@on_sqlite
async def test_resumes_and_edits(database: str) -> None:
    world = await make_world(1)
    campaign = (await Campaign.get()).id
    await pause_campaign(world.context, campaign)
    await resume_campaign(later(world, NOW + 3 * DAY + HOUR).context, campaign)
    assert await codes(1) == ["ZONE_OF_SENDER", "RESUMED", "TIME_KEPT"]
    await update_campaign(later(world, NOW + 3 * DAY + HOUR).context, campaign, skip_weekends=True)
    await change_step(
        later(world, NOW + 3 * DAY + HOUR).context, (await step(2)).id, send_option="at_time", config={"at": "05:15"}
    )
    assert (await codes(2))[-2:] == ["TIME_CONFIGURED", "EDITED"]


@pytest.mark.parametrize("background", [False, True])
async def test_whose_zone_it_is(database: str, background: bool) -> None:
    world = await make_world(1)
    context, sender = world.context, await Sender.get()
    campaign = await create_campaign(context, name="Z", sender_id=sender.id, use_recipient_zone=True)
    email = await content() | {"send_option": "at_time", "config": {"at": "09:30"}}
    await add_step(context, campaign.id, day=1, **email)
    own = (await create_person(context, "own@example.com", zone="Asia/Tokyo")).id
    same = (await create_person(context, "same@example.com", zone="UTC")).id
    none = (await create_person(context, "none@example.com")).id
    people = [own, same, none]
    if background:
        await start_launch(context, campaign.id, people, Choice())
        row = await claim_launch(NOW)
        assert row is not None
        await run_launch(row, world.runtime.context, lambda: NOW)
    else:
        for shown in (await preview(context, campaign.id, people, Choice(), {})).people:
            assert shown.planned[0].notes[0].values == {"zone": shown.zone}
        await launch(context, campaign.id, people, Choice(), {})
    found = {row.person_id: row.zone_of for row in await Enrollment.filter(campaign_id=campaign.id)}
    assert found == {own: ZoneOf.RECIPIENT, same: ZoneOf.RECIPIENT, none: ZoneOf.FALLBACK}
    first = {send.person_id: send.explanation[0] for send in await Send.filter(enrollment__campaign_id=campaign.id)}
    assert first == {
        own: ["ZONE_OF_RECIPIENT", {"zone": "Asia/Tokyo"}],
        same: ["ZONE_OF_RECIPIENT", {"zone": "UTC"}],
        none: ["ZONE_OF_SENDER_INSTEAD", {"zone": "UTC"}],
    }
    assert (await Enrollment.exclude(campaign_id=campaign.id).get()).zone_of == ZoneOf.SENDER


async def test_people_from_before_are_explained_without_a_reason_for_their_zone(world: World) -> None:
    names = await before("0016_zone_of")
    assert await migrate() == names
    assert (await Enrollment.get()).zone_of is None
    await Task.all().update(due_date=date(2026, 3, 3))
    await skip_task(later(world, NOW + DAY).context, (await Task.get()).id)
    assert await codes(3) == ["ZONE", "DAY_1", "DAY", "SAME_TIME"]


@on_sqlite
async def test_an_email_twice_a_night(database: str) -> None:
    world = await make_world(1)
    context, sender = world.context, await Sender.get()
    await Sender.all().update(zone="Europe/Berlin")
    campaign = await create_campaign(context, name="Z", sender_id=sender.id)
    await add_step(context, campaign.id, day=1, send_option="task", **await content())
    person = await create_person(context, "x@example.com")
    (enrollment,) = await launch(context, campaign.id, [person.id], Choice(), {})
    second = NOW.replace(month=10, day=25, hour=1, minute=30)
    send = await send_task(context, (await Task.get()).id, at=second)
    assert (await Send.get(id=send.id)).enrollment_id == enrollment.id
    read = evaluate((await Send.get(id=send.id)).explanation)
    assert (read.instant, read.offset) == (second, "+01:00")
