"""Several processes dispatch, pause and resume at the same moment on one PostgreSQL: a pause is exact all the same."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Person, Send, Task
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.ending.ending import end_enrollment
from api.services.campaigns.pausing import pause_job
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import run_once
from api.services.dispatch.outcome_decision import decide_outcome
from api.services.enrollments.progress import schedule_next_steps
from api.services.launches.launch import Choice, launch
from api.services.tasks.tasks import complete_task
from api.services.templates.templates import create_template
from api.store.dispatch import claims, in_doubt, transmissions
from api.store.engine.transactions import transaction
from api.store.jobs import LEASE
from plugins.contract import Outcome, Outgoing, Receipt
from strategies import Refusal, StepType
from tests.services.jobs.claims import claim_holds, run_holds
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)


@pytest.fixture
def database_kind() -> str:
    """Where statements really run side by side."""
    return "postgres"


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """A hundred and fifty people who are due now."""
    monkeypatch.setattr(pause_job, "PEOPLE_HELD_PER_CHUNK", 10)
    monkeypatch.setattr(pause_job, "PEOPLE_RELEASED_PER_CHUNK", 10)
    world = await make_world(150)
    await Campaign.all().update(in_doubt_resends=1)
    return world


async def dispatch(world: World, days: int) -> None:
    """One process that dispatches until nothing is due."""
    now = NOW + days * DAY
    runtime = replace(world.runtime, clock=lambda: now)
    while not (await run_once(runtime, now)).idle:
        pass


@pytest.mark.parametrize("after", [1, 20, 50])
async def test_a_pause_among_many_processes(world: World, after: int) -> None:
    campaign = world.enrollments[0].campaign_id
    enough, left_then = asyncio.Event(), 0

    async def count(outgoing: Outgoing) -> None:
        if len(world.channel.left) >= after:
            enough.set()

    async def pause() -> None:
        nonlocal left_then
        await enough.wait()
        await pause_campaign(world.context, campaign)
        # What had begun by the commit may still be on its way to the channel.
        left_then = await Send.filter(status__in=["TRANSMITTING", "SENT"]).count()

    world.channel.during = count
    await asyncio.gather(pause(), *(dispatch(world, 0) for _ in range(4)))
    await carry_out_the_rest(world)
    assert len(world.channel.left) == left_then < 150
    assert await Send.filter(held=True).count() == 300 - left_then
    assert (await Campaign.get()).holds is None
    await resume_campaign(replace_now(world, 2).context, campaign)
    await carry_out_the_rest(world)
    await asyncio.gather(*(dispatch(world, 2) for _ in range(4)))
    assert Counter(Counter(world.channel.left).values()) == {1: 150}


async def carry_out_the_rest(world: World) -> None:
    """Do what a caller leaves to a tick loop, such as rows that were in other hands for long."""
    while (waiting := await claim_holds(NOW)) is not None:
        await run_holds(waiting, world.runtime.context)


def replace_now(world: World, days: int) -> World:
    runtime = replace(world.runtime, clock=lambda: NOW + days * DAY)
    return replace(world, runtime=runtime, context=runtime.context(world.context.workspace))


async def test_many_resume_and_pause_at_once(world: World) -> None:
    """Whoever wins: nothing is sent twice, nothing is lost, and nothing stays on hold."""
    campaign = world.enrollments[0].campaign_id

    async def click(days: int, pauses: bool) -> None:
        context = replace_now(world, days).context
        try:
            await (pause_campaign(context, campaign) if pauses else resume_campaign(context, campaign))
        except Refusal as refusal:
            assert refusal.code in {"CAMPAIGN_PAUSED", "CAMPAIGN_NOT_PAUSED", "CHANGED_MEANWHILE"}

    async def ends() -> None:
        for enrollment in world.enrollments[:40]:
            await end_enrollment(world.context, enrollment.id)
            await asyncio.sleep(0)

    for turn in range(4):
        clicks = (click(turn, pauses) for pauses in (True, False, True, False))
        await asyncio.gather(*clicks, *(dispatch(world, turn) for _ in range(2)), *([ends()] if turn == 1 else []))
    await click(5, False)
    world = replace_now(world, 6)
    while (row := await claim_holds(NOW + 6 * DAY + LEASE)) is not None:
        await run_holds(row, world.runtime.context)
    assert (await Campaign.get()).paused_at is None
    assert await Send.filter(held=True).count() == 0
    await asyncio.gather(*(dispatch(world, 30) for _ in range(2)))
    sent = Counter(world.channel.left)
    assert set(sent.values()) <= {1, 2}, "each of two emails at most once"
    ended = await Enrollment.filter(status="ENDED").count()
    assert await Send.filter(status="SENT").count() == sum(sent.values())
    rest = await Send.filter(status__not_in=["SENT", "FAILED"])
    assert rest == [], [(send.status, send.held, send.due_at, send.reason) for send in rest[:3]]
    assert len(sent) >= 150 - ended


async def begins(world: World) -> None:
    (send,) = await claims.claim((await world.send()).sender_id, NOW, NOW + DAY, 1)
    await transmissions.begin_transmission([(send, "<1@example.com>")], NOW + DAY)


async def is_deferred(world: World) -> None:
    (send,) = await claims.claim((await world.send()).sender_id, NOW, NOW + DAY, 1)
    settled = decide_outcome(send, Receipt(Outcome.DEFERRED, "SMTP_450", "Later."), NOW)
    async with transaction():
        assert await transmissions.settle([settled]) == {send.id}


async def expires(world: World) -> None:
    await claims.claim((await world.send()).sender_id, NOW, NOW, 1)
    assert len(await claims.release_expired_claims(NOW + DAY)) == 1


async def is_resent(world: World) -> None:
    first = await world.send()
    await Send.filter(id=first.id).update(status="IN_DOUBT")
    assert len(await in_doubt.schedule_resends(NOW, "RESENT_IN_DOUBT", "", "RESTORED")) == 1


async def is_scheduled(world: World) -> None:
    second = await Send.filter(due_at__gt=NOW).first()
    assert second is not None
    await Send.filter(id=second.id).delete()
    async with transaction():
        await schedule_next_steps(world.context, await Enrollment.get(id=second.enrollment_id), NOW)


WORKS = [begins, is_deferred, expires, is_resent, is_scheduled]


@pytest.mark.parametrize("work", WORKS)
async def test_what_has_begun_is_committed_before_the_pause(world: World, work: Any) -> None:
    campaign = world.enrollments[0].campaign_id
    async with transaction():
        await work(world)
        pause = beside(pause_campaign(world.context, campaign))
        assert await waits_for_us(pause), "a pause that does not wait may miss what is being written"
    await pause
    left_our_hands = await Send.filter(status="TRANSMITTING").count()
    assert left_our_hands == (work is begins)
    assert await Send.filter(held=True).count() == 300 - left_our_hands


@pytest.mark.parametrize("work", WORKS)
async def test_what_comes_after_the_pause_heeds_it(world: World, work: Any) -> None:
    async with transaction():
        await Campaign.all().update(paused_at=NOW)
        late = beside(work(world))
        assert await waits_for_us(late), "it must not go by what was true when it began"
    await late
    assert await Send.filter(status__in=["TRANSMITTING", "CLAIMED"]).count() == 0
    assert await Send.filter(held=True).count() == 1


async def test_tasks_are_done_and_people_leave_while_a_campaign_is_resumed(world: World) -> None:
    """Nobody is told of a deadlock, and whoever is left has the shift and what follows from the task."""
    made = await create_campaign(world.context, name="D", sender_id=(await world.send()).sender_id)
    template = await create_template(world.context, name="U", subject="Hi", html="<p>x</p>")
    email: dict[str, Any] = {"step_type": StepType.EMAIL, "send_option": "at_time", "template_id": template.id}
    await add_step(world.context, made.id, day=1, config={"at": "07:30"}, **email)
    await add_step(world.context, made.id, day=2, step_type=StepType.CALL)
    await add_step(world.context, made.id, day=3, config={"at": "07:45"}, **email)
    people = [str(each) for each in await Person.all().limit(90).values_list("id", flat=True)]
    enrollments = await launch(world.context, made.id, people, Choice(), {})
    await pause_campaign(world.context, made.id)
    after = replace_now(world, 2)

    async def complete() -> None:
        for enrollment in enrollments[:60]:
            await complete_task(after.context, (await Task.get(enrollment_id=enrollment.id)).id)

    async def leave() -> None:
        for enrollment in reversed(enrollments[60:]):
            await end_enrollment(after.context, enrollment.id)

    await asyncio.gather(resume_campaign(after.context, made.id), complete(), leave())
    assert await Send.filter(held=True, enrollment__campaign_id=made.id).count() == 0
    alive = Send.filter(enrollment__campaign_id=made.id, status="SCHEDULED").select_related("step")
    days = Counter([(send.step.number, send.planned_at - NOW) for send in await alive])
    half, third = timedelta(minutes=30), timedelta(minutes=45)
    # A task that is done before this person's turn is late by a day, and one that is done after it is early.
    assert days.pop((1, 2 * DAY + half)) == 60
    assert days.keys() <= {(3, 4 * DAY + third), (3, 5 * DAY + third)}
    assert days.total() == 60
