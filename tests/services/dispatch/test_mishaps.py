"""Mishaps of which one must not become everyone's: terminals, partners' channels, broken options, abandoned work."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asyncpg.exceptions import ConnectionDoesNotExistError

from api.cli.commands import show
from api.models import Campaign, Event, Person, Send, Step, Task
from api.services.campaigns.authoring import add_step, change_step, create_campaign
from api.services.campaigns.ending.ending import end_campaign
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.common.runtime import TerminalLine
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.dispatch.outcome_decision import decide_outcome
from api.services.dispatch.send import claim_ahead
from api.services.enrollments.progress import finished
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.task_expiry import expire_tasks
from api.services.tasks.tasks import complete_task, send_task, skip_task
from api.states import SendStatus, TaskStatus
from api.store import account_pauses, send_ledger, throttles
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from plugins.contract import Outcome, Outgoing, Receipt
from strategies import Refusal, StepType
from strategies.contract import SendAt, StepContext
from strategies.options.at_time import AtTime
from strategies.options.same_time_as_previous import SameTimeAsPrevious
from tests.services.world import NOW, Scripted, World, make_world

MINUTE = timedelta(minutes=1)
SENT = Receipt(Outcome.SENT, "SMTP_250", "ok")


@pytest.fixture
async def world(database: str) -> World:
    """Thirty people who are due now, on both databases."""
    return await make_world(30)


def beside(work: Awaitable[Any]) -> asyncio.Task[Any]:
    """Run it as another process would: in no transaction of ours."""

    async def alone() -> Any:
        return await work

    return asyncio.get_running_loop().create_task(alone(), context=contextvars.Context())


async def due(status: SendStatus) -> int:
    return await Send.filter(due_at__lte=NOW, status=status).count()


@pytest.mark.parametrize("mishap", [ValueError("markup"), SystemExit(1)])
async def test_what_cannot_be_shown_is_sent_all_the_same(world: World, mishap: BaseException) -> None:
    def broken(_: TerminalLine) -> None:
        raise mishap

    await run_once(replace(world.runtime, show=broken), NOW)
    assert await due(SendStatus.SENT) == len(world.channel.left) == 30


async def test_brackets_in_what_people_write_are_no_markup(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await Person.filter(email="ada@example.com").update(own_fields={"city": "[/b] [red]x"})
    await run_once(replace(world.runtime, show=show), NOW)
    assert await due(SendStatus.SENT) == 30
    assert "[/b] [red]x" in capsys.readouterr().out


async def test_a_code_that_is_too_long_is_cut(world: World) -> None:
    async def deliver(outgoing: Outgoing, _: object) -> Receipt:
        return Receipt(Outcome.FAILED, "X\x00" * 70, "A partner's words.")

    world.channel.deliver = deliver  # type: ignore[assignment, method-assign]
    await run_once(world.runtime, NOW)
    assert await due(SendStatus.FAILED) == 30
    assert len((await world.send()).reason or "") == 64


async def test_a_pass_that_is_abandoned_gives_back_what_it_claimed(world: World) -> None:
    begun = asyncio.Event()

    async def hangs(_: Outgoing) -> None:
        begun.set()
        await asyncio.Event().wait()

    world.channel.before = hangs
    abandoned = asyncio.create_task(run_once(world.runtime, NOW))
    await begun.wait()
    abandoned.cancel()
    await asyncio.gather(abandoned, return_exceptions=True)
    assert await due(SendStatus.SCHEDULED) == 30
    world.channel.before = None
    await run_once(world.runtime, NOW)
    assert await due(SendStatus.SENT) == 30


async def test_one_senders_trouble_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = await make_world(5)
    load = Batch.load

    async def breaks(runtime: Any, now: Any, sender: Any, sends: Any, account: str) -> Batch:
        if sender["workspace_id"] == world.context.workspace_id:
            raise ConnectionDoesNotExistError("cut")
        return await load(runtime, now, sender, sends, account)

    monkeypatch.setattr(Batch, "load", breaks)
    dispatcher = Dispatcher(replace(world.runtime, installed=other.runtime.installed))
    with pytest.raises(ConnectionDoesNotExistError):
        await dispatcher.step(NOW)
    await dispatcher.drain()
    assert len(other.channel.left) == 5


async def test_a_worker_that_has_ended_is_none(world: World) -> None:
    dispatcher = Dispatcher(world.runtime)
    (sender,) = await send_ledger.senders_with_waiting_emails(None)
    first, second, *_ = await send_ledger.claim(sender["id"], NOW, NOW + MINUTE, 10)
    batch = await Batch.load(world.runtime, NOW, sender, [first, second], "scripted")
    account = dispatcher._worker(sender, None)
    account.add([Delivery(first, batch)])
    (session,) = account.sessions
    while not session.done():  # noqa: ASYNC110 - the very round in which it ends
        await asyncio.sleep(0)
    account.add([Delivery(second, batch)])
    await dispatcher.drain()
    assert len(world.channel.left) == 2


async def test_stopping_while_an_account_is_being_paused_keeps_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.channel.down = True
    asked = asyncio.Event()

    async def slow(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(account_pauses, "pause", slow)
    dispatcher = Dispatcher(world.runtime, linger=1)
    await dispatcher.step(NOW)
    await asked.wait()
    await dispatcher.stop()
    assert await due(SendStatus.SCHEDULED) == 30


async def test_a_channel_of_more_sessions_than_are_claimed_ahead_waits_for_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_ahead, "MAX_EMAILS_AHEAD", 4)
    monkeypatch.setattr(claim_ahead, "MIN_EMAILS_AHEAD", 4)
    monkeypatch.setattr(Scripted, "sessions", lambda *_: 9)
    hungry = asyncio.Event()
    dispatcher = Dispatcher(replace(world.runtime, wake=hungry.set), linger=600)
    async with asyncio.timeout(30):
        while await due(SendStatus.SENT) < 30:
            hungry.clear()
            if (await dispatcher.step(NOW)).idle and await due(SendStatus.SCHEDULED):
                await hungry.wait()  # and not for the session's patience to end
            await asyncio.sleep(0)
    await dispatcher.stop()
    assert sorted(world.channel.left) == sorted(set(world.channel.left))


async def test_what_comes_later_wakes_as_many_sessions_as_it_needs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "sessions", lambda *_: 5)
    first = sorted(await Send.filter(due_at=NOW).values_list("id", flat=True))
    await Send.filter(id__in=first[5:]).update(due_at=NOW + 2 * MINUTE)
    await Send.filter(id=first[5]).update(due_at=NOW + MINUTE)
    opened, closed = 0, 0

    @asynccontextmanager
    async def connect(self: Scripted, _: Mapping[str, Any]) -> AsyncIterator[Scripted]:
        nonlocal opened, closed
        opened += 1
        try:
            yield self
        finally:
            closed += 1

    monkeypatch.setattr(Scripted, "connect", connect)
    dispatcher = Dispatcher(world.runtime, linger=600)

    async with asyncio.timeout(30):
        for now, sent in ((NOW, 5), (NOW + MINUTE, 6)):
            await dispatcher.step(now)
            while await Send.filter(status=SendStatus.SENT).count() < sent:
                pass
            assert (opened, closed) == (5, 0), "the sessions that wait take what comes, and stay for more"
    await dispatcher.stop()
    assert closed == 5


async def test_an_email_whose_campaign_cannot_go_on_holds_up_no_other(world: World) -> None:
    context, campaign = world.context, await Campaign.get(id=world.enrollments[0].campaign_id)
    step = await Step.filter(campaign_id=campaign.id).first()
    assert step is not None
    by_hand = await create_campaign(context, name="By hand", sender_id=campaign.sender_id)
    email = {"step_type": StepType.EMAIL, "template_id": step.template_id}
    await add_step(context, by_hand.id, day=1, send_option="task", **email)
    await add_step(context, by_hand.id, day=2, send_option="same_time_as_previous", **email)
    person = await create_person(context, "x@example.com")
    await launch(context, by_hand.id, [person.id], Choice("NOW"), {})
    task = await Task.get()
    await send_task(context, task.id, at=NOW + MINUTE)
    await Step.filter(campaign_id=by_hand.id, day=2).update(send_option="gone")
    await run_once(world.runtime, NOW + MINUTE)
    assert await Send.filter(status=SendStatus.SENT).count() == 31
    assert (await Task.get()).status is TaskStatus.OPEN


async def test_a_task_expires_once_and_never_after_it_was_done(world: World) -> None:
    campaign = await create_campaign(
        world.context,
        name="T",
        sender_id=(await Campaign.all().first()).sender_id,
        task_expiry_days=1,  # type: ignore[union-attr]
    )
    await add_step(world.context, campaign.id, day=1, step_type=StepType.CALL)
    people = [await create_person(world.context, f"x{number}@example.com") for number in range(5)]
    await launch(world.context, campaign.id, [person.id for person in people], Choice("NOW"), {})
    later = (await Task.all().first()).expires_at + MINUTE  # type: ignore[union-attr]
    counts = await asyncio.gather(*(beside(expire_tasks(world.context, later)) for _ in range(3)))
    assert sum(counts) == 5
    assert await Event.filter(kind="TASK_EXPIRED").count() == 5


async def test_a_task_whose_campaign_cannot_go_on_expires_and_waits_and_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, first = world.context, await Campaign.get(id=world.enrollments[0].campaign_id)
    campaign = await create_campaign(
        context, name="T", sender_id=first.sender_id, task_expiry_days=1, on_task_expiry="SKIP", use_recipient_zone=True
    )
    await add_step(context, campaign.id, day=1, step_type=StepType.CALL)
    template = (await Step.filter(campaign_id=first.id).first()).template_id  # type: ignore[union-attr]
    email = {"step_type": StepType.EMAIL, "template_id": template}
    await add_step(context, campaign.id, day=5, send_option="at_time", config={"at": "09:00"}, **email)
    zones = ("UTC", "Europe/Berlin", "UTC")
    people = [await create_person(context, f"x{at}@example.com", zone=zone) for at, zone in enumerate(zones)]
    await launch(context, campaign.id, [person.id for person in people], Choice("NOW"), {})
    later = max(await Task.all().values_list("expires_at", flat=True)) + MINUTE
    right = AtTime.resolve

    def breaks(self: AtTime, step: StepContext) -> SendAt:
        if step.calendar.zone == "Europe/Berlin":
            raise ValueError("a partner's bug")
        return right(self, step)

    after = replace(world.runtime, clock=lambda: later).context(context.workspace)
    with monkeypatch.context() as patch:
        patch.setattr(AtTime, "resolve", breaks)
        assert await expire_tasks(after, later) == 3
        assert await Send.filter(enrollment__campaign_id=campaign.id).count() == 2
        assert await expire_tasks(after, later) == 0, "nothing is tried again and again"
        task = await Task.get(person_id=people[1].id)
        assert (task.status, task.done_at) == (TaskStatus.EXPIRED, None)
        for work in (complete_task, skip_task):
            with pytest.raises(Refusal) as refused:
                await work(after, task.id)
            assert refused.value.code == "SEND_OPTION_FAILED"
        assert (await Task.get(id=task.id)).done_at is None, "nothing was written"
    await complete_task(after, task.id)
    assert await Send.filter(enrollment__campaign_id=campaign.id).count() == 3


async def test_an_option_that_breaks_holds_nobody_after_a_resume(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: object, step: StepContext) -> SendAt:
        raise ValueError("a partner's bug")

    await pause_campaign(world.context, world.enrollments[0].campaign_id)
    later = replace(world.runtime, clock=lambda: NOW + timedelta(days=3)).context(world.context.workspace)
    monkeypatch.setattr(SameTimeAsPrevious, "resolve", breaks)
    await resume_campaign(later, world.enrollments[0].campaign_id)
    assert await Send.filter(held=True).count() == 0


async def test_an_option_that_breaks_leaves_emails_at_their_times_when_a_campaign_is_edited(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: object, step: StepContext) -> str:
        return "at lunch"

    before = await Send.all().order_by("id").values()
    monkeypatch.setattr(AtTime, "resolve", breaks)
    second = await Step.get(number=2)
    await change_step(world.context, second.id, send_option="at_time", config={"at": "09:00"})
    assert await Send.all().order_by("id").values() == before
    told = await Event.filter(kind="EDIT_NOT_APPLIED")
    assert [event.data for event in told] == [{"reason": "SEND_OPTION_FAILED"}] * 30
    assert not (await Campaign.get()).editing


async def test_of_two_attempts_at_one_email_in_the_same_moment_one_may_begin(world: World) -> None:
    dispatcher = Dispatcher(world.runtime)
    (sender,) = await send_ledger.senders_with_waiting_emails(None)
    (old,) = await send_ledger.claim(sender["id"], NOW, NOW - MINUTE, 1)
    await send_ledger.release_expired_claims(NOW)
    claimed = await send_ledger.claim(sender["id"], NOW, NOW + MINUTE, 30)
    new = next(send for send in claimed if send.id == old.id)
    batch = await Batch.load(world.runtime, NOW, sender, claimed, "scripted")
    before, after = Delivery(old, batch), Delivery(new, batch)
    assert await asyncio.gather(*map(dispatcher.writer.begin, (before, after, before))) == [False, True, False]
    await asyncio.gather(dispatcher.writer.settle(after, SENT), dispatcher.writer.settle(before, SENT))
    assert await Event.filter(kind="EMAIL_SENT").count() == 1
    assert dispatcher.outcomes == {"SENT": 1, "WITHDRAWN": 1}


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_renewing_leases_and_the_desk_do_not_wait_for_each_other(world: World) -> None:
    first, second, *_ = await send_ledger.claim((await world.send()).sender_id, NOW, NOW + MINUTE, 30)
    await send_ledger.begin_transmission([(first, "<m>")], NOW + MINUTE)
    async with transaction():
        await send_ledger.settle([decide_outcome(first, SENT, NOW)])
        async with asyncio.timeout(5):
            await beside(send_ledger.renew_leases([first.attempt_id], NOW + 2 * MINUTE))
        assert await send_ledger.begin_transmission([(second, "<n>")], NOW + MINUTE) == {second.id}


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_ending_a_campaign_outlives_a_deadlock(world: World) -> None:
    ids = [row.id for row in world.enrollments]
    async with transaction():
        await finished(ids, NOW)
        ending = beside(end_campaign(world.context, world.enrollments[0].campaign_id))
        while not await _waits_for_a_lock():  # noqa: ASYNC110 - PostgreSQL tells nobody
            await asyncio.sleep(0.01)
        # It holds the emails and waits for the people; we do it the other way round, and PostgreSQL ends one of us.
        await Send.filter(enrollment_id__in=ids, status=SendStatus.SCHEDULED).update(detail="x")
    assert await ending == 30


async def _waits_for_a_lock() -> bool:
    return bool(await execute("SELECT 1 AS found FROM pg_locks WHERE NOT granted"))


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_throttle_does_not_wait_for_a_launch(world: World) -> None:
    sender = (await world.send()).sender_id
    async with transaction():
        row = await world.send()
        await Task.create(
            id="tsk_1", workspace_id=row.workspace_id, enrollment_id=row.enrollment_id, step_id=row.step_id,
            person_id=row.person_id, assignee_id=sender, type=StepType.CALL, name="C", due_date=NOW.date(),
        )  # fmt: skip
        throttled = {"id": sender, "throttle_emails": 5, "throttle_seconds": 60, "daily_cap": None}
        async with asyncio.timeout(5):
            assert await beside(_take_slot(throttled, row.id)) == {row.id}


async def _take_slot(sender: dict[str, Any], send_id: str) -> set[str]:
    async with transaction():
        return await throttles.take_slots(sender, [send_id], NOW)
