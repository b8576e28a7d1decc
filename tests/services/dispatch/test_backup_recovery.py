"""A database that was restored from a backup: nothing that may have left since leaves again by itself."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Launch, Send, Step, Task
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.dispatch.recovery.backup_recovery import RecoveryCounts, email_ids, recover
from api.services.dispatch.recovery.periodic_recovery import PeriodicRecovery
from api.services.emails.emails import resolve_in_doubt
from api.services.tasks.tasks import complete_task
from api.states import LaunchStatus, OnExpiry, SendStatus, TaskStatus
from api.store.dispatch.transmissions import DOUBT_RESEND_WAIT
from api.store.engine.database_home import check_home
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_world

BACKUP = NOW + timedelta(minutes=1)
LATER = NOW + timedelta(hours=3)


@pytest.fixture
async def world(database: str) -> World:
    """Two people with an email due now and one in eight days, as a backup has them."""
    return await make_world()


async def restored(world: World, **given: object) -> RecoveryCounts:
    known: dict[str, object] = {"as_of": BACKUP, "until": LATER, "now": LATER, **given}
    return await recover(world.runtime.context, **known)  # type: ignore[arg-type]


async def statuses() -> list[tuple[str, str | None]]:
    return [(str(send.status), send.reason) for send in await Send.all().order_by("due_at", "id")]


@on_sqlite
async def test_what_was_due_since_the_backup_is_in_doubt_and_the_rest_goes_out(world: World) -> None:
    found = await restored(world)
    assert found == RecoveryCounts(in_doubt=2)
    assert await statuses() == [("IN_DOUBT", "RESTORED")] * 2 + [("SCHEDULED", None)] * 2
    (first, *_) = await Send.all().order_by("due_at", "id")
    assert "restored from a backup of 2026-03-02 07:01:00 UTC" in first.detail
    events = await Event.filter(kind="EMAIL_IN_DOUBT")
    assert [event.data for event in events] == [{"reason": "RESTORED"}] * 2

    await world.tick(LATER)
    assert world.channel.left == []
    await world.tick(NOW + timedelta(days=8, hours=1))
    assert world.channel.left == ["ada@example.com", "bob@example.com"]


@on_sqlite
async def test_a_second_recovery_finds_nothing(world: World) -> None:
    await restored(world)
    assert await restored(world, as_of=LATER) == RecoveryCounts()


@pytest.mark.parametrize(
    "status", [SendStatus.SCHEDULED, SendStatus.DEFERRED, SendStatus.CLAIMED, SendStatus.TRANSMITTING]
)
async def test_every_unsent_email_counts_also_one_on_hold(world: World, status: SendStatus) -> None:
    held = status in {SendStatus.SCHEDULED, SendStatus.DEFERRED}
    lease = None if held else LATER
    await Send.filter(due_at__lte=NOW).update(status=status, held=held, attempt_id="att", lease_until=lease)
    assert (await restored(world)).in_doubt == 2
    (first, *_) = await Send.all().order_by("due_at", "id")
    assert (first.held, first.attempt_id, first.lease_until) == (False, None, None)


@on_sqlite
async def test_what_is_settled_stays(world: World) -> None:
    await world.tick()
    assert (await restored(world)).in_doubt == 0
    assert await Send.filter(status=SendStatus.SENT).count() == 2


@on_sqlite
async def test_a_campaign_that_resends_doubts_does_not_resend_these(world: World) -> None:
    await Campaign.all().update(in_doubt_resends=5)
    await restored(world)
    await world.tick(LATER + DOUBT_RESEND_WAIT + timedelta(hours=1))
    assert world.channel.left == []
    assert await Send.filter(status=SendStatus.IN_DOUBT).count() == 2


@on_sqlite
async def test_a_person_may_send_it_again(world: World) -> None:
    await restored(world)
    (first, *_) = await Send.all().order_by("due_at", "id")
    await resolve_in_doubt(world.context, first.id, "RESEND")
    await world.tick(LATER)
    assert world.channel.left == ["ada@example.com"]


@on_sqlite
async def test_the_mail_server_s_log_says_what_left(world: World) -> None:
    (ada, bob, *_) = await Send.all().order_by("due_at", "id")
    log = [f"postfix/cleanup[7]: 4F2: message-id=<{ada.id}@example.com>\n", "postfix/qmgr[8]: 4F2: removed\n"]
    assert await restored(world, delivered=email_ids(log)) == RecoveryCounts(in_doubt=1, sent=1)
    ada = await Send.get(id=ada.id)
    assert (ada.status, ada.sent_at, ada.reason) == (SendStatus.SENT, NOW, None)
    assert (await Send.get(id=bob.id)).status is SendStatus.IN_DOUBT


@on_sqlite
async def test_where_the_log_is_complete_the_others_go_out(world: World) -> None:
    (ada, *_) = await Send.all().order_by("due_at", "id")
    found = await restored(world, delivered={ada.id}, resend_others=True)
    assert found == RecoveryCounts(sent=1, unsent=1)
    await world.tick(LATER)
    assert world.channel.left == ["bob@example.com"]


@on_sqlite
async def test_the_log_also_names_emails_that_were_due_later(world: World) -> None:
    (*_, later) = await Send.all().order_by("due_at", "id")
    assert later.due_at > LATER
    assert await restored(world, delivered={later.id}, resend_others=True) == RecoveryCounts(sent=1, unsent=2)
    later = await Send.get(id=later.id)
    assert (later.status, later.sent_at) == (SendStatus.SENT, LATER)
    await world.tick(NOW + timedelta(days=9))
    assert sorted(world.channel.left) == ["ada@example.com", "ada@example.com", "bob@example.com"]


async def doubtful(world: World) -> Send:
    """An email that was in doubt when the backup was made, of a campaign that sends doubts again."""
    await Campaign.all().update(in_doubt_resends=5)
    (ada, *_) = await Send.all().order_by("due_at", "id")
    await Send.filter(id=ada.id).update(status=SendStatus.IN_DOUBT, reason="CONNECTION_LOST")
    return ada


@on_sqlite
@pytest.mark.parametrize("resend_others", [False, True])
async def test_a_doubt_of_before_is_not_sent_again_by_itself(world: World, resend_others: bool) -> None:
    ada = await doubtful(world)
    await restored(world, delivered={"snd_another"}, resend_others=resend_others)
    await world.tick(LATER + DOUBT_RESEND_WAIT)
    assert "ada@example.com" not in world.channel.left
    ada = await Send.get(id=ada.id)
    assert (ada.status, ada.reason) == (SendStatus.IN_DOUBT, "RESTORED")
    assert await Event.filter(kind="EMAIL_IN_DOUBT", send_id=ada.id).count() == 0, "it was told before"


async def test_the_log_settles_a_doubt_of_before(world: World) -> None:
    ada = await doubtful(world)
    assert (await restored(world, delivered={ada.id})).sent == 1
    assert (await Send.get(id=ada.id)).status is SendStatus.SENT


@on_sqlite
async def test_a_recovery_can_be_repeated_with_a_log_that_came_later(world: World) -> None:
    (ada, *_) = await Send.all().order_by("due_at", "id")
    await restored(world)
    await world.tick(LATER)
    for _ in range(2):
        assert await restored(world, now=LATER + timedelta(hours=1), delivered={ada.id}) in (
            RecoveryCounts(sent=1),
            RecoveryCounts(),
        )
    assert await statuses() == [("SENT", None), ("IN_DOUBT", "RESTORED")] + [("SCHEDULED", None)] * 2


async def test_an_edit_on_its_way_is_carried_out_first(world: World) -> None:
    """It moves an email to an earlier time, at which the lost database has sent it."""
    await Step.filter(number=2).update(day=1)
    await Campaign.all().update(revision=1, editing=True, edited_at=BACKUP)
    assert (await restored(world)).in_doubt == 4
    assert not (await Campaign.get()).editing
    await world.tick(NOW + timedelta(days=9))
    assert world.channel.left == []


async def test_a_changed_fact_on_its_way_is_applied_first(world: World) -> None:
    """It moves an email to an earlier time as well."""
    await Step.filter(number=2).update(day=1)
    await Enrollment.all().update(revision=-2)
    assert (await restored(world)).in_doubt == 4
    assert not (await Campaign.get()).editing
    await world.tick(NOW + timedelta(days=9))
    assert world.channel.left == []


async def call(send: Send, **changes: object) -> Task:
    """An open task of the email's person."""
    about: dict[str, Any] = {
        key: getattr(send, key) for key in ("workspace_id", "enrollment_id", "step_id", "person_id")
    }
    given: dict[str, Any] = {"type": "CALL", "name": "Call", "due_date": NOW.date(), "assignee_id": send.sender_id}
    return await Task.create(id="tsk_1", status=TaskStatus.OPEN, **about, **given | changes)


