"""What was to leave at once when a pause began leaves when it ends on the same day; wall times move by whole days."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.models import Enrollment, Event, Send, Task
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.campaigns.pausing.resume_preview import resume_preview
from api.services.dispatch.dispatcher import run_once
from api.services.emails.emails import retry_send
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task
from api.services.templates.templates import create_template
from api.states import SendStatus
from plugins.contract import AccountUnavailableError, Outcome, Outgoing
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.jobs.claims import claim_launch, run_launch
from tests.services.world import NOW, World, make_world

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
"""NOW is Monday, 07:00; the sender's zone is UTC."""


@pytest.fixture
async def world(database: str) -> World:
    """A person whose first email is due now, and whose second is due on day 9."""
    return await make_world(1)


def at(world: World, now: datetime) -> World:
    """The same world at another time."""
    runtime = replace(world.runtime, clock=lambda: now)
    return replace(world, runtime=runtime, context=runtime.context(world.context.workspace))


async def paused(world: World, campaign: str, since: datetime, until: datetime) -> tuple[int, int, int]:
    """Pause and resume, and hold the preview against it. Returns moving, staying and at once of all steps."""
    await pause_campaign(at(world, since).context, campaign)
    after = at(world, until)
    previewed = await resume_preview(after.context, campaign)
    before = {send.id: send.due_at for send in await Send.filter(held=True)}
    await resume_campaign(after.context, campaign)
    now = {send.id: send.due_at for send in await Send.filter(id__in=list(before))}
    moved = sum(now[key] != due for key, due in before.items())
    counts = [sum(getattr(step, name) for step in previewed.steps) for name in ("moving", "staying", "at_once")]
    assert counts == [moved, len(before) - moved, sum(due < until for due in now.values())]
    assert previewed.moving_people == (1 if moved else 0)
    return counts[0], counts[1], counts[2]


async def author(world: World, *steps: dict[str, Any]) -> str:
    """A campaign of its own, in the same workspace."""
    sender = (await world.send()).sender_id
    await Send.all().update(status=SendStatus.SENT)
    made = await create_campaign(world.context, name="D", sender_id=sender)
    template = await create_template(world.context, name="U", subject="Hi", html="<p>x</p>")
    for step in steps:
        email = {"step_type": StepType.EMAIL, "template_id": template.id}
        await add_step(world.context, made.id, **(step if "step_type" in step else email | step))
    return made.id


NOW_OPTION = {"day": 1, "send_option": "choose_at_launch"}
SAME = {"send_option": "same_time_as_previous"}


async def launched(world: World, campaign: str, choice: Choice) -> Enrollment:
    person = await create_person(world.context, "x@example.com")
    (enrollment,) = await launch(world.context, campaign, [person.id], choice, {})
    return enrollment


@pytest.mark.parametrize("after", [SECOND, 16 * HOUR + 59 * MINUTE])
async def test_an_email_sent_now_leaves_on_the_same_day(world: World, after: timedelta) -> None:
    campaign = world.enrollments[0].campaign_id
    assert await paused(world, campaign, NOW, NOW + after) == (0, 2, 1)
    assert (await Enrollment.get()).resumed is None
    await run_once(at(world, NOW + after).runtime, NOW + after)
    assert world.channel.left == ["ada@example.com"]
    assert await Send.filter(due_at=NOW + 8 * DAY, status=SendStatus.SCHEDULED).count() == 1, "day 9 stays"


@on_sqlite
async def test_on_the_next_day_it_moves(world: World) -> None:
    campaign = world.enrollments[0].campaign_id
    assert await paused(world, campaign, NOW, NOW + 17 * HOUR) == (2, 0, 0)
    assert await Send.filter(due_at=NOW + DAY).count() == 1


async def test_a_wall_time_moves_by_a_day_and_what_is_for_now_stays(world: World) -> None:
    nine = {"day": 1, "send_option": "at_time", "config": {"at": "09:00"}}
    made = await author(world, NOW_OPTION, {"day": 1, **SAME}, nine, {"day": 3, **SAME})
    await launched(world, made, Choice("NOW"))
    assert await paused(world, made, NOW, NOW + 3 * HOUR) == (2, 2, 2)
    due = await Send.filter(status=SendStatus.SCHEDULED).order_by("step__number").values_list("due_at", flat=True)
    assert due == [NOW, NOW, NOW + DAY + 2 * HOUR, NOW + 3 * DAY + 2 * HOUR]


@on_sqlite
async def test_a_send_at_is_a_wall_time(world: World) -> None:
    made = await author(world, NOW_OPTION)
    await launched(world, made, Choice(NOW + HOUR))
    assert await paused(world, made, NOW + HOUR, NOW + HOUR + SECOND) == (1, 0, 0)
    assert (await Send.get(status=SendStatus.SCHEDULED)).due_at == NOW + DAY + HOUR


