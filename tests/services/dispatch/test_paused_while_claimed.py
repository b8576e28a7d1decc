"""A pause takes effect at once on emails that are claimed, also while a send option is asked about them."""

from collections.abc import Awaitable, Callable

import pytest

from api.models import Enrollment, Send, Step
from api.services.campaigns.campaigns import change_step
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.claim import asking_again
from api.states import SendStatus
from plugins.contract import Outcome, Outgoing
from strategies.timeline.records import PlannedSend
from tests.services.dispatch.office_hours import Office, at, later, launched, present
from tests.services.world import World, make_world


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(1)


async def campaign_of(send_id: str) -> str:
    return str((await Enrollment.get(id=(await Send.get(id=send_id)).enrollment_id)).campaign_id)


async def asked(
    world: World, send_id: str, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Awaitable[object]]
) -> None:
    """Let something happen while the option is asked on Tuesday at six about the email's next time."""
    plan_again, questions = asking_again.plan_again, list[object]()

    async def slow(*arguments: object) -> PlannedSend | None:
        answer = await plan_again(*arguments)  # type: ignore[arg-type]
        questions.append(answer)
        await meanwhile()
        return answer

    monkeypatch.setattr(asking_again, "plan_again", slow)
    await later(world, at(3, 6)).tick(at(3, 6))
    assert len(questions) == 1


async def test_a_pause_before_the_transmission_keeps_the_email(world: World) -> None:
    send_id = await launched(world, Office())

    async def pause(_: Outgoing) -> None:
        await pause_campaign(world.context, await campaign_of(send_id))

    world.channel.before = pause
    await later(world, at(2, 9)).tick(at(2, 9))
    assert world.channel.left == []
    send = await Send.get(id=send_id)
    assert (send.status, send.held, send.attempt_id, send.attempts) == (SendStatus.SCHEDULED, True, None, 0)
    world.channel.before = None
    night = later(world, at(2, 20))
    await resume_campaign(night.context, await campaign_of(send_id))
    await night.tick(at(2, 20))
    assert world.channel.left == [], "its send option allows no email at night"
    await later(world, at(3, 9)).tick(at(3, 9))
    assert world.channel.left == ["carol@example.com"]


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.DEFERRED])
async def test_a_pause_during_the_transmission_lets_it_end(world: World, outcome: Outcome) -> None:
    send_id, transmitted = await launched(world, Office()), list[str]()

    async def pause(outgoing: Outgoing) -> None:
        transmitted.append(outgoing.send_id)
        world.channel.outcome = outcome
        await pause_campaign(world.context, await campaign_of(send_id))

    world.channel.during = pause
    await later(world, at(2, 9)).tick(at(2, 9))
    send = await Send.get(id=send_id)
    assert (str(send.status), send.held) == (str(outcome), outcome is Outcome.DEFERRED)
    await later(world, at(2, 12)).tick(at(2, 12))
    assert transmitted == [send_id], "no retry happens in the pause"


async def test_a_pause_while_the_option_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office()
    office.days = 1
    send_id = await launched(world, office)
    campaign_id = await campaign_of(send_id)
    await asked(world, send_id, monkeypatch, lambda: pause_campaign(world.context, campaign_id))
    send = await Send.get(id=send_id)
    assert (send.status, send.held, send.attempt_id) == (SendStatus.SCHEDULED, True, None)
    await later(world, at(3, 10)).tick(at(3, 10))
    assert world.channel.left == []


@pytest.mark.parametrize("resumed", [True, False])
async def test_a_later_decision_outranks_the_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, resumed: bool
) -> None:
    office = Office()
    office.days = 1
    send_id = await launched(world, office)
    step, campaign_id, morning = (
        await Step.get(send_option="office"),
        await campaign_of(send_id),
        later(world, at(3, 6)),
    )

    async def decide() -> None:
        if resumed:
            await pause_campaign(morning.context, campaign_id)
            await resume_campaign(morning.context, campaign_id)
        else:
            await change_step(morning.context, step.id, config={"from": 12})
        decided.append(await present(send_id))

    decided = list[object]()
    await asked(world, send_id, monkeypatch, decide)
    assert [await present(send_id)] == decided