@pytest.mark.parametrize("rule", OnExpiry)
async def test_a_task_that_was_to_expire_since_waits_for_a_person(world: World, rule: OnExpiry) -> None:
    """Someone may have done it, or it has expired: what follows may have left under an id that no log tells."""
    await Campaign.all().update(on_task_expiry=rule)
    (first, *_) = await Send.all().order_by("due_at", "id")
    await Send.filter(enrollment_id=first.enrollment_id).delete()
    await call(first, expires_at=NOW + timedelta(hours=1))
    dry = await restored(world, dry_run=True)
    assert (dry.expired_tasks, dry.open_tasks) == (1, 0)
    assert await restored(world) == dry
    await world.tick(NOW + timedelta(days=9))
    assert await Send.filter(enrollment_id=first.enrollment_id).count() == 0
    task = await Task.get()
    assert (task.status, task.done_at) == (TaskStatus.EXPIRED, None)
    (event,) = await Event.filter(kind="TASK_EXPIRED")
    assert (event.task_id, event.data) == (task.id, {"type": "CALL"})
    assert str((await complete_task(world.context, task.id)).status) == "COMPLETED"


@on_sqlite
async def test_a_task_that_expires_later_stays_open(world: World) -> None:
    await call(await world.send(), expires_at=LATER + timedelta(seconds=1))
    found = await restored(world)
    assert (found.expired_tasks, found.open_tasks) == (0, 1)


