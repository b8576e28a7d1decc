"""Emails that a person has scheduled from a task, while the campaign is edited."""

import asyncio
from datetime import datetime, timedelta

import pytest

from api.models import Campaign, Enrollment, Send, Task
from api.services.campaigns.campaigns import add_step, change_step
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task
from api.states import EnrollmentStatus, SendStatus, TaskStatus
from api.store.engine.transactions import transaction
from strategies import Refusal, StepType
from tests.services.campaigns.edited import later, step
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, World, make_sent_world

DAY = timedelta(days=1)


@pytest.fixture
async def world(database: str) -> World:
    """One person whose first email has left, and whose second is a task."""
    made = await make_sent_world(1)
    await change_step(made.context, (await step(2)).id, send_option="task")
    return made


async def test_a_task_that_is_put_before_an_email_by_hand_leaves_it_its_own(world: World) -> None:
    second = await step(2)
    await send_task(world.context, (await Task.get()).id, at=NOW + DAY)
    call = await add_step(world.context, (await Campaign.get()).id, day=3, step_type=StepType.CALL)
    assert await Task.filter(step_id=second.id, status=TaskStatus.OPEN).count() == 1, "its email waits to go out"
    await world.tick(NOW + DAY)
    assert (await Send.get(step_id=second.id)).status is SendStatus.SENT
    assert (await Task.get(step_id=second.id)).status is TaskStatus.COMPLETED
    after = later(world, NOW + 2 * DAY)
    await complete_task(after.context, (await Task.get(step_id=call.id)).id)
    assert await Task.filter(status=TaskStatus.OPEN).count() == 0, "nobody is asked to send it again"
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 1


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.parametrize("at", [None, NOW + DAY])
async def test_a_task_that_an_edit_takes_away_is_not_sent(world: World, at: datetime | None) -> None:
    second, task = await step(2), await Task.get()
    async with transaction():
        await change_step(world.context, second.id, send_option="at_time", config={"at": "12:00"})
        sent = beside(send_task(world.context, task.id, at=at))  # which sees the task, until we have committed
        assert await waits_for_us(sent)
    with pytest.raises(Refusal) as refused:
        await sent
    assert refused.value.code == "TASK_NOT_OPEN"
    assert [send.by_hand for send in await Send.filter(step_id=second.id)] == [False]


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_task_that_waits_behind_another_now_is_not_sent(world: World) -> None:
    second, task = await step(2), await Task.get()
    async with transaction():
        await add_step(world.context, second.campaign_id, day=3, step_type=StepType.CALL)
        sent = beside(send_task(world.context, task.id, at=NOW + DAY))
        assert await waits_for_us(sent)
    with pytest.raises(Refusal):
        await sent
    assert await Send.filter(step_id=second.id).count() == 0


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_task_is_sent_once_however_often_someone_clicks(world: World) -> None:
    task = (await Task.get()).id
    clicks = await asyncio.gather(
        *(beside(send_task(world.context, task, at=NOW + DAY)) for _ in range(4)), return_exceptions=True
    )
    assert sorted(each.code for each in clicks if isinstance(each, Refusal)) == ["ALREADY_SCHEDULED"] * 3
