"""Scheduled emails while they are claimed, while campaigns are paused and edited, and when people leave."""

from datetime import timedelta

import pytest

from api.models import Campaign, Enrollment, Event, Send, Task
from api.services.campaigns.campaigns import move_step, remove_step
from api.services.campaigns.ending.ending import end_enrollment
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.emails.emails import retry_send
from api.services.emails.scheduled_emails import edit_email, reschedule_email, withdraw_email
from api.services.people.suppressions import unsubscribe
from api.services.tasks.tasks import complete_task, skip_task
from api.states import SendStatus, TaskStatus
from plugins.contract import Outcome, Outgoing
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.emails.scheduled import TWO, arrivals, automatic, by_hand, refusal
from tests.services.tasks.test_send_task_email import DAY, HOUR
from tests.services.world import NOW, World


@pytest.mark.parametrize("work", ["complete", "withdraw", "reschedule", "edit"])
async def test_an_email_that_is_claimed_is_taken_back(world: World, work: str) -> None:
    send, task = await by_hand(world), await Task.get()
    await world.tick()
    world.channel.left.clear()
    at_two = later(world, TWO)

    async def meanwhile(_: Outgoing) -> None:
        world.channel.before = None
        match work:
            case "complete":
                await complete_task(at_two.context, task.id)
            case "withdraw":
                await withdraw_email(at_two.context, send.id)
            case "reschedule":
                await reschedule_email(at_two.context, send.id, TWO + DAY)
            case "edit":
                await edit_email(at_two.context, send.id, subject="Other")

    world.channel.before = meanwhile
    await at_two.tick(TWO)
    assert world.channel.left == []
    if work == "edit":
        arrived = arrivals(world)
        await at_two.tick(TWO)
        assert [subject for subject, _ in arrived] == ["Other"]
    elif work == "reschedule":
        await later(world, TWO + DAY).tick(TWO + DAY)
        assert world.channel.left == ["ada@example.com"]
    else:
        await later(world, TWO + DAY).tick(TWO + DAY)
        assert world.channel.left == []
        assert (await Task.get(id=task.id)).status is (TaskStatus.COMPLETED if work == "complete" else TaskStatus.OPEN)


@on_sqlite
async def test_while_it_is_handed_over_it_is_not_for_anyone_to_change(world: World) -> None:
    send, task = await by_hand(world), await Task.get()
    await world.tick()
    at_two, codes = later(world, TWO), []

    async def meanwhile(_: Outgoing) -> None:
        for work in (
            complete_task(at_two.context, task.id),
            withdraw_email(at_two.context, send.id),
            reschedule_email(at_two.context, send.id, TWO + DAY),
            edit_email(at_two.context, send.id, subject="Other"),
        ):
            code, _ = await refusal(work)
            codes.append(code)

    world.channel.during = meanwhile
    await at_two.tick(TWO)
    assert codes == ["EMAIL_LEAVING"] * 4
    assert (await Send.get(id=send.id)).status is SendStatus.SENT
    task = await Task.get(id=task.id)
    assert (task.status, task.done_at) == (TaskStatus.COMPLETED, TWO)
    assert await Event.filter(kind="TASK_COMPLETED").count() == 1


@on_sqlite
async def test_a_pause_and_a_resume(world: World) -> None:
    await world.tick()
    send = await by_hand(world)
    campaign = (await Campaign.get()).id
    await reschedule_email(world.context, send.id, NOW + HOUR)
    await pause_campaign(world.context, campaign)
    assert await refusal(reschedule_email(world.context, send.id, None)) == ("CAMPAIGN_PAUSED", ("id",))
    await edit_email(world.context, send.id, subject="Mine")
    after = await reschedule_email(world.context, send.id, NOW + 2 * HOUR)
    assert (after.held, after.subject) == (True, "Mine")
    await resume_campaign(later(world, NOW + 3 * HOUR).context, campaign)
    after = await Send.get(id=send.id)
    assert (after.held, after.due_at) == (False, NOW + DAY + 2 * HOUR), "a wall time moves by whole days"


@on_sqlite
async def test_a_pause_of_a_second_moves_a_wall_time_and_not_what_was_sent_now(world: World) -> None:
    first, campaign = await automatic(), (await Campaign.get()).id
    await reschedule_email(world.context, first.id, NOW + HOUR)
    at_one = later(world, NOW + HOUR)
    await pause_campaign(at_one.context, campaign)
    await resume_campaign(later(world, NOW + HOUR + timedelta(seconds=1)).context, campaign)
    assert (await automatic()).due_at == NOW + DAY + HOUR
    noon = later(world, NOW + 5 * HOUR)
    await reschedule_email(noon.context, first.id, None)
    await pause_campaign(noon.context, campaign)
    await resume_campaign(later(world, NOW + 5 * HOUR + timedelta(seconds=1)).context, campaign)
    assert (await automatic()).due_at == NOW + 5 * HOUR


@on_sqlite
async def test_a_removed_step_a_skip_an_end_and_an_unsubscribe(world: World) -> None:
    first = await automatic()
    await reschedule_email(world.context, first.id, TWO)
    send = await by_hand(world)
    await reschedule_email(world.context, send.id, TWO + HOUR)
    await skip_task(world.context, (await Task.get()).id)
    assert await refusal(reschedule_email(world.context, send.id, TWO)) == ("NOT_SCHEDULED", ("id",))
    assert await refusal(withdraw_email(world.context, send.id)) == ("TASK_NOT_OPEN", ("id",))
    last = await Send.get(step__day=9)
    await reschedule_email(world.context, last.id, TWO)
    await remove_step(world.context, last.step_id)
    assert ((await Send.get(id=last.id)).status, (await Send.get(id=last.id)).reason) == ("FAILED", "STEP_REMOVED")
    await end_enrollment(world.context, (await Enrollment.get()).id)
    assert await refusal(edit_email(world.context, first.id, subject="x")) == ("NOT_SCHEDULED", ("id",))
    await later(world, TWO + DAY).tick(TWO + DAY)
    assert world.channel.left == []


@on_sqlite
async def test_an_unsubscribe_stops_what_was_rescheduled(world: World) -> None:
    first = await automatic()
    await reschedule_email(world.context, first.id, NOW + HOUR)
    await unsubscribe(world.context, first.person_id, "")
    assert await refusal(reschedule_email(world.context, first.id, None)) == ("NOT_SCHEDULED", ("id",))
    await later(world, NOW + HOUR).tick(NOW + HOUR)
    assert world.channel.left == []


@on_sqlite
async def test_an_edit_that_takes_the_task_away_keeps_its_scheduled_email(world: World) -> None:
    send = await by_hand(world)
    await move_step(world.context, send.step_id, day=3)
    await reschedule_email(world.context, send.id, TWO + HOUR)
    await later(world, TWO + HOUR).tick(TWO + HOUR)
    assert (await Send.get(id=send.id)).status is SendStatus.SENT


@on_sqlite
async def test_a_retried_email_can_be_rescheduled(world: World) -> None:
    world.channel.outcome = Outcome.FAILED
    await world.tick()
    first = await automatic()
    await retry_send(world.context, first.id)
    await reschedule_email(world.context, first.id, NOW + HOUR)
    world.channel.outcome = Outcome.SENT
    await world.tick()
    assert world.channel.left == []
    await later(world, NOW + HOUR).tick(NOW + HOUR)
    assert world.channel.left == ["ada@example.com"]
