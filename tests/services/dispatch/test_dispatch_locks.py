"""Two transactions of dispatch at the same moment do not block each other or begin one email twice."""

import asyncio
import contextvars
from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from asyncpg.exceptions import DeadlockDetectedError

from api.models import Event, Send, Task
from api.services.campaigns.ending.ending import end_campaign
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.dispatcher import Dispatcher
from api.services.dispatch.outcome_decision import decide_outcome
from api.services.enrollments.progress import finished
from api.states import SendStatus
from api.store.dispatch import claims, throttles, transmissions
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from plugins.contract import Outcome, Receipt
from strategies import StepType
from tests.services.world import NOW, World, make_world

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


async def test_of_two_attempts_at_one_email_in_the_same_moment_one_may_begin(world: World) -> None:
    dispatcher = Dispatcher(world.runtime)
    (sender,) = await transmissions.senders_with_waiting_emails(None)
    (old,) = await claims.claim(sender["id"], NOW, NOW - MINUTE, 1)
    await claims.release_expired_claims(NOW)
    claimed = await claims.claim(sender["id"], NOW, NOW + MINUTE, 30)
    new = next(send for send in claimed if send.id == old.id)
    batch = await Batch.load(world.runtime, NOW, sender, claimed, "scripted")
    before, after = Delivery(old, batch), Delivery(new, batch)
    assert await asyncio.gather(*map(dispatcher.writer.begin, (before, after, before))) == [False, True, False]
    await asyncio.gather(dispatcher.writer.settle(after, SENT), dispatcher.writer.settle(before, SENT))
    assert await Event.filter(kind="EMAIL_SENT").count() == 1
    assert dispatcher.outcomes == {"SENT": 1, "WITHDRAWN": 1}


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_renewing_leases_and_the_desk_do_not_wait_for_each_other(world: World) -> None:
    first, second, *_ = await claims.claim((await world.send()).sender_id, NOW, NOW + MINUTE, 30)
    await transmissions.begin_transmission([(first, "<m>")], NOW + MINUTE)
    async with transaction():
        await transmissions.settle([decide_outcome(first, SENT, NOW)])
        async with asyncio.timeout(60):
            await beside(transmissions.renew_leases([first.attempt_id], NOW + 2 * MINUTE))
        assert await transmissions.begin_transmission([(second, "<n>")], NOW + MINUTE) == {second.id}


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_ending_a_campaign_outlives_a_deadlock(world: World) -> None:
    ids = [row.id for row in world.enrollments]
    # PostgreSQL ends the one of us that looks for a deadlock after both wait: on a busy machine that may be the test.
    with suppress(DeadlockDetectedError):
        async with transaction():
            await finished(ids, NOW)
            ending = beside(end_campaign(world.context, world.enrollments[0].campaign_id))
            while not await _waits_for_a_lock():  # noqa: ASYNC110 - PostgreSQL tells nobody
                await asyncio.sleep(0.01)
            # It holds the emails and waits for the people; we do it the other way round.
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
        async with asyncio.timeout(60):
            assert await beside(_take_slot(throttled, row.id)) == {row.id}


async def _take_slot(sender: dict[str, Any], send_id: str) -> set[str]:
    async with transaction():
        return await throttles.take_slots(sender, [send_id], NOW)
