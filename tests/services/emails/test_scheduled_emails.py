"""An email that waits gets another time or another text, or goes back to its task, whatever else happens meanwhile."""

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Send, Task
from api.services.campaigns.authoring import add_step, change_step, move_step, remove_step
from api.services.campaigns.ending.ending import end_enrollment
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.emails.emails import retry_send
from api.services.emails.scheduled_emails import edit_email, reschedule_email, withdraw_email
from api.services.people.suppressions import unsubscribe
from api.services.tasks.tasks import complete_task, compose, compose_email, send_task, skip_task
from api.states import SendStatus, TaskStatus
from api.store.engine.sql import execute
from plugins.contract import Outcome, Outgoing
from strategies import Refusal
from tests.services.campaigns.edited import content, later, step
from tests.services.tasks.test_tasks_by_hand import DAY, HOUR
from tests.services.world import NOW, World, make_world

TWO = NOW + 2 * DAY


@pytest.fixture
async def world(database: str) -> World:
    """One person: a first email that waits for now, a task on day 2, and an email on day 9 that refers to it."""
    world = await make_world(1)
    await add_step(world.context, (await Campaign.get()).id, day=2, send_option="task", **await content())
    await Event.all().delete()
    return world


async def by_hand(world: World, at: datetime | None = TWO, **text: str) -> Send:
    """The email of the task, scheduled."""
    return await send_task(world.context, (await Task.get()).id, at=at, **text)


async def automatic() -> Send:
    return await Send.get(by_hand=False, step__number=1)


async def refusal(work: Any) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(Refusal) as refused:
        await work
    return refused.value.code, tuple(refused.value.path)


def arrivals(world: World) -> list[tuple[str, str]]:
    """Subject and HTML of what leaves from now on."""
    arrived: list[tuple[str, str]] = []

    async def arrives(outgoing: Outgoing) -> None:
        message = message_from_bytes(outgoing.message, policy=policy.default)
        html = message.get_body(("html",))
        assert html is not None
        arrived.append((message["Subject"], html.get_content()))

    world.channel.during = arrives
    return arrived


async def events(*kinds: str) -> list[tuple[str, dict[str, Any]]]:
    return [(event.kind, event.data) for event in await Event.filter(kind__in=kinds).order_by("id")]


# -- another time


async def test_an_automatic_email_leaves_at_its_new_time_and_what_refers_to_it_keeps_the_old_one(world: World) -> None:
    await add_step(
        world.context, (await Campaign.get()).id, day=1, send_option="same_time_as_previous", **await content()
    )
    first = await automatic()
    after = await reschedule_email(world.context, first.id, NOW + 3 * HOUR)
    assert (after.due_at, after.planned_at, after.planned_time) == (NOW + 3 * HOUR, NOW, "07:00:00")
    assert after.explanation[-1] == [
        "RESCHEDULED",
        {"date": "2026-03-02", "time": "10:00:00", "at": "2026-03-02T10:00:00Z"},
    ]
    assert [note[0] for note in after.explanation[:-1]] == [note[0] for note in first.explanation]
    before_and_after = {"before": "2026-03-02T07:00:00Z", "after": "2026-03-02T10:00:00Z"}
    assert await events("EMAIL_RESCHEDULED") == [("EMAIL_RESCHEDULED", before_and_after)]
    arrived = arrivals(world)
    await later(world, NOW + 3 * HOUR - timedelta(seconds=1)).tick(NOW + 3 * HOUR - timedelta(seconds=1))
    assert len(arrived) == 1, "the other email of day 1 leaves at the start of the campaign"
    await later(world, NOW + 3 * HOUR).tick(NOW + 3 * HOUR)
    assert len(arrived) == 2
    await complete_task(later(world, NOW + DAY).context, (await Task.get()).id)
    assert (await Send.get(step__day=9)).planned_at == NOW + 8 * DAY, "by when the task was done, as before"


