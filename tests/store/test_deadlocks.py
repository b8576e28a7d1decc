"""Work on tasks, emails and campaigns retries a transaction that PostgreSQL aborts because of a deadlock."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from asyncpg.exceptions import DeadlockDetectedError

from api.models import Campaign, Enrollment, Event, Send, Task
from api.services.campaigns.campaigns import add_step
from api.services.campaigns.ending.ending import end_enrollment
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.dispatch.settle import outcome_transaction
from api.services.emails.emails import retry_send
from api.services.people.suppressions import unsubscribe
from api.services.replies.bounces import record_bounce
from api.services.replies.replies import record_reply
from api.services.tasks.closing import complete_task_of_email
from api.services.tasks.send_task_email import send_task
from api.services.tasks.task_expiry import expire_tasks
from api.services.tasks.tasks import complete_task, skip_task
from api.store.dispatch import claims, transmissions
from api.store.engine.transactions import MAX_DEADLOCK_RETRIES, retry_on_deadlock
from tests.services.campaigns.edited import content, later
from tests.services.locks import crossed, lock
from tests.services.world import NOW, World, make_world

DAY = timedelta(days=1)


Work = Coroutine[Any, Any, Any]


@pytest.fixture
def database_kind() -> str:
    """SQLite has one writer, and no deadlocks."""
    return "postgres"


@pytest.fixture
async def world(database: str) -> World:
    """Two people who are due now."""
    return await make_world()


async def task_of(world: World) -> str:
    """Return the task, between two emails, of one of the people. Each has one."""
    await add_step(world.context, (await Campaign.get()).id, day=2, send_option="task", **await content())
    return (await Task.all().order_by("id"))[0].id


async def completes(world: World) -> Work:
    return complete_task(world.context, await task_of(world))


async def skips(world: World) -> Work:
    return skip_task(world.context, await task_of(world))


async def sends(world: World) -> Work:
    return send_task(world.context, await task_of(world), subject="By hand")


@pytest.mark.parametrize(("work", "status"), [(completes, "COMPLETED"), (skips, "SKIPPED"), (sends, "COMPLETED")])
async def test_a_task_is_done(world: World, was_retried: Callable[[], bool], work: Any, status: str) -> None:
    await crossed(await work(world), lock("enrollment"), lock("task"))
    assert was_retried()
    (done,) = await Task.filter(status=status)
    assert done.done_at == NOW
    assert await Event.filter(kind=f"TASK_{status}").count() == 1
    assert await Send.filter(step_id=done.step_id).count() == (work is sends)
    assert await Send.filter(enrollment_id=done.enrollment_id, step__number=3).count() == 1, "what follows is scheduled"


@pytest.mark.parametrize(("rule", "status"), [("SKIP", "ACTIVE"), ("END", "ENDED")])
async def test_a_task_expires(world: World, was_retried: Callable[[], bool], rule: str, status: str) -> None:
    expiring = await task_of(world)
    await Task.filter(id=expiring).update(expires_at=NOW)
    await Campaign.all().update(on_task_expiry=rule)
    assert await crossed(expire_tasks(world.context, NOW), lock("enrollment"), lock("task")) == 1
    assert was_retried()
    assert await Event.filter(kind="TASK_EXPIRED").count() == 1
    assert (await Enrollment.get(id=(await Task.get(id=expiring)).enrollment_id)).status == status


async def replies(world: World) -> Work:
    return record_reply(world.context, world.enrollments[0].id)


async def bounces(world: World) -> Work:
    await Send.filter(step__number=1).update(status="SENT", sent_at=NOW)
    return record_bounce(world.context, world.enrollments[0].id)


async def unsubscribes(world: World) -> Work:
    return unsubscribe(world.context, world.enrollments[0].person_id)


async def leaves(world: World) -> Work:
    return end_enrollment(world.context, world.enrollments[0].id)


@pytest.mark.parametrize(
    ("work", "kind", "then"),
    [
        (replies, "REPLIED", "send"),
        (bounces, "BOUNCED", "send"),
        (unsubscribes, "UNSUBSCRIBED", "person"),
        (leaves, "CAMPAIGN_ENDED", "send"),
    ],
)
async def test_a_campaign_ends_for_someone(
    world: World, was_retried: Callable[[], bool], work: Any, kind: str, then: str
) -> None:
    await crossed(await work(world), lock("enrollment"), lock(then))
    assert was_retried()
    assert await Event.filter(kind=kind).count() == 1
    assert await Enrollment.filter(status="ENDED").count() == 1


async def test_an_email_is_retried(world: World, was_retried: Callable[[], bool]) -> None:
    failed = await world.send()
    await Send.filter(id=failed.id).update(status="FAILED", reason="X")
    retried = await crossed(retry_send(world.context, failed.id), lock("send"), lock("campaign"))
    assert (was_retried(), retried.status, (await Send.get(id=failed.id)).status) == (True, "SCHEDULED", "SCHEDULED")
    assert await Event.filter(kind="EMAIL_RETRIED").count() == 1


async def test_what_is_about_to_leave_leaves(world: World, was_retried: Callable[[], bool]) -> None:
    (sender,) = await transmissions.senders_with_waiting_emails(None)
    (send, _) = await claims.claim(sender["id"], NOW, NOW + DAY, 2)
    delivery = Delivery(send, await Batch.load(world.runtime, NOW, sender, [send], "scripted"))

    async def begin() -> bool:
        return await Dispatcher(world.runtime).writer.begin(delivery)

    assert await crossed(begin(), lock("send"), lock("campaign"))
    assert (was_retried(), (await Send.get(id=send.id)).status) == (True, "TRANSMITTING")


async def test_an_email_by_hand_closes_its_task_after_deadlocks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the outcome writer is careful, which takes an email for sent whatever becomes of its task."""
    doing = await task_of(world)
    await send_task(world.context, doing, at=NOW + timedelta(hours=1))
    raised = iter([OSError(), DeadlockDetectedError()])

    async def unlucky(*args: Any) -> None:
        if problem := next(raised, None):
            raise problem
        await complete_task_of_email(*args)

    monkeypatch.setattr(outcome_transaction, "complete_task_of_email", unlucky)
    await run_once(later(world, NOW + timedelta(hours=1)).runtime, NOW + timedelta(hours=1))
    assert next(raised, None) is None
    assert (await Task.get(id=doing)).status == "COMPLETED"


async def test_a_deadlock_that_never_ends_is_told() -> None:
    tried = 0

    @retry_on_deadlock
    async def hopeless() -> None:
        nonlocal tried
        tried += 1
        raise DeadlockDetectedError

    with pytest.raises(DeadlockDetectedError):
        await hopeless()
    assert tried == MAX_DEADLOCK_RETRIES + 1
