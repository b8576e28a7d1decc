"""A follow-up is sent after the email that it follows, and replies to it in the same thread."""

from datetime import timedelta
from email import message_from_bytes
from email.message import Message

import pytest

from api.models import Campaign, Send, Sender
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.dispatch.sandbox_clock import advance_clock
from api.services.emails.emails import resolve_in_doubt
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender, update_sender
from api.services.workspaces.workspaces import create_workspace
from api.states import SendStatus
from plugins.contract import Outcome, Outgoing
from plugins.loading.manager import load
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.world import NOW, World, make_world

SOON = NOW + timedelta(seconds=10)


@pytest.fixture
async def world(database: str) -> World:
    """Five people who get an email and a follow-up of it, both due at the start."""
    return await make_world(5, day=1, follow_up=True)


def recorded(world: World) -> list[Message]:
    """Return the list in which the world's emails arrive."""
    arrived: list[Message] = []

    async def arrives(outgoing: Outgoing) -> None:
        arrived.append(message_from_bytes(outgoing.message))

    world.channel.during = arrives
    return arrived


async def test_a_follow_up_that_is_due_with_its_email_leaves_behind_it_and_threads(world: World) -> None:
    arrived = recorded(world)
    await world.tick()
    assert len(arrived) == 5
    assert {message["In-Reply-To"] for message in arrived} == {None}
    waiting = await Send.filter(status=SendStatus.SCHEDULED)
    assert {(send.reason, send.planned_at == NOW) for send in waiting} == {("FOLLOWS_UNSENT", True)}
    await world.tick(SOON)
    firsts = {message["To"]: message["Message-ID"] for message in arrived[:5]}
    assert {message["To"]: message["In-Reply-To"] for message in arrived[5:]} == firsts
    assert await Send.filter(status=SendStatus.SENT, reason=None).count() == 10


async def test_a_follow_up_waits_for_as_long_as_its_email_is_tried_again(world: World) -> None:
    world.channel.outcome = Outcome.DEFERRED
    await world.tick()
    first = await Send.filter(status=SendStatus.DEFERRED).order_by("id").first()
    await world.tick(SOON)
    second = await Send.get(enrollment_id=first.enrollment_id, status=SendStatus.SCHEDULED)
    assert second.due_at == first.due_at, "not asked for again before its email is"
    assert second.attempts == 0
    arrived = recorded(world)
    world.channel.outcome = Outcome.SENT
    await world.tick(first.due_at + timedelta(minutes=1))
    await world.tick(first.due_at + timedelta(minutes=2))
    assert [message["In-Reply-To"] is None for message in arrived] == [True] * 5 + [False] * 5


@on_sqlite
async def test_a_follow_up_of_an_email_that_failed_goes_out_by_itself(world: World) -> None:
    world.channel.outcome = Outcome.FAILED
    await world.tick()
    arrived = recorded(world)
    world.channel.outcome = Outcome.SENT
    await world.tick(SOON)
    assert [message["In-Reply-To"] for message in arrived] == [None] * 5


async def test_in_a_sandbox_both_leave_at_the_moment_that_they_are_planned_for(database: str) -> None:
    runtime = DispatchRuntime(load({}), lambda: NOW, lambda person: None, lambda: None)
    context = runtime.context(await create_workspace("QA", NOW, sandbox=True))
    sender = await create_sender(context, name="G", email="g@example.com", zone="UTC")
    template = await create_template(context, name="T", subject="Hi", html="<p>x</p>")
    campaign = await create_campaign(context, name="C", sender_id=sender.id)
    email = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, campaign.id, day=1, send_option="choose_at_launch", **email)
    await add_step(context, campaign.id, day=1, send_option="same_time_as_previous", follow_up=True, **email)
    await launch(context, campaign.id, [(await create_person(context, "ada@example.com")).id], Choice("NOW"), {})
    assert await advance_clock(context, runtime, NOW) == 2, "each counts once"
    first, second = await Send.all().order_by("id")
    assert first.status == second.status == SendStatus.SENT
    assert first.sent_at == second.sent_at == NOW


async def test_the_message_id_stays_when_the_sender_moves_between_two_attempts(world: World) -> None:
    arrived = recorded(world)
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    await update_sender(world.context, (await Sender.get()).id, email="g@moved.example")
    for send in await Send.filter(status=SendStatus.IN_DOUBT):
        await resolve_in_doubt(world.context, send.id, "RESEND")
    await world.tick()
    before, after = arrived[:5], arrived[5:]
    assert {message["From"] for message in after} == {"G <g@moved.example>"}
    assert {message["Message-ID"] for message in after} == {message["Message-ID"] for message in before}


async def test_a_follow_up_that_waited_keeps_its_planned_time_after_a_pause(database: str) -> None:
    world = await make_world(1, day=2, follow_up=True)
    campaign = (await Campaign.get()).id
    world.channel.outcome = Outcome.DEFERRED
    await world.tick(NOW)
    await world.tick(NOW + timedelta(days=1))
    assert (await Send.get(step__number=2)).reason == "FOLLOWS_UNSENT"
    await pause_campaign(later(world, NOW + timedelta(days=1, minutes=1)).context, campaign)
    await resume_campaign(later(world, NOW + timedelta(days=2, hours=2)).context, campaign)
    follow_up = await Send.get(step__number=2)
    assert follow_up.due_at == follow_up.planned_at == NOW + timedelta(days=3)
    assert (str(follow_up.planned_date), follow_up.planned_time) == ("2026-03-05", "07:00:00")
