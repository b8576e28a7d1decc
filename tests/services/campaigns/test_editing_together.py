"""Several processes dispatch, edit, pause and do tasks at the same moment on one PostgreSQL: nothing twice or lost."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Person, Send, Task
from api.services.campaigns.campaigns import add_step, change_step, move_step, remove_step
from api.services.campaigns.editing import edit_job
from api.services.campaigns.ending.ending import end_enrollment
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import run_once
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.tasks import complete_task
from api.states import EnrollmentStatus
from api.store.campaigns.campaign_state import lock_campaign
from api.store.dispatch import claims, transmissions
from api.store.engine.transactions import transaction
from strategies import Refusal, StepType
from tests.services.campaigns.edited import content, later, step
from tests.services.jobs.claims import claim_edit, run_edit
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)


@pytest.fixture
def database_kind() -> str:
    """Where statements really run side by side."""
    return "postgres"


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """A hundred and fifty people who are due now, resolved ten at a time."""
    monkeypatch.setattr(edit_job, "PEOPLE_PER_CHUNK", 10)
    return await make_world(150)


async def dispatch(world: World, days: int) -> None:
    """One process that dispatches until nothing is due."""
    now = NOW + days * DAY
    runtime = replace(world.runtime, clock=lambda: now)
    while not (await run_once(runtime, now)).idle:
        pass


async def test_edits_among_processes_that_dispatch(world: World) -> None:
    """Whatever is claimed when the edits come: each of two emails once, and the second by the last edit."""
    second = (await step(2)).id

    async def edit() -> None:
        for day, wall in ((3, "08:00"), (9, "09:00"), (4, "10:00")):
            await move_step(world.context, second, day=day)
            await change_step(world.context, second, send_option="at_time", config={"at": wall})
            await asyncio.sleep(0)

    await asyncio.gather(edit(), *(dispatch(world, 0) for _ in range(3)))
    await dispatch(world, 0)
    assert len(world.channel.left) == 150
    times = {send.due_at for send in await Send.filter(step_id=second)}
    assert times == {NOW.replace(hour=10) + 3 * DAY}
    await asyncio.gather(*(dispatch(world, 4) for _ in range(3)))
    assert Counter(Counter(world.channel.left).values()) == {2: 150}
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED).count() == 150
    assert await Send.filter(held=True).count() == 0


async def test_edits_pauses_tasks_and_farewells_at_once(world: World) -> None:
    """Nobody is told of a deadlock, and everyone who is left stands by the last edit."""
    campaign, email = (await Campaign.get()).id, await content()
    await dispatch(world, 0)
    call = await add_step(world.context, campaign, day=2, step_type=StepType.CALL)
    after = later(world, NOW + 2 * DAY)
    enrollments = sorted(row.id for row in world.enrollments)

    async def edit() -> None:
        for day in (4, 12, 5):
            await move_step(after.context, (await step(3)).id, day=day)
        extra = await add_step(after.context, campaign, day=6, send_option="at_time", config={"at": "12:00"}, **email)
        await move_step(after.context, extra.id, day=7)

    async def complete() -> None:
        for enrollment in enrollments[:40]:
            await complete_task(after.context, (await Task.get(enrollment_id=enrollment, step_id=call.id)).id)

    async def leave() -> None:
        for enrollment in reversed(enrollments[100:]):
            await end_enrollment(after.context, enrollment)

    async def pause() -> None:
        for work in (pause_campaign, resume_campaign) * 3:
            try:
                await work(after.context, campaign)
            except Refusal as refusal:
                assert refusal.code in {"CHANGED_MEANWHILE", "CAMPAIGN_PAUSED", "CAMPAIGN_NOT_PAUSED"}
            await asyncio.sleep(0)

    async def tolerant(work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Refusal as refusal:
            assert refusal.code == "CHANGED_MEANWHILE"

    await asyncio.gather(tolerant(edit()), complete(), leave(), pause(), dispatch(world, 2))
    if (await Campaign.get()).paused_at is not None:
        await resume_campaign(after.context, campaign)
    while (row := await claim_edit(NOW + 3 * DAY)) is not None:
        await run_edit(row, after.runtime.context)
    row = await Campaign.get()
    assert (row.editing, row.paused_at, await Send.filter(held=True).count()) == (False, None, 0)
    assert await Enrollment.filter(status=EnrollmentStatus.ACTIVE).exclude(revision=row.revision).count() == 0
    await move_step(after.context, (await step(3)).id, day=8)
    done = await Send.filter(enrollment_id__in=enrollments[:40], step__day=8, status="SCHEDULED")
    assert len(done) == 40, "whose task is done gets what follows"
    assert await Send.filter(enrollment_id__in=enrollments[40:100], status="SCHEDULED").count() == 0
    await remove_step(after.context, call.id)
    waiting = await Send.filter(enrollment_id__in=enrollments[40:100], status="SCHEDULED", step__day=8)
    assert len(waiting) == 60, "and nobody waits for a step that is gone"


async def test_what_begins_to_leave_and_an_edit_come_one_after_the_other(world: World) -> None:
    campaign = (await Campaign.get()).id
    async with transaction():
        (send,) = await claims.claim((await world.send()).sender_id, NOW, NOW + DAY, 1)
        assert await transmissions.begin_transmission([(send, "<1@example.com>")], NOW + DAY) == {send.id}
        edit = beside(change_step(world.context, (await step(2)).id, send_option="at_time", config={"at": "11:00"}))
        assert await waits_for_us(edit), "an edit that does not wait may miss what is about to leave"
    await edit
    assert (await Send.get(id=send.id)).status == "TRANSMITTING"
    async with transaction():
        await lock_campaign(campaign)
        await Campaign.filter(id=campaign).update(editing=True, revision=99)
        (other,) = await claims.claim((await world.send()).sender_id, NOW, NOW + DAY, 1)
    assert await transmissions.begin_transmission([(other, "<2@example.com>")], NOW + DAY) == set()
    row = await Send.get(id=other.id)
    assert (row.status, row.held, row.attempt_id) == ("SCHEDULED", True, None)


async def test_a_launch_that_was_resolved_by_old_steps_is_refused(world: World) -> None:
    campaign = (await Campaign.get()).id
    person = await create_person(world.context, "new@example.com")
    async with transaction():
        await lock_campaign(campaign)
        late = beside(launch(world.context, campaign, [person.id], Choice("NOW"), {}))
        assert await waits_for_us(late), "it must not go by the steps that it has read"
        await Campaign.filter(id=campaign).update(revision=99)
    with pytest.raises(Refusal, match="just edited") as refused:
        await late
    assert refused.value.code == "CHANGED_MEANWHILE"
    assert await Person.all().count() == await Enrollment.all().count() + 1
