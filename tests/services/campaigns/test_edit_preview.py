"""A preview says just what its edit then does, whoever stands where in the campaign."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Send, Step, Task
from api.services.campaigns import drafts
from api.services.campaigns.authoring import add_step
from api.services.campaigns.drafts import Draft
from api.services.campaigns.editing import edit_job, edit_preview, editing
from api.services.campaigns.pausing.pausing import pause_campaign
from api.services.common.context import WorkspaceContext
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.tasks import complete_task, send_task
from api.states import SendStatus, TaskStatus
from strategies import StepType
from tests.services.campaigns.edited import content, later, step
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)
Made = Callable[[WorkspaceContext, str], Awaitable[Draft]]


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Ten people on day 4 of five steps: some with an open task, or done with it, some just launched."""
    for module in (edit_job, edit_preview):
        monkeypatch.setattr(module, "PEOPLE_PER_CHUNK", 3)
    world = await make_world(7)
    campaign, email = (await Campaign.get()).id, await content()
    await add_step(world.context, campaign, day=3, send_option="task", **email)
    await add_step(world.context, campaign, day=3, send_option="at_time", config={"at": "10:00"}, **email)
    await add_step(world.context, campaign, day=12, step_type=StepType.CALL)
    await world.tick()
    after = later(world, NOW + 3 * DAY)
    tasks = await Task.filter(step__number=2).order_by("id")
    for task in tasks[:2]:
        await complete_task(after.context, task.id)
    await send_task(after.context, tasks[2].id, at=NOW + 4 * DAY)
    await Send.filter(id=(await Send.filter(step__number=3).order_by("id"))[0].id).update(
        status=SendStatus.DEFERRED, attempts=1
    )
    people = [(await create_person(after.context, f"new{number}@example.com")).id for number in range(3)]
    await launch(after.context, campaign, people, Choice("NOW", {3: "13:00"}), {})
    return after


async def move(context: WorkspaceContext, campaign: str) -> Draft:
    return await drafts.move_step(context, (await step(3)).id, day=2)


async def to_the_end(context: WorkspaceContext, campaign: str) -> Draft:
    return await drafts.move_day(context, campaign, day=3, to=20)


async def by_time(context: WorkspaceContext, campaign: str) -> Draft:
    return await drafts.change_step(context, (await step(2)).id, send_option="at_time", config={"at": "09:00"})


async def by_hand(context: WorkspaceContext, campaign: str) -> Draft:
    return await drafts.change_step(context, (await step(1)).id, send_option="task", config={})


async def without_weekends(context: WorkspaceContext, campaign: str) -> Draft:
    return await drafts.settings(context, campaign, skip_weekends=True)


async def another(context: WorkspaceContext, campaign: str) -> Draft:
    return await drafts.add_step(context, campaign, day=2, step_type=StepType.INMAIL)


async def one_less(context: WorkspaceContext, campaign: str) -> Draft:
    return await drafts.remove_step(context, (await step(2)).id)


async def two_less(context: WorkspaceContext, campaign: str) -> Draft:
    return await drafts.remove_day(context, campaign, day=3)


async def state() -> tuple[dict[str, Any], dict[str, Any]]:
    """Every email and task, as far as an edit may change it."""
    sends = {row.id: row for row in await Send.all()}
    return sends, {row.id: row for row in await Task.all()}


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize(
    "made",
    [move, to_the_end, by_time, by_hand, without_weekends, another, one_less, two_less],
    ids=lambda f: f.__name__,
)
async def test_the_edit_does_what_its_preview_says(world: World, made: Made, paused: bool) -> None:
    campaign = (await Campaign.get()).id
    if paused:
        await pause_campaign(world.context, campaign)
        world = later(world, NOW + 5 * DAY)
    before = await state()
    preview = await edit_preview.edit_preview(world.context, await made(world.context, campaign))
    again = await state()
    assert [{key: dict(row) for key, row in rows.items()} for rows in again] == [
        {key: dict(row) for key, row in rows.items()} for rows in before
    ]
    draft = await made(world.context, campaign)
    await editing.apply(world.context, draft)
    sends, tasks = await state()
    told, done = Counter[Any](), Counter[Any]()
    place = {row.id: (row.removed_at is not None, row.number) for row in await Step.all()}
    for each in preview.steps:
        for (old, new), emails in each.pairs.items():
            told[each.removed, each.step, old, new] += emails
        told[each.removed, each.step, "moving"] = each.tasks_moving
        told[each.removed, each.step, "created"] = each.tasks_created
        told[each.removed, each.step, "gone"] = each.tasks_withdrawn + each.tasks_cancelled
    for key, send in sends.items():
        was = before[0].get(key)
        if was is None or was.due_at != send.due_at:
            done[*place[send.step_id], was and was.due_at, send.due_at] += 1
        elif was.status is not send.status:
            assert (send.status, send.reason) == (SendStatus.FAILED, "STEP_REMOVED")
            done[*place[send.step_id], was.due_at, None] += 1
    for key in before[0].keys() - sends.keys():
        done[*place[before[0][key].step_id], before[0][key].due_at, None] += 1
    for key, task in tasks.items():
        was = before[1].get(key)
        done[*place[task.step_id], "created"] += was is None
        done[*place[task.step_id], "moving"] += was is not None and was.due_date != task.due_date
        done[*place[task.step_id], "gone"] += was is not None and was.status is not task.status
    for key in before[1].keys() - tasks.keys():
        done[*place[before[1][key].step_id], "gone"] += 1
    assert +done == +told
    assert preview.people == await Enrollment.filter(launched_at__lte=world.context.now).count()
    assert await Send.filter(held=True).exclude(status__in=["SCHEDULED", "DEFERRED"]).count() == 0
    assert await Send.filter(held=False, status__in=["SCHEDULED", "DEFERRED"]).exists() is not paused
    assert await Task.filter(status=TaskStatus.OPEN).count() + await Send.filter(status="SCHEDULED").count() > 0