async def test_an_email_after_it_takes_its_planned_wall_time(database: str) -> None:
    world = await make_world(1)
    await reschedule_email(world.context, (await automatic()).id, NOW + 5 * HOUR)
    await change_step(world.context, (await step(2)).id, name="Resolved again")
    assert (await Send.get(step__number=2)).due_at == NOW + 8 * DAY


async def test_an_edit_moves_no_email_that_was_rescheduled(world: World) -> None:
    await reschedule_email(world.context, (await automatic()).id, NOW + HOUR)
    await change_step(world.context, (await step(1)).id, send_option="at_time", config={"at": "15:00"})
    assert (await automatic()).due_at == NOW + HOUR


async def test_a_task_s_email_moves_with_its_plan_and_completes_the_task_as_it_leaves(world: World) -> None:
    send = await by_hand(world)
    after = await reschedule_email(world.context, send.id, NOW + DAY + HOUR)
    assert (after.due_at, after.planned_at, after.planned_time) == (NOW + DAY + HOUR, NOW + DAY + HOUR, "08:00:00")
    assert [note[0] for note in after.explanation] == ["ZONE_OF_SENDER", "BY_HAND", "RESCHEDULED"]
    assert (await Task.get()).status is TaskStatus.OPEN
    await reschedule_email(world.context, send.id, NOW + DAY + 2 * HOUR)
    assert [note[0] for note in (await Send.get(id=send.id)).explanation] == [
        "ZONE_OF_SENDER",
        "BY_HAND",
        "RESCHEDULED",
    ]
    leaves = NOW + DAY + 2 * HOUR
    await later(world, leaves).tick(leaves)
    task = await Task.get()
    assert (task.status, task.done_at) == (TaskStatus.COMPLETED, leaves)
    assert (await Send.get(step__day=9)).due_at == NOW + 8 * DAY + 2 * HOUR, "R9: when it was really sent"


@pytest.mark.parametrize("at", [None, NOW])
async def test_now_completes_the_task(world: World, at: datetime | None) -> None:
    send = await by_hand(world)
    after = await reschedule_email(world.context, send.id, at)
    assert (after.due_at, after.explanation[-1][0]) == (NOW, "RESCHEDULED_NOW")
    task = await Task.get()
    assert (task.status, task.done_at) == (TaskStatus.COMPLETED, NOW)
    await world.tick()
    assert len(world.channel.left) == 2
    assert await Send.filter(step__day=9, status=SendStatus.SCHEDULED).count() == 1


async def test_what_is_refused(world: World) -> None:
    send = await by_hand(world)
    past = NOW - timedelta(seconds=1)
    assert await refusal(reschedule_email(world.context, send.id, past)) == ("SEND_AT_IN_PAST", ("at",))
    assert await refusal(reschedule_email(world.context, "snd_x", None)) == ("NOT_FOUND", ("id",))
    assert await refusal(edit_email(world.context, send.id)) == ("REQUIRED", ("html",))
    assert await refusal(edit_email(world.context, send.id, subject="a\nb")) == ("INVALID_TEXT", ("subject",))
    assert await refusal(withdraw_email(world.context, (await automatic()).id)) == ("NOT_A_TASK_EMAIL", ("id",))
    await Send.filter(id=send.id).update(html="<p>{{! Introduce yourself }}</p>")
    assert await refusal(reschedule_email(world.context, send.id, None)) == ("FIELD_PROMPT_LEFT", ("id",))
    for status, code in (("SENT", "NOT_SCHEDULED"), ("TRANSMITTING", "EMAIL_LEAVING"), ("IN_DOUBT", "NOT_SCHEDULED")):
        await Send.filter(id=send.id).update(status=status)
        for work in (
            reschedule_email(world.context, send.id, TWO),
            edit_email(world.context, send.id, subject="x"),
            withdraw_email(world.context, send.id),
        ):
            assert await refusal(work) == (code, ("id",))
    assert await events("EMAIL_RESCHEDULED", "EMAIL_EDITED", "EMAIL_WITHDRAWN") == []


