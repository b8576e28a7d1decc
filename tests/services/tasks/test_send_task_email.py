"""Tasks and the emails that people send from them: one does not go on without the other."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Send, Task
from api.services.campaigns.campaigns import add_step, move_step
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.common.request_context import WorkspaceContext
from api.services.emails.emails import resolve_in_doubt
from api.services.tasks import task_expiry as service
from api.services.tasks.send_task_email import send_task
from api.services.tasks.task_expiry import expire_tasks
from api.services.tasks.tasks import skip_task
from api.states import EnrollmentStatus, SendStatus, TaskStatus
from api.store.tasks.tasks import next_expiry
from plugins.contract import Outcome, Outgoing
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later, step
from tests.services.world import NOW, World, make_world, make_world_with_task

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def world(database: str) -> World:
    """One person whose first email has left, with an EMAIL task on day 2 and an email on day 9."""
    world = await make_world_with_task(sent=True)
    world.channel.left.clear()
    return world


async def by_hand() -> Send:
    return await Send.get(by_hand=True)


async def behind() -> int:
    """Count the emails that are scheduled behind the task."""
    return await Send.filter(step__number=3, status=SendStatus.SCHEDULED).count()


@on_sqlite
async def test_an_email_sent_from_a_task_that_has_expired_completes_it(world: World) -> None:
    task = await Task.get()
    await Task.all().update(expires_at=NOW + DAY)
    assert await expire_tasks(later(world, NOW + DAY).context, NOW + DAY) == 1
    await send_task(later(world, NOW + DAY + HOUR).context, task.id, at=NOW + 2 * DAY)
    await later(world, NOW + 2 * DAY).tick(NOW + 2 * DAY)
    assert ((await by_hand()).status, (await Task.get()).status) == (SendStatus.SENT, TaskStatus.COMPLETED)
    assert await behind() == 1


@on_sqlite
@pytest.mark.parametrize("rule", ["WAIT", "SKIP", "END"])
async def test_a_task_whose_email_is_scheduled_does_not_expire(world: World, rule: str) -> None:
    await Campaign.all().update(on_task_expiry=rule)
    await Task.all().update(expires_at=NOW + DAY)
    await send_task(world.context, (await Task.get()).id, at=NOW + 2 * DAY)
    await later(world, NOW + DAY).tick(NOW + DAY)
    assert await next_expiry(None) is None
    assert ((await by_hand()).status, (await Task.get()).status) == (SendStatus.SCHEDULED, TaskStatus.OPEN)
    await later(world, NOW + 2 * DAY).tick(NOW + 2 * DAY)
    assert ((await by_hand()).status, (await Task.get()).status) == (SendStatus.SENT, TaskStatus.COMPLETED)
    assert await behind() == 1


@on_sqlite
async def test_it_expires_once_its_email_has_failed(world: World) -> None:
    await Task.all().update(expires_at=NOW + DAY)
    await send_task(world.context, (await Task.get()).id, at=NOW + 2 * DAY)
    world.channel.outcome = Outcome.FAILED
    await later(world, NOW + 2 * DAY).tick(NOW + 2 * DAY)
    assert await next_expiry(None) == NOW + DAY
    assert await expire_tasks(later(world, NOW + 2 * DAY).context, NOW + 2 * DAY) == 1
    assert (await Task.get()).status is TaskStatus.EXPIRED


@on_sqlite
async def test_a_task_whose_email_is_scheduled_just_before_it_expires_does_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Task.all().update(expires_at=NOW + DAY)
    expire = service._expire

    async def after_a_click(context: WorkspaceContext, task: Task, now: Any, **more: Any) -> bool:
        await send_task(context, task.id, at=NOW + 2 * DAY)
        return await expire(context, task, now, **more)

    monkeypatch.setattr(service, "_expire", after_a_click)
    assert await expire_tasks(later(world, NOW + DAY).context, NOW + DAY) == 0
    assert (await Task.get()).status is TaskStatus.OPEN


@on_sqlite
async def test_a_doubt_that_is_settled_as_sent_completes_the_task(world: World) -> None:
    await send_task(world.context, (await Task.get()).id, at=NOW + DAY)
    world.channel.outcome = Outcome.IN_DOUBT
    tomorrow = later(world, NOW + DAY)
    await tomorrow.tick(NOW + DAY)
    await resolve_in_doubt(tomorrow.context, (await by_hand()).id, "SENT")
    send, task = await by_hand(), await Task.get()
    assert (send.status, send.detail) == (SendStatus.SENT, "")
    assert (task.status, task.done_at) == (TaskStatus.COMPLETED, NOW + DAY)
    assert await behind() == 1


@pytest.mark.parametrize("how", ["scheduled", "deferred", "claimed"])
async def test_the_email_of_a_task_that_is_skipped_does_not_leave(world: World, how: str) -> None:
    task = await Task.get()
    await send_task(world.context, task.id, at=NOW + DAY)
    tomorrow = later(world, NOW + DAY)

    async def skip(_: Outgoing) -> None:
        await skip_task(tomorrow.context, task.id)

    if how == "claimed":
        world.channel.before = skip
        await tomorrow.tick(NOW + DAY)
        world.channel.before = None
    else:
        world.channel.outcome = Outcome.DEFERRED
        if how == "deferred":
            await tomorrow.tick(NOW + DAY)
        await skip_task(tomorrow.context, task.id)
        world.channel.outcome = Outcome.SENT
    await later(world, NOW + DAY + HOUR).tick(NOW + DAY + HOUR)
    send = await by_hand()
    assert (world.channel.left, send.status, send.reason) == ([], SendStatus.FAILED, "TASK_SKIPPED")
    assert await Event.filter(kind="EMAIL_FAILED", send_id=send.id).count() == 1
    assert await behind() == 1


async def test_a_task_that_is_moved_just_before_it_expires_does_not(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(2)
    await world.tick()
    await Campaign.all().update(task_expiry_days=1, on_task_expiry="END")
    await add_step(world.context, (await Campaign.get()).id, day=2, step_type=StepType.CALL)
    at = (await Task.all().first()).expires_at  # type: ignore[union-attr]
    assert at is not None
    expire, expired = service._expire, list[str]()

    async def then_moves(context: WorkspaceContext, task: Task, now: Any, **more: Any) -> bool:
        done = await expire(context, task, now, **more)
        if not expired:
            expired.append(task.id)
            await move_step(later(world, at).context, (await step(2)).id, day=8)
        return done

    monkeypatch.setattr(service, "_expire", then_moves)
    assert await expire_tasks(later(world, at).context, at) == 1
    (other,) = await Task.exclude(id__in=expired)
    assert other.status is TaskStatus.OPEN
    assert (await Enrollment.get(id=other.enrollment_id)).status is EnrollmentStatus.ACTIVE


async def test_no_task_of_a_paused_campaign_expires_and_each_keeps_the_time_that_it_had(world: World) -> None:
    campaign = (await Campaign.get()).id
    await Campaign.all().update(on_task_expiry="END")
    await Task.all().update(expires_at=NOW + DAY)
    await pause_campaign(world.context, campaign)
    paused = later(world, NOW + 5 * DAY)
    await paused.tick(NOW + 5 * DAY)
    assert (await Task.get()).status is TaskStatus.OPEN
    await resume_campaign(paused.context, campaign)
    assert (await Task.get()).expires_at == NOW + 6 * DAY
    await paused.tick(NOW + 5 * DAY)
    assert (await Task.get()).status is TaskStatus.OPEN
    await later(world, NOW + 6 * DAY).tick(NOW + 6 * DAY)
    assert (await Task.get()).status is TaskStatus.EXPIRED