@pytest.mark.parametrize("status", [LaunchStatus.RUNNING, LaunchStatus.PAUSED])
async def test_launches_in_the_background_are_paused(world: World, status: LaunchStatus) -> None:
    """Also one that is paused with its campaign: it would go on when the campaign is resumed."""
    about = {"workspace_id": world.context.workspace_id, "campaign_id": (await Campaign.get()).id, "launched_at": NOW}
    await Launch.create(id="lau_1", total=5, status=status, paused_with_campaign=status is LaunchStatus.PAUSED, **about)
    assert (await restored(world, dry_run=True)).paused_launches == 1
    assert (await restored(world)).paused_launches == 1
    launch = await Launch.get()
    assert (launch.status, launch.paused_with_campaign) == (LaunchStatus.PAUSED, False)


async def test_a_dry_run_counts_and_writes_nothing(world: World) -> None:
    before = await statuses()
    assert await restored(world, dry_run=True) == RecoveryCounts(in_doubt=2)
    assert await statuses() == before
    assert await Event.filter(kind="EMAIL_IN_DOUBT").count() == 0


async def test_who_has_nothing_else_to_come_has_finished(database: str) -> None:
    world = await make_world(1, day=1)
    await restored(world)
    assert [enrollment.status for enrollment in await world.enrollments[0].filter()] == ["FINISHED"]


@on_sqlite
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"as_of": NOW - timedelta(seconds=1)}, "This database has an event of 2026-03-02 07:00:00 UTC"),
        ({"as_of": LATER + timedelta(seconds=1)}, "must be before the end of the lost database"),
        ({"until": LATER + timedelta(days=1)}, "Neither can be in the future"),
    ],
)
async def test_moments_that_cannot_be_are_refused(world: World, given: dict[str, datetime], message: str) -> None:
    before = await statuses()
    with pytest.raises(Refusal, match=message) as refused:
        await restored(world, **given)
    assert refused.value.code == "INVALID_INSTANT"
    assert await statuses() == before


async def test_more_than_one_transaction_s_emails(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.dispatch.recovery.backup_recovery.EMAILS_PER_TRANSACTION", 2)
    world = await make_world(5)
    assert (await restored(world)).in_doubt == 5
    assert await Send.filter(status=SendStatus.IN_DOUBT).count() == 5


async def test_a_sandbox_sends_nothing_and_is_left_alone(world: World) -> None:
    await world.context.workspace.filter().update(sandbox=True, virtual_now=datetime(2030, 1, 1, tzinfo=UTC))
    assert await restored(world) == RecoveryCounts()


@on_sqlite
async def test_a_process_that_runs_renews_the_place_of_its_database_in_each_hour(database: str, world: World) -> None:
    await check_home()
    home = Path(f"{database.removeprefix('sqlite://')}-home")
    recovery = PeriodicRecovery(world.runtime, Backoff(), 0.0)
    places = []
    for seconds in (0, 4_000):
        recovery._cleaned_at = time.monotonic() - seconds
        await recovery.run()
        places.append(await asyncio.to_thread(home.read_text))
    assert len(set(places)) == 2