async def test_a_wall_time_that_is_the_moment_of_the_launch_moves(world: World) -> None:
    made = await author(world, {"day": 1, "send_option": "at_time", "config": {"at": "07:00"}}, {"day": 1, **SAME})
    await launched(world, made, Choice())
    assert await paused(world, made, NOW, NOW + SECOND) == (2, 0, 0)
    due = await Send.filter(status=SendStatus.SCHEDULED).values_list("due_at", flat=True)
    assert due == [NOW + DAY, NOW + DAY]


@on_sqlite
async def test_so_does_one_that_is_the_moment_at_which_a_task_was_done(world: World) -> None:
    eight = {"day": 1, "send_option": "at_time", "config": {"at": "08:00"}}
    made = await author(world, {"day": 1, "step_type": StepType.CALL}, eight)
    await launched(world, made, Choice())
    done = NOW + HOUR
    await complete_task(at(world, done).context, (await Task.get()).id)
    assert await paused(world, made, done, done + SECOND) == (1, 0, 0)
    assert (await Send.get(status=SendStatus.SCHEDULED)).due_at == done + DAY


@on_sqlite
async def test_at_the_start_after_a_task(world: World) -> None:
    made = await author(world, {"day": 1, "step_type": StepType.CALL}, {"day": 1, **SAME})
    await launched(world, made, Choice())
    done = NOW + HOUR
    await complete_task(at(world, done).context, (await Task.get()).id)
    assert await paused(world, made, done, done + SECOND) == (0, 1, 1)


@on_sqlite
async def test_a_late_email_leaves_at_once(world: World) -> None:
    early = {"day": 1, "send_option": "at_time", "config": {"at": "07:30"}}
    made = await author(world, {"day": 1, "step_type": StepType.CALL}, early)
    await launched(world, made, Choice())
    done = NOW + HOUR
    await complete_task(at(world, done).context, (await Task.get()).id)
    assert (await Send.get(status=SendStatus.SCHEDULED)).due_at == done
    assert await paused(world, made, done + SECOND, done + 2 * SECOND) == (0, 1, 1)


@on_sqlite
async def test_a_background_launch_for_now(world: World) -> None:
    made = await author(world, NOW_OPTION, {"day": 3, **SAME})
    await start_launch(world.context, made, None, Choice("NOW"))
    row = await claim_launch(NOW)
    assert row is not None
    await run_launch(row, lambda _: world.context, lambda: NOW)
    assert await paused(world, made, NOW + SECOND, NOW + 2 * SECOND) == (0, 2, 1)


@on_sqlite
async def test_a_retried_email(world: World) -> None:
    campaign = world.enrollments[0].campaign_id
    world.channel.outcome = Outcome.FAILED
    await world.tick()
    later = NOW + 3 * HOUR
    await retry_send(at(world, later).context, (await world.send()).id)
    assert await paused(world, campaign, later, later + MINUTE) == (0, 2, 1)
    world.channel.outcome = Outcome.SENT
    await run_once(at(world, later + MINUTE).runtime, later + MINUTE)
    assert world.channel.left == ["ada@example.com"]


@on_sqlite
async def test_an_email_that_is_tried_again(world: World) -> None:
    campaign = world.enrollments[0].campaign_id
    world.channel.outcome = Outcome.DEFERRED
    await world.tick()
    due = (await world.send()).due_at
    assert await paused(world, campaign, due + SECOND, due + 2 * SECOND) == (0, 2, 1)


@on_sqlite
async def test_a_task_s_email_sent_now(world: World) -> None:
    made = await author(world, {"day": 1, "send_option": "task"}, {"day": 2, **SAME})
    await launched(world, made, Choice())
    await send_task(world.context, (await Task.get()).id)
    assert await paused(world, made, NOW, NOW + SECOND) == (0, 2, 1)


@on_sqlite
async def test_a_task_s_email_at_a_time_moves(world: World) -> None:
    made = await author(world, {"day": 1, "send_option": "task"})
    await launched(world, made, Choice())
    await send_task(world.context, (await Task.get()).id, at=NOW + HOUR)
    assert await paused(world, made, NOW + HOUR, NOW + HOUR + SECOND) == (1, 0, 0)


@on_sqlite
async def test_an_email_that_was_put_off_for_its_account(world: World) -> None:
    async def refuses(_: Outgoing) -> None:
        raise AccountUnavailableError("SMTP_421", "Not now.")

    world.channel.before = refuses
    await world.tick()
    assert (await world.send()).due_at == NOW + MINUTE
    campaign = world.enrollments[0].campaign_id
    assert await paused(world, campaign, NOW + SECOND, NOW + 2 * MINUTE) == (0, 2, 1)


@on_sqlite
async def test_many_pauses_of_a_second_move_nothing(world: World) -> None:
    campaign = world.enrollments[0].campaign_id
    for minutes in range(5):
        since = NOW + minutes * MINUTE
        assert await paused(world, campaign, since, since + SECOND) == (0, 2, 1)
    assert await Event.filter(kind="CAMPAIGN_RESUMED").count() == 5
    await run_once(at(world, NOW + HOUR).runtime, NOW + HOUR)
    assert world.channel.left == ["ada@example.com"]