# -- another text


async def test_what_was_written_leaves_as_it_is_and_a_part_can_go_back(world: World) -> None:
    first = await automatic()
    arrived = arrivals(world)
    await edit_email(world.context, first.id, subject="{{ not a field }}", html="<p>{% mine %} & {{ x }}</p>")
    seen = await compose_email(world.context, first.id)
    assert (seen.subject, seen.html) == ("{{ not a field }}", "<p>{% mine %} &amp; {{ x }}</p>")
    await edit_email(world.context, first.id, subject=None)
    assert (await automatic()).due_at == NOW, "it still follows its send option"
    assert [data for _, data in await events("EMAIL_EDITED")] == [
        {"parts": ["subject", "html"]},
        {"parts": ["subject"]},
    ]
    await world.tick()
    ((subject, html),) = arrived
    assert subject == "Hi you"
    assert "{% mine %} &amp; {{ x }}" in html


async def test_an_edited_email_keeps_its_text_when_an_edit_withdraws_it_and_brings_it_back(world: World) -> None:
    await world.tick()
    await complete_task(world.context, (await Task.get()).id)
    await edit_email(world.context, (await Send.get(step__day=9)).id, subject="Mine")
    last = await Send.get(step__day=9)
    await change_step(world.context, last.step_id, send_option="task", config={})
    assert await Send.filter(step__day=9).count() == 0
    task = await Task.get(step_id=last.step_id)
    assert (await compose(world.context, task.id)).subject == "Mine"
    await change_step(world.context, last.step_id, send_option="at_time", config={"at": "11:00"})
    assert (await Send.get(step__day=9)).subject == "Mine"
    assert list(await execute("SELECT * FROM written_email")) == []


async def test_what_an_earlier_release_kept_as_a_template_is_rendered_once(world: World) -> None:
    send = await by_hand(world, subject="x", html="<p>x</p>")
    old = {"subject": "Hi {{ first_name | default: 'Ada' }}", "html": "<p>{{ email }}</p>", "written_as_template": True}
    await Send.filter(id=send.id).update(**old)
    after = await edit_email(world.context, send.id, subject="{{ raw }}")
    assert (after.subject, after.html, after.written_as_template) == ("{{ raw }}", "<p>ada@example.com</p>", False)


# -- back to the task


@pytest.mark.parametrize("how", ["scheduled", "deferred", "failed", "rejected", "held"])
async def test_a_withdrawn_email_opens_its_task_with_its_text(world: World, how: str) -> None:
    send = await by_hand(world, subject="Mine", html="<p>{{ mine }}</p>")
    at_two = later(world, TWO)
    if how == "held":
        await pause_campaign(world.context, (await Campaign.get()).id)
    elif how != "scheduled":
        outcomes = {"deferred": Outcome.DEFERRED, "failed": Outcome.FAILED, "rejected": Outcome.SOFT_BOUNCE}
        world.channel.outcome = outcomes[how]
        await at_two.tick(TWO)
    task = await withdraw_email(at_two.context, send.id)
    assert (task.status, task.done_at) == (TaskStatus.OPEN, None)
    assert await Send.filter(by_hand=True).count() == 0
    assert await events("EMAIL_WITHDRAWN") == [("EMAIL_WITHDRAWN", {})]
    seen = await compose(at_two.context, task.id)
    assert (seen.subject, seen.html) == ("Mine", "<p>{{ mine }}</p>")
    assert await refusal(withdraw_email(at_two.context, send.id)) == ("NOT_FOUND", ("id",))
    if how == "held":
        await resume_campaign(at_two.context, (await Campaign.get()).id)
    world.channel.outcome = Outcome.SENT
    arrived = arrivals(world)
    again = await send_task(at_two.context, task.id, html="<p>other</p>")
    assert (again.subject, again.html) == ("Mine", "<p>other</p>"), "what is not given is what compose shows"
    await at_two.tick(TWO)
    assert ("Mine", "<p>other</p>") in [(subject, html.strip()[:12]) for subject, html in arrived]
    assert list(await execute("SELECT * FROM written_email")) == []


