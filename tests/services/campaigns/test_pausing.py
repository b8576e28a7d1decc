"""Nothing is sent while a campaign is paused. A resume moves overdue emails by whole days."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.ids import new_id
from api.models import Campaign, Enrollment, Event, Launch, Send, Task
from api.services.campaigns.campaigns import add_step, create_campaign, update_campaign
from api.services.campaigns.ending.ending import end_campaign
from api.services.campaigns.pausing import pause_job, pausing
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import run_once
from api.services.dispatch.recovery.expired_leases import recover_expired
from api.services.emails.emails import retry_send
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task
from api.services.templates.templates import create_template
from api.states import SendStatus
from api.store.dispatch import claims
from api.store.dispatch.transmissions import WAITING
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from plugins.contract import Outcome, Outgoing
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_world

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def world(database: str) -> World:
    """Seven people whose first email is due now, and whose second is due on day 9."""
    return await make_world(7)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pause_job, "PEOPLE_HELD_PER_CHUNK", 2)
    monkeypatch.setattr(pause_job, "PEOPLE_RELEASED_PER_CHUNK", 2)
    return


def later(world: World, now: datetime) -> World:
    """The same world at another time."""
    runtime = replace(world.runtime, clock=lambda: now)
    return replace(world, runtime=runtime, context=runtime.context(world.context.workspace))


def campaign(world: World) -> str:
    return world.enrollments[0].campaign_id


async def held() -> int:
    return await Send.filter(held=True).count()


@pytest.mark.usefixtures("small_chunks")
async def test_nothing_leaves_while_paused_and_all_is_on_hold(world: World) -> None:
    row = await pause_campaign(world.context, campaign(world))
    assert (row.paused_at, row.holds, await held()) == (NOW, None, 14)
    counts = await run_once(world.runtime, NOW + 20 * DAY)
    assert (counts.claimed, counts.next_at, world.channel.left) == (0, None, [])
    assert [event.kind for event in await Event.filter(kind__startswith="CAMPAIGN_P")] == ["CAMPAIGN_PAUSED"]
    with pytest.raises(Refusal, match="paused already"):
        await pause_campaign(world.context, campaign(world))


@on_sqlite
@pytest.mark.usefixtures("small_chunks")
async def test_resuming_moves_what_is_overdue_with_all_that_follows(world: World) -> None:
    await pause_campaign(world.context, campaign(world))
    after = later(world, NOW + 2 * DAY + HOUR)
    row = await resume_campaign(after.context, campaign(world))
    assert (row.paused_at, row.holds, await held()) == (None, None, 0)
    for days, number in ((3, 1), (11, 2)):
        sends = await Send.filter(step__number=number)
        assert {(send.due_at, send.planned_at) for send in sends} == {(NOW + days * DAY, NOW + days * DAY)}
        assert {note[0] for note in sends[0].explanation} >= {"RESUMED"}
    await run_once(after.runtime, NOW + 3 * DAY - HOUR)
    assert world.channel.left == []
    await run_once(after.runtime, NOW + 3 * DAY)
    assert len(world.channel.left) == 7
    with pytest.raises(Refusal, match="not paused"):
        await resume_campaign(after.context, campaign(world))


async def test_who_has_nothing_overdue_keeps_the_times(world: World) -> None:
    await world.tick()
    before = await Send.filter(status=SendStatus.SCHEDULED).order_by("id").values("id", "due_at", "explanation")
    await pause_campaign(world.context, campaign(world))
    assert await held() == 7
    await resume_campaign(later(world, NOW + 3 * DAY).context, campaign(world))
    assert await Send.filter(status=SendStatus.SCHEDULED).order_by("id").values("id", "due_at", "explanation") == before
    assert await Enrollment.exclude(resumed=None).count() == 0


@on_sqlite
async def test_a_pause_midway_lets_finish_only_what_has_begun(world: World) -> None:
    async def pause(outgoing: Outgoing) -> None:
        if len(world.channel.left) == 3:
            await pause_campaign(world.context, campaign(world))

    world.channel.during = pause
    await world.tick()
    assert len(world.channel.left) == 3
    assert await Send.filter(status=SendStatus.SENT).count() == 3
    assert await held() == 11
    await world.tick(NOW + DAY)
    assert len(world.channel.left) == 3


async def test_what_was_claimed_when_the_pause_came_is_put_on_hold_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: Any) -> None:
        return None

    async def pause(outgoing: Outgoing) -> None:
        if not (await Campaign.get()).paused_at:
            with monkeypatch.context() as patch:
                patch.setattr(pausing, "carry_out", nothing)  # as if the process had been killed after the commit
                await pause_campaign(world.context, campaign(world))

    world.channel.before = pause
    await world.tick()
    assert world.channel.left == []
    assert await Send.filter(held=True, attempt_id=None, status=SendStatus.SCHEDULED).count() == 7
    assert (await run_once(world.runtime, NOW)).claimed == 0, "none is claimed again"


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.IN_DOUBT])
async def test_what_comes_back_while_paused_is_on_hold(world: World, outcome: Outcome) -> None:
    async def pause(outgoing: Outgoing) -> None:
        await Campaign.all().update(paused_at=NOW)

    await Campaign.all().update(in_doubt_resends=3)
    world.channel.before = pause if outcome is Outcome.DEFERRED else None
    world.channel.during, world.channel.outcome = pause, outcome
    await Send.filter(id__not=(await world.send()).id, due_at=NOW).update(due_at=NOW + DAY)
    await world.tick()
    await run_once(replace(world.runtime, clock=lambda: NOW + HOUR), NOW + HOUR)
    send = await world.send()
    assert (send.status, send.held) == (SendStatus.DEFERRED, True)
    left = len(world.channel.left)
    await world.tick(NOW + 20 * HOUR)
    assert len(world.channel.left) == left


async def test_an_expired_claim_comes_back_on_hold(world: World) -> None:
    await Campaign.all().update(paused_at=NOW)
    sender = {"id": (await world.send()).sender_id}
    assert len(await claims.claim(sender["id"], NOW, NOW, 5)) == 5
    await recover_expired(NOW + HOUR)
    assert await Send.filter(held=True, status=SendStatus.SCHEDULED, attempt_id=None).count() == 5


async def test_a_task_completed_while_paused_schedules_on_hold(database: str) -> None:
    world = await make_world(1)
    made = await create_campaign(world.context, name="D", sender_id=(await world.send()).sender_id)
    template = await create_template(world.context, name="U", subject="Hi", html="<p>x</p>")
    await add_step(world.context, made.id, day=1, step_type=StepType.CALL)
    await add_step(
        world.context, made.id, day=1, step_type=StepType.EMAIL, send_option="at_time", config={"at": "07:30"},
        template_id=template.id,
    )  # fmt: skip
    person = await create_person(world.context, "x@example.com")
    await launch(world.context, made.id, [person.id], Choice(), {})
    await pause_campaign(world.context, made.id)
    after = later(world, NOW + 2 * HOUR)
    await complete_task(after.context, (await Task.get()).id)
    send = await Send.get(enrollment__campaign_id=made.id)
    assert (send.held, send.due_at) == (True, NOW + 2 * HOUR)
    await resume_campaign(later(world, NOW + 3 * HOUR).context, made.id)
    send = await Send.get(enrollment__campaign_id=made.id)
    assert (send.held, send.due_at) == (False, NOW + DAY + HOUR / 2), "at its wall time, a day later"
    await world.tick(NOW)
    assert world.channel.left == ["ada@example.com"], "another campaign goes on"


async def test_an_email_sent_by_hand_moves_with_its_task(database: str) -> None:
    world = await make_world(1)
    made = await create_campaign(world.context, name="D", sender_id=(await world.send()).sender_id)
    template = await create_template(world.context, name="U", subject="Hi", html="<p>x</p>")
    content = {"step_type": StepType.EMAIL, "template_id": template.id}
    await add_step(world.context, made.id, day=1, send_option="task", **content)
    await add_step(world.context, made.id, day=2, send_option="same_time_as_previous", **content)
    person = await create_person(world.context, "x@example.com")
    await launch(world.context, made.id, [person.id], Choice(), {})
    task = await Task.get()
    await send_task(world.context, task.id, at=NOW + HOUR)
    await pause_campaign(world.context, made.id)
    after = later(world, NOW + 2 * DAY + 2 * HOUR)
    await resume_campaign(after.context, made.id)
    send = await Send.get(by_hand=True)
    assert (send.due_at, send.planned_at) == (NOW + 3 * DAY + HOUR, NOW + 3 * DAY + HOUR)
    assert [note[0] for note in send.explanation] == ["ZONE_OF_SENDER", "BY_HAND", "MOVED_AFTER_PAUSE"]
    assert (await Task.get()).due_date == (NOW + 3 * DAY).date()
    final = later(world, NOW + 3 * DAY + HOUR)
    await final.tick(NOW + 3 * DAY + HOUR)
    follower = await Send.get(enrollment__campaign_id=made.id, by_hand=False)
    assert follower.due_at == NOW + 4 * DAY + HOUR


@on_sqlite
async def test_a_deferred_email_moves_its_next_attempt(world: World) -> None:
    world.channel.outcome = Outcome.DEFERRED
    await world.tick()
    due = (await world.send()).due_at
    await pause_campaign(world.context, campaign(world))
    await resume_campaign(later(world, NOW + HOUR).context, campaign(world))
    send = await world.send()
    assert (send.due_at, send.planned_at, send.status) == (due + DAY, NOW, SendStatus.DEFERRED)
    assert await Send.filter(due_at=NOW + 9 * DAY).count() == 7, "and the second email with it"


@on_sqlite
async def test_what_a_pause_refuses(world: World) -> None:
    await world.tick()
    sent = await Send.filter(status=SendStatus.SENT).first()
    assert sent is not None
    await Send.filter(id=sent.id).update(status=SendStatus.FAILED)
    await pause_campaign(world.context, campaign(world))
    person = await create_person(world.context, "x@example.com")
    for work in (
        lambda: retry_send(world.context, sent.id),
        lambda: launch(world.context, campaign(world), [person.id], Choice("NOW"), {}),
        lambda: start_launch(world.context, campaign(world), None, Choice("NOW")),
    ):
        with pytest.raises(Refusal) as refused:
            await work()
        assert refused.value.code == "CAMPAIGN_PAUSED"
    assert (await Enrollment.all().count(), await Launch.all().count()) == (7, 0)
    assert (await Send.get(id=sent.id)).status is SendStatus.FAILED


async def test_a_setting_that_is_changed_meanwhile_undoes_no_pause(world: World) -> None:
    stale = await Campaign.get()
    await pause_campaign(world.context, campaign(world))
    await update_campaign(world.context, stale.id, name="Other")
    assert (await Campaign.get()).paused_at == NOW


@on_sqlite
async def test_ending_a_paused_campaign_leaves_nothing_on_hold(world: World) -> None:
    await pause_campaign(world.context, campaign(world))
    assert await end_campaign(world.context, campaign(world)) == 7
    assert (await held(), await Send.filter(status=SendStatus.FAILED).count()) == (0, 14)
    assert (await resume_campaign(world.context, campaign(world))).holds is None


async def test_a_claim_walks_the_index_of_what_waits(world: World) -> None:
    query = f"SELECT id FROM send WHERE sender_id = $1 AND {WAITING} AND due_at <= $2 ORDER BY due_at, id LIMIT 5"
    explain = "EXPLAIN" if is_postgres() else "EXPLAIN QUERY PLAN"
    async with transaction():
        if is_postgres():  # on so few rows it would read them all
            await execute("SET LOCAL enable_seqscan = off")
        plan = str(await execute(f"{explain} {query}", new_id("snd"), datetime(2026, 1, 1, tzinfo=UTC)))
    assert "send_waiting" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
