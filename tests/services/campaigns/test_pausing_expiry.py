"""A task of a campaign that was paused expires later by the length of the pause, whatever interrupts the job."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.models import Campaign, Task
from api.services.campaigns.campaigns import add_step, create_campaign, move_step
from api.services.campaigns.pausing import pause_job, pausing
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import run_once
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.remote_changes import change_tasks
from api.services.tasks.task_changes import update_task
from api.services.tasks.tasks import complete_task
from api.states import TaskStatus
from api.store.engine.transactions import transaction
from api.tick import Ticker
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.jobs.claims import free
from tests.services.world import NOW, Killed, World, make_world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
"""When a task that is due today expires, two days before any pause."""
PEOPLE = 7
Kill = Callable[[int], None]


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Seven people, each with a task that is due today, in a campaign whose tasks expire after a day."""
    monkeypatch.setattr(pause_job, "PEOPLE_HELD_PER_CHUNK", 2)
    monkeypatch.setattr(pause_job, "PEOPLE_RELEASED_PER_CHUNK", 2)
    world = await make_world(1)
    other = (await Campaign.get()).sender_id
    campaign = await create_campaign(world.context, name="Calls", sender_id=other, task_expiry_days=1)
    await add_step(world.context, campaign.id, day=1, step_type=StepType.CALL)
    people = [(await create_person(world.context, f"caller{number}@example.com")).id for number in range(PEOPLE)]
    await launch(world.context, campaign.id, people, Choice(), {})
    assert await expiries() == {MIDNIGHT: PEOPLE}
    return world


def at(world: World, hours: float) -> WorkspaceContext:
    runtime = replace(world.runtime, clock=lambda: NOW + hours * HOUR)
    return runtime.context(world.context.workspace)


async def calls() -> Campaign:
    return await Campaign.get(name="Calls")


async def expiries() -> dict[datetime | None, int]:
    found: dict[datetime | None, int] = {}
    for task in await Task.all():
        found[task.expires_at] = found.get(task.expires_at, 0) + 1
    return found


async def do_jobs(world: World, hours: float) -> None:
    """Let a tick loop carry out all jobs after the process that had them was killed."""
    await free((await calls()).id)
    runtime = replace(world.runtime, clock=lambda: NOW + hours * HOUR)
    await Ticker(runtime, runtime.clock, 1).until_idle()


async def killed_after(monkeypatch: pytest.MonkeyPatch, chunks: int, work: Callable[[], Awaitable[Any]]) -> None:
    """Do some work whose process is killed before the next chunk of tasks, or in the middle of its transaction."""
    right, count = pause_job.extend_expiry, 0

    async def extend(*given: Any) -> None:
        nonlocal count
        if count >= chunks:
            await right(*given)
            raise Killed
        count += 1
        await right(*given)

    with monkeypatch.context() as patch:
        patch.setattr(pause_job, "extend_expiry", extend)
        with pytest.raises(Killed):
            await work()


@pytest.mark.parametrize("chunks", [0, 1, 3])
async def test_a_killed_resume_extends_each_expiry_once(
    world: World, monkeypatch: pytest.MonkeyPatch, chunks: int
) -> None:
    await pause_campaign(world.context, (await calls()).id)

    async def resume() -> None:
        await resume_campaign(at(world, 5), (await calls()).id)

    await killed_after(monkeypatch, chunks, resume)
    extended = {} if chunks == 0 else {MIDNIGHT + 5 * HOUR: 2 * chunks}
    assert await expiries() == {MIDNIGHT: PEOPLE - 2 * chunks} | extended
    # Nothing expires before the job has reached it.
    await run_once(world.runtime, MIDNIGHT + HOUR)
    assert await Task.filter(status=TaskStatus.OPEN).count() == PEOPLE
    await do_jobs(world, 6)
    await do_jobs(world, 7)
    assert await expiries() == {MIDNIGHT + 5 * HOUR: PEOPLE}
    assert not await Task.filter(held=True).exists()
    await run_once(world.runtime, MIDNIGHT + 5 * HOUR)
    assert await Task.filter(status=TaskStatus.EXPIRED).count() == PEOPLE


