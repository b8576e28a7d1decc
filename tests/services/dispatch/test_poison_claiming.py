"""An email that cannot be claimed or loaded fails alone, and other emails are sent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asyncpg.exceptions import AdminShutdownError

from api.codes.refusals.jobs import JobCode
from api.models import Event, Send, Step, Workspace
from api.services.common.job_chunks.bisection import MAX_SET_ASIDE
from api.services.dispatch.claim import batch as batches
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.emails.emails import retry_send
from api.services.templates.email_content import ContentLoader
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from tests.services.jobs.test_poison import reject
from tests.services.world import NOW, World, make_world

Failing = pytest.MonkeyPatch


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(5)


async def first_emails() -> list[Send]:
    return await Send.filter(due_at__lte=NOW).order_by("id")


async def statuses(sends: Sequence[Send]) -> set[str]:
    return {str(row.status) for row in await Send.filter(id__in=[each.id for each in sends])}


async def assert_failed_alone(world: World, poisoned: Send, others: Sequence[Send]) -> None:
    """Check that one email failed with its reason, that the others left once, and that nothing else is tried."""
    row = await Send.get(id=poisoned.id)
    assert (row.status, row.reason, row.attempt_id, row.lease_until) == ("FAILED", JobCode.ROW_FAILED, None, None)
    assert row.failed_at == NOW
    assert row.detail.startswith("This email could not be read.")
    (told,) = await Event.filter(kind="EMAIL_FAILED")
    assert (told.send_id, told.enrollment_id, told.data) == (
        poisoned.id,
        poisoned.enrollment_id,
        {"reason": JobCode.ROW_FAILED},
    )
    assert await statuses(others) == {"SENT"}
    assert len(world.channel.left) == len(set(world.channel.left)) == len(others)


async def spoil_fields(person_id: str) -> None:
    """Overwrite a person's own fields with what is no JSON. SQLite keeps it; on PostgreSQL the reading is broken."""
    await execute("UPDATE person SET own_fields = '{broken' WHERE id = $1", person_id)


def break_reader(patch: Failing, person_id: str) -> None:
    right = batches.Recipient

    def read(*values: Any) -> Any:
        if values[0] == person_id:
            raise ValueError("this row cannot be read")
        return right(*values)

    patch.setattr(batches, "Recipient", read)


async def test_a_person_that_cannot_be_read_fails_alone(world: World, monkeypatch: Failing) -> None:
    _, poisoned, *_ = await first_emails()
    others = [each for each in await first_emails() if each.id != poisoned.id]
    if is_postgres():
        break_reader(monkeypatch, poisoned.person_id)
    else:
        await spoil_fields(poisoned.person_id)
    counts = await run_once(world.runtime, NOW)
    assert (counts.claimed, counts.by_outcome) == (5, {"FAILED": 1, "SENT": 4})
    await assert_failed_alone(world, poisoned, others)
    assert (await run_once(world.runtime, NOW)).idle


async def test_a_rep_can_retry_what_can_be_read_again(world: World, monkeypatch: Failing) -> None:
    poisoned, *_ = await first_emails()
    with monkeypatch.context() as patch:
        break_reader(patch, poisoned.person_id)
        await run_once(world.runtime, NOW)
    await retry_send(world.context, poisoned.id)
    await run_once(world.runtime, NOW)
    assert (await Send.get(id=poisoned.id)).status == "SENT"
    assert len(world.channel.left) == 5


async def test_an_enrollment_that_breaks_the_library_fails_alone(world: World, monkeypatch: Failing) -> None:
    *others, poisoned = await first_emails()
    right = ContentLoader.load

    async def load(step_ids: Any, enrollment_ids: Any, *rest: Any) -> ContentLoader:
        if poisoned.enrollment_id in enrollment_ids:
            raise RuntimeError("a driver's or a partner's bug")
        return await right(step_ids, enrollment_ids, *rest)

    monkeypatch.setattr(ContentLoader, "load", load)
    await run_once(world.runtime, NOW)
    await assert_failed_alone(world, poisoned, others)


async def test_an_email_that_the_database_refuses_to_claim_fails_alone(world: World) -> None:
    first, poisoned, *rest = await first_emails()
    await reject("send", "UPDATE", f"NEW.id = '{poisoned.id}' AND NEW.status = 'CLAIMED'")
    await run_once(world.runtime, NOW)
    await assert_failed_alone(world, poisoned, [first, *rest])


async def test_a_time_that_cannot_be_read_fails_alone_and_stops_no_tenant(world: World) -> None:
    poisoned, *others = await first_emails()
    await execute(f"UPDATE send SET due_at = '{'0044-03-15 BC' if is_postgres() else ''}' WHERE id = $1", poisoned.id)
    await run_once(world.runtime, NOW)
    await assert_failed_alone(world, poisoned, others)
    assert (await Send.get(id=poisoned.id)).due_at == NOW, "its time can be read again"


