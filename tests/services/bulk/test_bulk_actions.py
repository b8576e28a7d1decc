"""Bulk actions: each item is changed once, together with the progress, whatever interrupts them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.command_center import BulkActionKind, BulkActionStatus
from api.models import BulkAction, BulkRefusal, Enrollment, Event, Job, Send, Task
from api.services.bulk import actions, bulk_actions
from api.services.bulk.bulk_actions import carry_out
from api.services.emails import email_reads, emails
from api.services.jobs import job_limits
from api.states import JobState
from api.store.emails.email_conditions import EmailFilter
from api.store.engine.sql import execute
from strategies import Refusal
from tests.services.jobs.runners import runner_of, until_idle
from tests.services.world import NOW, Killed, World, make_sent_world

PEOPLE = 6
ARCHIVE, RETRY, TASKS = BulkActionKind.ARCHIVE_EMAILS, BulkActionKind.RETRY_EMAILS, BulkActionKind.CREATE_TASKS
CALL = {"type": "CALL", "name": "Call", "dueDate": "2026-03-03", "assigneeId": None, "priority": "HIGH", "details": ""}


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """People whose first email is sent. A request changes two objects itself, and a job reads four at once."""
    monkeypatch.setattr(bulk_actions, "MAX_AT_ONCE", 2)
    monkeypatch.setattr(bulk_actions, "ITEMS_PER_CHUNK", 4)
    return await make_sent_world(PEOPLE)


async def start(world: World, kind: BulkActionKind, **arguments: Any) -> BulkAction:
    rows = await email_reads.emails(world.context, EmailFilter())
    result = await carry_out(world.context, kind, arguments, ids=None, rows=rows)
    assert result.action is not None
    assert (result.done, result.refused) == ([], [])
    return result.action


async def test_a_job_changes_what_it_can_and_says_why_it_cannot_change_the_rest(world: World) -> None:
    action = await start(world, ARCHIVE)
    assert (action.total, action.processed) == (2 * PEOPLE, 0)
    await until_idle(runner_of(world))
    await action.refresh_from_db()
    assert (action.status, action.processed, action.done) == (BulkActionStatus.FINISHED, 2 * PEOPLE, PEOPLE)
    assert action.finished_at == NOW
    assert await Send.filter(archived=True).count() == await Send.filter(status="SENT").count() == PEOPLE
    scheduled = await Send.filter(status="SCHEDULED").order_by("id").values_list("id", flat=True)
    refused = await BulkRefusal.all().order_by("id")
    assert sorted(row.item_id for row in refused) == sorted(scheduled)
    assert {(row.code, tuple(row.path)) for row in refused} == {("NOT_SENT", ())}
    assert await execute("SELECT 1 FROM bulk_item") == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_killed_process_repeats_no_item_and_skips_none(
    world: World, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """It is killed before, or after, each of the first items is changed, and once the item is committed."""
    create, kills = actions.ACTIONS[TASKS].change, [1, 3, 4, 8]
    tried = 0

    async def killed(*given: Any) -> None:
        nonlocal tried
        tried += 1
        kill = tried in kills
        if kill and when == "before":
            raise Killed
        await create(*given)
        if kill:
            raise Killed

    await start(world, TASKS, **CALL)
    monkeypatch.setattr(actions, "ACTIONS", {**actions.ACTIONS, TASKS: replace(actions.ACTIONS[TASKS], change=killed)})
    monkeypatch.setattr(bulk_actions, "ACTIONS", actions.ACTIONS)
    for _ in kills:
        with pytest.raises(Killed):
            await until_idle(runner_of(world))
        await Job.all().update(lease_until=None)
    await until_idle(runner_of(world))
    action = await BulkAction.get()
    assert (action.status, action.done, action.total) == (BulkActionStatus.FINISHED, 2 * PEOPLE, 2 * PEOPLE)
    sends = await Send.all().values_list("id", flat=True)
    assert sorted(await Task.all().values_list("about_send_id", flat=True)) == sorted(sends)
    assert await Event.filter(kind="TASK_CREATED").count() == 2 * PEOPLE


async def test_two_processes_share_no_item(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes the action over while this one works on it."""
    action = await start(world, TASKS, **CALL)
    first = bulk_actions.chunks(world.context, await BulkAction.get(id=action.id))
    assert await anext(first) == 4
    async for _ in bulk_actions.chunks(world.context, await BulkAction.get(id=action.id)):
        pass
    assert [each async for each in first] == []
    assert await Task.all().count() == 2 * PEOPLE