async def test_two_pauses_count_although_the_first_resume_was_killed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pause_campaign(world.context, (await calls()).id)

    async def resume() -> None:
        await resume_campaign(at(world, 5), (await calls()).id)

    await killed_after(monkeypatch, 1, resume)
    await pause_campaign(at(world, 6), (await calls()).id)
    await do_jobs(world, 7)
    await resume_campaign(at(world, 9), (await calls()).id)
    await do_jobs(world, 9)
    assert await expiries() == {MIDNIGHT + (5 + 3) * HOUR: PEOPLE}


@on_sqlite
async def test_the_request_leaves_tasks_to_the_job(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await pause_campaign(world.context, (await calls()).id)
    monkeypatch.setattr(pausing, "CHUNKS_OF_A_CALLER", 2)
    resumed = await resume_campaign(at(world, 5), (await calls()).id)
    assert (resumed.holds is not None, resumed.paused_at) == (True, None)
    assert (await expiries())[MIDNIGHT] > 0
    await do_jobs(world, 5)
    assert await expiries() == {MIDNIGHT + 5 * HOUR: PEOPLE}


@pytest.mark.parametrize("in_background", [False, True])
async def test_tasks_that_are_launched_after_a_pause_keep_their_expiry(
    world: World, monkeypatch: pytest.MonkeyPatch, in_background: bool
) -> None:
    """Also if the resume is accepted while the pause is still applied."""
    monkeypatch.setattr(pausing, "CHUNKS_OF_A_CALLER", 1)
    await pause_campaign(world.context, (await calls()).id)
    await resume_campaign(at(world, 5), (await calls()).id)
    context = at(world, 6)
    person = await create_person(context, "new@example.com")
    key = (await calls()).id
    if in_background:
        await start_launch(context, key, [person.id], Choice())
    else:
        await launch(context, key, [person.id], Choice(), {})
    await do_jobs(world, 6)
    assert await expiries() == {MIDNIGHT + 5 * HOUR: PEOPLE, MIDNIGHT: 1}
    assert not await Task.exclude(paused_seconds=5 * 3600).exists()


@pytest.mark.parametrize("during", ["new due date", "in the CRM", "edit", "completed"])
async def test_a_task_expires_later_only_by_the_part_of_the_pause_that_it_lived_through(
    world: World, during: str
) -> None:
    """Two hours of the pause are over when its expiry is calculated, and three remain."""
    campaign = await calls()
    second = await add_step(world.context, campaign.id, day=1, step_type=StepType.CALL)
    (task, *_) = await Task.all().order_by("id")
    if during == "edit":
        await complete_task(world.context, task.id)
    await pause_campaign(world.context, campaign.id)
    paused = at(world, 2)
    if during == "new due date":
        await update_task(paused, task.id, due_date=date(2026, 3, 3))
    elif during == "in the CRM":
        async with transaction():
            await change_tasks(paused, [(task, {"due_date": date(2026, 3, 3)})])
    elif during == "edit":
        await move_step(paused, second.id, day=2)
        await do_jobs(world, 2)
    else:
        await complete_task(paused, task.id)
    await resume_campaign(at(world, 5), campaign.id)
    await do_jobs(world, 5)
    (changed,) = await Task.filter(person_id=task.person_id, status=TaskStatus.OPEN)
    assert changed.expires_at == MIDNIGHT + 3 * HOUR + (DAY if during != "completed" else timedelta())
    others = Task.exclude(person_id=task.person_id)
    assert {each.expires_at for each in await others} == {MIDNIGHT + 5 * HOUR}
    assert not await Task.filter(status=TaskStatus.OPEN).exclude(paused_seconds=5 * 3600, held=False).exists()
