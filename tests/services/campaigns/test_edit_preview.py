"""A preview says just what its edit then does, whoever stands where in the campaign."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from api.models import Campaign, Enrollment, Send, Task
from api.services.campaigns import edit_drafts
from api.services.campaigns.campaigns import add_step
from api.services.campaigns.draft import Draft
from api.services.campaigns.editing import apply_edit, edit_job, edit_preview
from api.services.campaigns.pausing.pausing import pause_campaign
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts import fact_groups
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task
from api.states import SendStatus, TaskStatus
from strategies import StepType
from tests.services.campaigns.edited import content, later, step
from tests.services.campaigns.previewed import actual_changes, edit_person_by_person, foretold_changes, state
from tests.services.world import NOW, World, kept, make_sent_world

DAY = timedelta(days=1)
Made = Callable[[WorkspaceContext, str], Awaitable[Draft]]


@kept
async def make_people_on_day_4() -> World:
    world = await make_sent_world(7)
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
    return world


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Ten people on day 4 of five steps: some with an open task, or done with it, some just launched."""
    monkeypatch.setattr(edit_job, "PEOPLE_PER_CHUNK", 3)
    monkeypatch.setattr(fact_groups, "PEOPLE_PER_SLICE", 3)
    return later(await make_people_on_day_4(), NOW + 3 * DAY)


async def move(context: WorkspaceContext, campaign: str) -> Draft:
    return await edit_drafts.move_step(context, (await step(3)).id, day=2)


async def to_the_end(context: WorkspaceContext, campaign: str) -> Draft:
    return await edit_drafts.move_day(context, campaign, day=3, to=20)


async def by_time(context: WorkspaceContext, campaign: str) -> Draft:
    return await edit_drafts.change_step(context, (await step(2)).id, send_option="at_time", config={"at": "09:00"})


async def by_hand(context: WorkspaceContext, campaign: str) -> Draft:
    return await edit_drafts.change_step(context, (await step(1)).id, send_option="task", config={})


async def without_weekends(context: WorkspaceContext, campaign: str) -> Draft:
    return await edit_drafts.settings(context, campaign, skip_weekends=True)


async def another(context: WorkspaceContext, campaign: str) -> Draft:
    return await edit_drafts.add_step(context, campaign, day=2, step_type=StepType.INMAIL)


async def one_less(context: WorkspaceContext, campaign: str) -> Draft:
    return await edit_drafts.remove_step(context, (await step(2)).id)


async def two_less(context: WorkspaceContext, campaign: str) -> Draft:
    return await edit_drafts.remove_day(context, campaign, day=3)


@pytest.mark.parametrize(("database_kind", "paused"), [("sqlite", False), ("postgres", False), ("sqlite", True)])
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
    draft = await made(world.context, campaign)
    by_person = await edit_person_by_person(world.context, draft)
    preview = await edit_preview.edit_preview(world.context, draft)
    assert preview == by_person
    again = await state()
    assert [{key: dict(row) for key, row in rows.items()} for rows in again] == [
        {key: dict(row) for key, row in rows.items()} for rows in before
    ]
    draft = await made(world.context, campaign)
    await apply_edit.apply(world.context, draft)
    assert await actual_changes(before, await state()) == foretold_changes(preview)
    assert preview.people == await Enrollment.filter(launched_at__lte=world.context.now).count()
    assert await Send.filter(held=True).exclude(status__in=["SCHEDULED", "DEFERRED"]).count() == 0
    assert await Send.filter(held=False, status__in=["SCHEDULED", "DEFERRED"]).exists() is not paused
    assert await Task.filter(status=TaskStatus.OPEN).count() + await Send.filter(status="SCHEDULED").count() > 0
