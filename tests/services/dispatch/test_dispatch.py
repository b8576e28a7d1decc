"""The send ledger: what one pass makes of a due email, on both databases."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from api import tick
from api.models import Enrollment, Event, Person, Send, Task
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.ending.ending import end_enrollment
from api.services.dispatch.dispatcher import Dispatcher
from api.services.dispatch.sandbox_clock import advance_clock
from api.services.emails.emails import resolve_in_doubt, retry_send
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.people.suppressions import unsubscribe
from api.services.tasks.send_task_email import send_task
from api.services.templates.templates import create_template
from api.states import EnrollmentStatus, SendStatus
from plugins.contract import Outcome, Outgoing
from strategies import StepType
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    """On both databases."""
    return await make_world()


@pytest.mark.parametrize(
    ("outcome", "status", "due", "attempts", "kind"),
    [
        (Outcome.SENT, SendStatus.SENT, None, 0, "EMAIL_SENT"),
        (Outcome.FAILED, SendStatus.FAILED, None, 0, "EMAIL_FAILED"),
        (Outcome.IN_DOUBT, SendStatus.IN_DOUBT, None, 0, "EMAIL_IN_DOUBT"),
        (Outcome.DEFERRED, SendStatus.DEFERRED, timedelta(minutes=5), 1, "EMAIL_DEFERRED"),
        (Outcome.ACCOUNT_UNAVAILABLE, SendStatus.SCHEDULED, timedelta(minutes=1), 0, None),
    ],
)
async def test_each_outcome(
    world: World, outcome: Outcome, status: SendStatus, due: timedelta | None, attempts: int, kind: str | None
) -> None:
    world.channel.outcome = outcome
    await world.tick()
    send = await world.send()
    assert (send.status, send.attempts, send.attempt_id, send.lease_until) == (status, attempts, None, None)
    wanted = NOW + due if due is not None else None
    assert wanted is None or wanted <= send.due_at <= wanted + timedelta(seconds=30)  # up to a tenth of jitter
    assert send.detail == "The server's words."
    assert send.planned_at == NOW
    assert send.failed_at == (NOW if status is SendStatus.FAILED else None)
    assert await Event.filter(send_id=send.id).values_list("kind", flat=True) == ([kind] if kind else [])


async def test_temporary_refusals_back_off_and_give_up(world: World) -> None:
    world.channel.outcome = Outcome.DEFERRED
    waits, now = [], NOW
    for _ in range(50):
        await world.tick(now)
        send = await world.send()
        if send.status is SendStatus.FAILED:
            break
        waits.append(send.due_at - now)
        now = send.due_at
    hours = timedelta(hours=1)
    for wait, wanted in zip(waits, [hours / 12, hours / 2, hours, 2 * hours, 4 * hours, 4 * hours], strict=False):
        assert wanted <= wait <= 1.1 * wanted
    assert timedelta(days=3, hours=18) < now - NOW <= 1.1 * timedelta(days=4)
    assert send.detail.startswith("Given up")


async def test_an_account_that_is_down_costs_no_attempt(world: World) -> None:
    world.channel.down = True
    await world.tick()
    send = await world.send()
    assert (send.status, send.attempts, send.reason) == (SendStatus.SCHEDULED, 0, "CONNECTION_FAILED")
    world.channel.down = False
    await world.tick(NOW + timedelta(minutes=1))
    assert (await world.send()).status is SendStatus.SENT


async def test_transmitting_is_committed_before_the_content_leaves(world: World) -> None:
    seen = []

    async def look(outgoing: Outgoing) -> None:
        seen.append((await Send.get(id=outgoing.send_id)).status)

    world.channel.before = world.channel.during = look
    await world.tick()
    assert seen == [SendStatus.CLAIMED, SendStatus.TRANSMITTING] * 2


async def test_who_leaves_meanwhile_gets_nothing(world: World) -> None:
    async def leave(outgoing: Outgoing) -> None:
        person = await Person.get(email=outgoing.recipient)
        if person.email.startswith("ada"):
            await unsubscribe(world.context, person.id)
        else:
            await end_enrollment(world.context, world.enrollments[1].id)

    world.channel.before = leave
    await world.tick()
    assert world.channel.left == []
    sends = await Send.filter(workspace_id=world.context.workspace_id).order_by("due_at", "id")
    assert {send.status for send in sends} == {SendStatus.FAILED}
    assert {send.reason for send in sends} == {"UNSUBSCRIBED", "CAMPAIGN_ENDED"}


async def test_passes_side_by_side_send_once(world: World) -> None:
    await asyncio.gather(*(world.tick() for _ in range(5)))
    assert sorted(world.channel.left) == ["ada@example.com", "bob@example.com"]


async def test_one_bad_email_never_touches_others(world: World) -> None:
    await Person.filter(email="ada@example.com").update(own_fields={"city": "a\nBcc: eve@example.com"})
    await world.tick()
    assert world.channel.left == ["bob@example.com"]
    send = await Send.get(person__email="ada@example.com", due_at=NOW)
    assert (send.status, send.reason) == (SendStatus.FAILED, "INVALID_MESSAGE")


@pytest.mark.parametrize("phase", ["before", "during"])
async def test_a_channel_that_breaks_loses_nothing(world: World, phase: str) -> None:
    async def broken(outgoing: Outgoing) -> None:
        if outgoing.recipient.startswith("ada"):
            raise RuntimeError("a bug of the channel")

    setattr(world.channel, phase, broken)
    await world.tick()
    ada, bob = await Send.filter(due_at__lte=NOW + timedelta(hours=1)).order_by("id")
    assert bob.status is SendStatus.SENT
    assert ada.status is (SendStatus.DEFERRED if phase == "before" else SendStatus.IN_DOUBT)
    assert ada.attempt_id is None


@pytest.mark.parametrize(
    ("status", "attempts", "expected"),
    [
        (SendStatus.CLAIMED, 0, SendStatus.SENT),
        (SendStatus.CLAIMED, 2, SendStatus.SENT),
        (SendStatus.TRANSMITTING, 0, SendStatus.IN_DOUBT),
    ],
)
async def test_after_a_crash(world: World, status: SendStatus, attempts: int, expected: SendStatus) -> None:
    send = await world.send()
    past = NOW - timedelta(seconds=1)
    await Send.filter(id=send.id).update(status=status, attempts=attempts, attempt_id="att_gone", lease_until=past)
    await world.tick()
    send = await world.send()
    assert send.status is expected


async def test_a_lease_that_holds_is_left_alone(world: World) -> None:
    send = await world.send()
    lease = NOW + timedelta(seconds=1)
    await Send.filter(id=send.id).update(status=SendStatus.TRANSMITTING, attempt_id="att_other", lease_until=lease)
    await world.tick()
    assert (await world.send()).status is SendStatus.TRANSMITTING


@pytest.mark.parametrize(("resolution", "status"), [("SENT", SendStatus.SENT), ("RESEND", SendStatus.SCHEDULED)])
async def test_a_doubt_is_settled_by_a_person(world: World, resolution: Any, status: SendStatus) -> None:
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    send = await resolve_in_doubt(world.context, (await world.send()).id, resolution)
    assert send.status is status
    world.channel.outcome = Outcome.SENT
    await world.tick()
    assert (await world.send()).status is SendStatus.SENT


async def test_a_failed_email_can_be_retried_and_the_enrollment_finishes(world: World) -> None:
    world.channel.outcome = Outcome.FAILED
    await world.tick()
    await retry_send(world.context, (await world.send()).id)
    world.channel.outcome = Outcome.SENT
    await world.tick()
    await world.tick(NOW + timedelta(days=8))
    assert world.channel.left == ["ada@example.com", "ada@example.com", "bob@example.com"]
    enrollment = await Enrollment.get(id=world.enrollments[0].id)
    assert enrollment.status is EnrollmentStatus.FINISHED


async def test_what_takes_over_a_hand_sent_time_follows_the_real_moment(world: World) -> None:
    template = await create_template(world.context, name="H", subject="By hand", html="<p>x</p>")
    sender = (await world.send()).sender_id
    campaign = await create_campaign(world.context, name="By hand", sender_id=sender)
    content = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(world.context, campaign.id, day=1, send_option="task", **content)
    await add_step(world.context, campaign.id, day=2, send_option="same_time_as_previous", **content)
    person = await create_person(world.context, "eve@example.com")
    (enrollment,) = await launch(world.context, campaign.id, [person.id], Choice(), {})
    task = await Task.get(enrollment_id=enrollment.id)
    await send_task(world.context, task.id)
    later = Send.filter(enrollment_id=enrollment.id, by_hand=False)
    assert [send.planned_at for send in await later] == [NOW + timedelta(days=1)]
    really = NOW + timedelta(seconds=7)
    await world.tick(really)
    assert (await Task.get(id=task.id)).done_at == really
    assert [send.planned_at for send in await later] == [really + timedelta(days=1)]


async def test_nothing_leaves_a_sandbox(world: World) -> None:
    workspace = world.context.workspace
    workspace.sandbox, workspace.virtual_now = True, NOW
    await workspace.save()
    await Send.all().update(sandbox=True)
    await world.tick()
    assert (await world.send()).status is SendStatus.SCHEDULED, "a sandbox's emails wait for its own clock"
    await advance_clock(world.context, world.runtime, NOW + timedelta(hours=1))
    assert (await world.send()).status is SendStatus.SENT
    assert world.channel.left == []


async def test_the_loop_wakes_survives_a_failing_pass_and_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[datetime] = []
    asleep, sent = asyncio.Event(), asyncio.Event()

    step = Dispatcher.step

    async def failing_once(self: Dispatcher, now: datetime) -> Any:
        passes.append(now)
        if len(passes) == 1:
            asleep.set()
            raise ConnectionError("the database is unavailable")
        return await step(self, now)

    monkeypatch.setattr(Dispatcher, "step", failing_once)
    runtime = replace(world.runtime, show=lambda delivered: sent.set())
    ticker = tick.Ticker(runtime, lambda: NOW, poll=3600)
    loop = asyncio.create_task(ticker.run())
    async with asyncio.timeout(60):
        await asleep.wait()
        await asyncio.sleep(0)
        ticker.wake()
        await sent.wait()
        ticker.stop()
        await loop
    assert len(passes) >= 2