async def test_a_cancelled_action_keeps_what_is_done(world: World) -> None:
    action = await start(world, TASKS, **CALL)
    work = bulk_actions.chunks(world.context, await BulkAction.get(id=action.id))
    await anext(work)
    cancelled = await bulk_actions.cancel(world.context, action.id)
    assert [each async for each in work] == []
    assert (cancelled.status, cancelled.done, await Task.all().count()) == (BulkActionStatus.CANCELLED, 4, 4)
    assert (await Job.get()).state is JobState.CANCELLED
    assert (await bulk_actions.cancel(world.context, action.id)).status is BulkActionStatus.CANCELLED


async def test_a_success_ends_a_campaign_also_for_those_who_finished_it(world: World) -> None:
    finished = world.enrollments[0]
    await Send.filter(enrollment_id=finished.id, status="SCHEDULED").delete()
    await Enrollment.filter(id=finished.id).update(status="FINISHED", ended_at=NOW)
    sent = [send.id for send in await Send.filter(status="SENT").order_by("id")][:2]
    result = await carry_out(world.context, BulkActionKind.SUCCEED_EMAILS, {}, ids=sent, rows=None)
    assert result.done == sent
    assert await Enrollment.filter(status="SUCCEEDED").count() == 2
    assert await Event.filter(kind="CAMPAIGN_ENDED").count() == 2
    assert await Send.filter(status="FAILED", reason="CAMPAIGN_ENDED").count() == 1


async def test_wrong_choices_are_refused_and_nothing_is_stored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = await email_reads.emails(world.context, EmailFilter())
    given: list[tuple[Callable[[], Any], str, tuple[str, ...]]] = [
        (lambda: carry_out(world.context, ARCHIVE, {}, ids=["snd_1"], rows=rows), "IDS_OR_FILTER", ("filter",)),
        (lambda: carry_out(world.context, ARCHIVE, {}, ids=None, rows=None), "IDS_OR_FILTER", ("ids",)),
        (lambda: carry_out(world.context, ARCHIVE, {}, ids=[], rows=None), "REQUIRED", ("ids",)),
        (lambda: start(world, TASKS, **CALL | {"assigneeId": "sdr_x"}), "NOT_FOUND", ("assigneeId",)),
    ]
    for work, code, path in given:
        with pytest.raises(Refusal) as refusal:
            await work()
        assert (refusal.value.code, refusal.value.path) == (code, path)
    monkeypatch.setattr(bulk_actions, "MAX_ITEMS", 5)
    with pytest.raises(Refusal) as refusal:
        await start(world, RETRY)
    assert (refusal.value.code, refusal.value.path) == ("TOO_MANY_ITEMS", ("filter",))
    assert await BulkAction.all().count() == await Job.filter(kind="bulk_action").count() == 0
    monkeypatch.setattr(bulk_actions, "MAX_ITEMS", 100)
    monkeypatch.setattr(job_limits, "MAX_BULK_ACTIONS", 1)
    await start(world, RETRY)
    with pytest.raises(Refusal) as refusal:
        await start(world, RETRY)
    assert refusal.value.code == "TOO_MANY_BULK_ACTIONS"


async def test_an_email_in_doubt_is_retried_only_by_itself(world: World) -> None:
    """It may have arrived. So nobody sends many of them twice by one request."""
    failed, doubted = await Send.filter(status="SENT").order_by("id").limit(2)
    await Send.filter(id=failed.id).update(status="FAILED", sent_at=None)
    await Send.filter(id=doubted.id).update(status="IN_DOUBT", sent_at=None)
    result = await carry_out(world.context, RETRY, {}, ids=[failed.id, doubted.id], rows=None)
    assert result.done == [failed.id]
    ((refused, why),) = result.refused
    assert (refused, why.code, why.path) == (doubted.id, "NOT_UNDELIVERED", ("ids", "1"))
    assert "resolveInDoubt" in why.message
    assert (await Send.get(id=doubted.id)).status == "IN_DOUBT"
    await emails.retry_send(world.context, doubted.id)
    assert (await Send.get(id=doubted.id)).status == "SCHEDULED"