async def test_an_impossible_month_is_found_too(world: World) -> None:
    poisoned, *others = await first_emails()
    if is_postgres():
        return  # it keeps no such time
    await execute("UPDATE send SET due_at = '2025-13-45 07:00:00+00:00' WHERE id = $1", poisoned.id)
    await run_once(world.runtime, NOW)
    await assert_failed_alone(world, poisoned, others)


async def test_where_the_event_is_refused_as_well_it_still_fails(world: World, monkeypatch: Failing) -> None:
    poisoned, *others = await first_emails()
    break_reader(monkeypatch, poisoned.person_id)
    await reject("event", "INSERT", f"NEW.send_id = '{poisoned.id}'")
    await run_once(world.runtime, NOW)
    row = await Send.get(id=poisoned.id)
    assert (row.status, row.reason) == ("FAILED", JobCode.ROW_FAILED)
    assert await statuses(others) == {"SENT"}


async def test_what_cannot_even_fail_waits_and_is_tried_later_and_later(world: World) -> None:
    poisoned, *others = await first_emails()
    await reject("send", "UPDATE", f"NEW.id = '{poisoned.id}'")
    moment = NOW
    dispatcher = Dispatcher(replace(world.runtime, clock=lambda: moment))

    async def step() -> bool:
        counts = await dispatcher.step(moment)
        await dispatcher.drain()
        if not counts.idle:
            return True
        assert counts.next_at is None or counts.next_at > moment, "never a busy loop"
        return False

    assert await step()
    assert await statuses(others) == {"SENT"}
    assert not await step()
    assert (await Send.get(id=poisoned.id)).status == "SCHEDULED"
    waits = []
    for _ in range(4):
        until = dispatcher._backoff.until([poisoned.id], moment)
        assert until is not None
        waits.append((until - moment).total_seconds())
        moment = until
        await dispatcher.step(moment)
    assert waits == [10, 20, 40, 80]
    await dispatcher.stop()


async def test_more_than_a_few_of_one_step_wait_instead_of_failing(database: str, monkeypatch: Failing) -> None:
    world = await make_world(MAX_SET_ASIDE + 5)
    monkeypatch.setattr(batches, "Recipient", lambda *values: 1 / 0)
    await run_once(world.runtime, NOW)
    emails = await Send.filter(planned_at__lte=NOW)
    assert {(str(each.status), each.reason, each.attempts) for each in emails} == {("DEFERRED", "UNEXPECTED", 1)}
    assert min(each.due_at for each in emails) >= NOW + timedelta(minutes=5)
    assert await Event.filter(kind="EMAIL_DEFERRED").count() == len(emails)


async def test_a_step_that_cannot_be_loaded_leaves_other_steps_alone(world: World, monkeypatch: Failing) -> None:
    second = await Step.get(number=2)
    person = (await Send.filter(step_id=second.id).order_by("id"))[0]
    await Send.filter(id=person.id).update(due_at=NOW)
    others = [each for each in await first_emails() if each.id != person.id]
    right = ContentLoader.load

    async def load(step_ids: Any, enrollment_ids: Any, *rest: Any) -> ContentLoader:
        if second.id in step_ids:
            raise RuntimeError("its content cannot be read")
        return await right(step_ids, enrollment_ids, *rest)

    monkeypatch.setattr(ContentLoader, "load", load)
    await run_once(world.runtime, NOW)
    await assert_failed_alone(world, person, others)


async def test_where_the_workspace_cannot_be_read_no_email_fails(world: World, monkeypatch: Failing) -> None:
    async def broken(**_: Any) -> Workspace:
        raise ValueError("a workspace's JSON")

    monkeypatch.setattr(batches.Workspace, "get", broken)
    counts = await run_once(world.runtime, NOW)
    assert counts.by_outcome == {"DEFERRED": 5}
    monkeypatch.undo()
    later = NOW + timedelta(minutes=6)
    await run_once(replace(world.runtime, clock=lambda: later), later)
    assert len(world.channel.left) == 5


async def test_a_sender_that_cannot_be_served_stops_no_other(world: World, monkeypatch: Failing) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("its configuration cannot be read")

    monkeypatch.setattr(Dispatcher, "_worker", broken)
    dispatcher = Dispatcher(world.runtime)
    for _ in range(3):
        counts = await dispatcher.step(NOW)
        assert counts.idle
    assert counts.next_at is None, "it waits, and keeps nobody busy"
    assert await statuses(await first_emails()) == {"SCHEDULED"}


async def test_an_absent_database_fails_no_email(world: World, monkeypatch: Failing) -> None:
    async def gone(*_: Any, **__: Any) -> Batch:
        raise AdminShutdownError("the server stops")

    monkeypatch.setattr(Batch, "load", gone)
    with pytest.raises(AdminShutdownError):
        await run_once(world.runtime, NOW)
    assert await statuses(await first_emails()) == {"CLAIMED"}
    monkeypatch.undo()
    later = NOW + 2 * world.runtime.lease
    await run_once(replace(world.runtime, clock=lambda: later), later)
    assert len(world.channel.left) == 5
