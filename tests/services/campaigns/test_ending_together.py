"""Several processes end, launch, dispatch and edit a campaign at the same moment on one PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Send, Step
from api.services.campaigns.campaigns import change_step
from api.services.campaigns.ending import end_job
from api.services.campaigns.ending.ending import end_campaign
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import run_once
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.replies.replies import record_reply
from api.states import EnrollmentStatus, SendStatus
from api.store.campaigns import endings
from api.store.campaigns.campaign_state import lock_campaign
from api.store.engine.transactions import transaction
from plugins.contract import Outgoing
from strategies import Refusal
from tests.services.jobs.claims import claim_end, claim_holds, free, run_end, run_holds
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)


@pytest.fixture
def database_kind() -> str:
    """Where statements really run side by side."""
    return "postgres"


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Three hundred people who are due now."""
    monkeypatch.setattr(end_job, "PEOPLE_PER_CHUNK", 20)
    return await make_world(300)


def campaign(world: World) -> str:
    return world.enrollments[0].campaign_id


async def dispatch(world: World) -> None:
    """One process that dispatches until nothing is due."""
    while not (await run_once(world.runtime, NOW)).idle:
        pass


async def all_ended(world: World) -> None:
    """Carry out the rest of the ending, and check that each person is ended once."""
    await free(campaign(world))
    row = await claim_end(NOW + DAY)
    if row is not None:
        await run_end(row, world.runtime.context)
    assert (await Campaign.get()).ending_at is None
    assert await Enrollment.filter(status=EnrollmentStatus.ACTIVE).count() == 0
    ids = await Event.filter(kind="CAMPAIGN_ENDED").values_list("enrollment_id", flat=True)
    assert len(ids) == len(set(ids))


async def test_two_at_once_end_each_person_once(world: World) -> None:
    counts = await asyncio.gather(*(end_campaign(world.context, campaign(world)) for _ in range(4)))
    assert sorted(counts) == [0, 0, 0, 300]
    await all_ended(world)
    assert await Event.filter(kind="CAMPAIGN_ENDED").count() == 300
    assert await Event.filter(kind="EMAIL_FAILED").count() == 600


@pytest.mark.parametrize("after", [1, 40, 150])
async def test_an_ending_among_many_processes(world: World, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """What had begun when it was answered arrives. Nothing else does."""
    monkeypatch.setattr("api.services.campaigns.ending.ending.CHUNKS_OF_A_CALLER", 0)
    answered: list[set[str]] = []
    asked = asyncio.Event()

    async def count(_: Outgoing) -> None:
        if len(world.channel.left) >= after:
            asked.set()

    async def ends() -> None:
        await asked.wait()
        await end_campaign(world.context, campaign(world))
        begun = Send.exclude(status__in=[SendStatus.SCHEDULED, SendStatus.CLAIMED, SendStatus.FAILED])
        answered.append(set(await begun.values_list("id", flat=True)))

    world.channel.during = count
    processes = [dispatch(replace(world, runtime=replace(world.runtime))) for _ in range(3)]
    await asyncio.gather(ends(), *processes)
    await dispatch(world)
    sent = set(await Send.filter(status=SendStatus.SENT).values_list("id", flat=True))
    assert after <= len(sent) < 300
    assert sent <= answered[0], "begun before the answer"
    assert len(world.channel.left) == len(sent)
    await all_ended(world)
    assert await Send.filter(status=SendStatus.SCHEDULED).count() == 0


async def test_a_launch_waits_for_the_decision_and_is_refused(world: World) -> None:
    person = await create_person(world.context, "new@example.com")
    async with transaction():
        await lock_campaign(campaign(world))
        late = beside(launch(world.context, campaign(world), [person.id], Choice("NOW"), {}))
        assert await waits_for_us(late)
        assert await endings.begin(campaign(world), NOW) == 300
    with pytest.raises(Refusal) as refused:
        await late
    assert refused.value.code == "CAMPAIGN_ENDING"
    assert await Enrollment.all().count() == 300


async def test_the_decision_waits_for_a_launch_and_ends_it_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await create_person(world.context, "new@example.com")
    async with transaction():
        await launch(world.context, campaign(world), [person.id], Choice("NOW"), {})
        late = beside(end_campaign(world.context, campaign(world)))
        assert await waits_for_us(late)
    assert await late == 301
    await all_ended(world)


async def test_everything_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign is edited, paused, resumed, sent and ended at once, and people reply: nobody is ended twice."""
    monkeypatch.setattr("api.services.campaigns.ending.ending.CHUNKS_OF_A_CALLER", 3)
    second = await Step.get(number=2)

    async def edits() -> None:
        await change_step(world.context, second.id, send_option="at_time", config={"at": "12:00"})

    async def pauses() -> None:
        await pause_campaign(world.context, campaign(world))
        await resume_campaign(world.context, campaign(world))

    async def replies() -> None:
        for row in world.enrollments[:20]:
            await record_reply(world.context, row.id)

    async def allowed(work: Any) -> None:
        try:
            await work
        except Refusal as refused:
            assert refused.code in {"CHANGED_MEANWHILE", "CAMPAIGN_NOT_PAUSED"}, refused

    ends = [end_campaign(world.context, campaign(world)) for _ in range(2)]
    await asyncio.gather(*map(allowed, (edits(), pauses(), replies(), dispatch(world), *ends)))
    await all_ended(world)
    while (row := await claim_holds(NOW + DAY)) is not None:
        await run_holds(row, world.runtime.context)
    waiting = Send.filter(status__in=[SendStatus.SCHEDULED, SendStatus.DEFERRED, SendStatus.CLAIMED])
    assert (await waiting.count(), await Send.filter(held=True).count()) == (0, 0)
    replied = await Enrollment.filter(id__in=[row.id for row in world.enrollments[:20]]).values_list("end_reason")
    assert {reason for (reason,) in replied} <= {"REPLIED", "CAMPAIGN_ENDED"}
