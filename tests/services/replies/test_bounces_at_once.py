"""Bounces while other emails, launches and records of the same person are being written."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Person, Send, Step
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.launches import launch as launching
from api.services.launches.background.background_launch import left_out_by_code, start_launch
from api.services.launches.launch import Choice, launch
from api.services.replies.bounces import record_bounce
from api.states import BounceKind
from plugins.contract import Outcome, Outgoing
from strategies import Refusal, StepType
from tests.services.jobs.claims import claim_launch, run_launch
from tests.services.world import NOW, World, make_world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(2)


async def content_of_a_step() -> dict[str, Any]:
    step = await Step.exclude(template_id=None).first()
    assert step is not None
    return {"template_id": step.template_id, "step_type": StepType.EMAIL}


async def test_a_bounce_while_another_email_to_the_person_is_in_hand_stops_that_one(world: World) -> None:
    """Both are claimed and loaded before the first one bounces."""
    await Send.all().update(due_at=NOW)
    await Campaign.all().update(remove_on_bounce=False)
    person = world.enrollments[0].person_id
    await Send.exclude(person_id=person).update(due_at=NOW + 30 * DAY)
    seen: list[str] = []

    async def second_goes_out(outgoing: Outgoing) -> None:
        seen.append(outgoing.send_id)
        world.channel.outcome = Outcome.HARD_BOUNCE if len(seen) == 1 else Outcome.SENT

    world.channel.before = second_goes_out
    await world.tick()
    await world.tick()
    assert world.channel.left == []
    assert sorted(str(row.status) for row in await Send.filter(person_id=person)) == ["BOUNCED", "FAILED"]


async def test_a_launch_that_is_being_written_sees_a_bounce(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [row.person_id for row in world.enrollments]
    campaign = await create_campaign(world.context, name="L", sender_id=(await Campaign.get()).sender_id)
    content = await content_of_a_step()
    await add_step(world.context, campaign.id, day=1, send_option="choose_at_launch", **content)

    async def bounces(campaign_id: str, path: tuple[str, ...]) -> None:
        await Person.filter(id=people[1]).update(bounced_at=NOW)

    monkeypatch.setattr(launching, "refuse_paused_or_ending", bounces)
    with pytest.raises(Refusal, match="BOUNCED") as refused:
        await launch(world.context, campaign.id, people, Choice("NOW"), {})
    assert refused.value.path == ("personIds", "1")
    assert not await Enrollment.filter(campaign_id=campaign.id).exists()


async def test_of_emails_that_left_in_one_second_the_later_steps_bounces(database: str) -> None:
    world = await make_world(1, day=1)
    await world.tick()
    first, last = await Send.all().order_by("step__number")
    assert first.sent_at == last.sent_at
    for _ in range(2):
        await record_bounce(world.context, world.enrollments[0].id, kind=BounceKind.SOFT)
        statuses = [str((await Send.get(id=each.id)).status) for each in (first, last)]
        assert statuses in (["SENT", "BOUNCED"], ["BOUNCED", "BOUNCED"])


async def test_a_background_launch_leaves_out_dead_addresses(world: World) -> None:
    world.channel.outcome = Outcome.HARD_BOUNCE
    await world.tick()
    row = await start_launch(world.context, (await Campaign.get()).id, None, Choice("NOW"))
    claimed = await claim_launch(NOW)
    assert claimed is not None
    await run_launch(claimed, world.runtime.context, lambda: NOW)
    assert await left_out_by_code(row.id) == {"BOUNCED": 2}
    assert await Enrollment.filter(status="ACTIVE").count() == 0
