"""An email that is scheduled can be edited or given another time until its transmission begins."""

from datetime import datetime, timedelta

import pytest

from api.models import Campaign, Send, Task
from api.services.campaigns.campaigns import add_step, change_step
from api.services.emails.scheduled_emails import edit_email, reschedule_email, withdraw_email
from api.services.tasks.composing import compose, compose_email
from api.services.tasks.tasks import complete_task
from api.states import SendStatus, TaskStatus
from api.store.engine.sql import execute
from tests.databases import on_sqlite
from tests.services.campaigns.edited import content, later, step
from tests.services.emails.scheduled import TWO, arrivals, automatic, by_hand, events, refusal
from tests.services.tasks.test_send_task_email import DAY, HOUR
from tests.services.world import NOW, World, make_world


@on_sqlite
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


@on_sqlite
async def test_an_edit_moves_no_email_that_was_rescheduled(world: World) -> None:
    await reschedule_email(world.context, (await automatic()).id, NOW + HOUR)
    await change_step(world.context, (await step(1)).id, send_option="at_time", config={"at": "15:00"})
    assert (await automatic()).due_at == NOW + HOUR


@on_sqlite
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


@on_sqlite
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


@on_sqlite
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


@on_sqlite
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