async def test_a_withdrawn_task_that_would_have_expired_has_its_days_again(world: World) -> None:
    await Campaign.all().update(task_expiry_days=1)
    await Task.all().update(expires_at=NOW + DAY)
    send = await by_hand(world)
    task = await withdraw_email(later(world, NOW + DAY).context, send.id)
    assert task.expires_at == NOW + 2 * DAY + 17 * HOUR, "at midnight, after a whole day"
    send = await by_hand(world)
    assert (await withdraw_email(later(world, NOW + DAY + HOUR).context, send.id)).expires_at == task.expires_at


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (None, "The email of this task is already scheduled. Reschedule, edit or withdraw it."),
        (Outcome.FAILED, "The email of this task was not delivered. Retry it, or withdraw it to write another."),
        (
            Outcome.SOFT_BOUNCE,
            "The email of this task was not delivered. Retry it, or withdraw it to write another.",
        ),
        (Outcome.IN_DOUBT, "The email of this task is in doubt. Call resolveInDoubt first."),
    ],
)
async def test_a_second_email_of_a_task_is_refused_with_what_can_be_done(
    world: World, outcome: Outcome | None, told: str
) -> None:
    await by_hand(world)
    if outcome is not None:
        world.channel.outcome = outcome
        await later(world, TWO).tick(TWO)
    with pytest.raises(Refusal) as refused:
        await by_hand(later(world, TWO), TWO + HOUR)
    assert (refused.value.code, refused.value.message) == ("ALREADY_SCHEDULED", told)


async def test_a_cancelled_task_is_told_as_such(world: World) -> None:
    send = await by_hand(world)
    await end_enrollment(world.context, (await Enrollment.get()).id)
    with pytest.raises(Refusal, match="was cancelled with the person's campaign"):
        await withdraw_email(world.context, send.id)


async def test_a_task_s_email_that_was_sent_now_stays(world: World) -> None:
    send = await by_hand(world, None)
    assert await refusal(withdraw_email(world.context, send.id)) == ("TASK_NOT_OPEN", ("id",))


async def test_completing_withdraws(world: World) -> None:
    send = await by_hand(world)
    await complete_task(world.context, (await Task.get()).id)
    assert await Send.filter(by_hand=True).count() == 0
    assert [(kind, data) for kind, data in await events("EMAIL_WITHDRAWN", "TASK_COMPLETED")] == [
        ("EMAIL_WITHDRAWN", {"reason": "TASK_COMPLETED"}),
        ("TASK_COMPLETED", {"type": "EMAIL"}),
    ]
    assert (await Event.get(kind="EMAIL_WITHDRAWN")).send_id == send.id
    world.channel.left.clear()
    await later(world, TWO).tick(TWO)
    assert world.channel.left == ["ada@example.com"], "only the first email"
    assert await Send.filter(step__day=9, status=SendStatus.SCHEDULED).count() == 1


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


# -- beside everything else


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


async def test_an_unsubscribe_stops_what_was_rescheduled(world: World) -> None:
    first = await automatic()
    await reschedule_email(world.context, first.id, NOW + HOUR)
    await unsubscribe(world.context, first.person_id, "")
    assert await refusal(reschedule_email(world.context, first.id, None)) == ("NOT_SCHEDULED", ("id",))
    await later(world, NOW + HOUR).tick(NOW + HOUR)
    assert world.channel.left == []


async def test_an_edit_that_takes_the_task_away_keeps_its_scheduled_email(world: World) -> None:
    send = await by_hand(world)
    await move_step(world.context, send.step_id, day=3)
    await reschedule_email(world.context, send.id, TWO + HOUR)
    await later(world, TWO + HOUR).tick(TWO + HOUR)
    assert (await Send.get(id=send.id)).status is SendStatus.SENT


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
