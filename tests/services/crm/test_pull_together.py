"""Many changes of the CRM are taken over in few transactions, and one that fails does not hurt the others."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from api.models import Campaign, CrmChange, CrmTask, Event, Send, Sender, Task
from api.services.compose.compose_windows import save_draft
from api.services.crm.tasks import change_batches, pull
from api.services.tasks.manual_task_emails import hand_email_of
from api.services.tasks.task_changes import update_task
from api.services.workspaces.senders import create_sender
from api.states import Priority, TaskStatus
from api.store.crm import task_sync
from api.store.engine import transactions
from plugins.crms.tasks import RemotePriority, RemoteStatus
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.crm.memory_org import task_values
from tests.services.crm.synced_world import KEY, SyncedWorld, real_now, synced_world
from tests.services.crm.test_task_sync import campaign_task

TASKS = 60
DUE = date(2031, 2, 3)


@pytest.fixture
async def world(database: str) -> SyncedWorld:
    return await synced_world()


def count_transactions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the outermost transactions from now on."""
    counted = [0]
    original = transactions.in_transaction

    @asynccontextmanager
    async def counting(name: str) -> Any:
        outermost = transactions._outermost.get()
        counted[0] += outermost is not None and not hasattr(outermost, "is_counted")
        if outermost is not None:
            outermost.is_counted = True  # type: ignore[attr-defined]
        async with original(name) as connection:
            yield connection

    monkeypatch.setattr(transactions, "in_transaction", counting)
    return counted


async def test_a_part_is_one_transaction(world: SyncedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    of_campaign = await campaign_task(world)
    await Campaign.all().update(task_expiry_days=2)
    tasks = [await world.task(f"Call {number}") for number in range(TASKS)]
    await world.push()
    await world.pull()
    for task in [*tasks, of_campaign]:
        await world.edit(task, priority=RemotePriority.HIGH, due=DUE, details="New")
    await world.edit(tasks[0], status=RemoteStatus.COMPLETED)
    world.remote.delete(str((await CrmTask.get(id=tasks[1].id)).remote_id))
    await update_task(world.context, tasks[2].id, details="Changed here")
    events = await Event.all().count()
    counted = count_transactions(monkeypatch)
    await world.pull()
    assert counted[0] <= 8
    found = {row.id: row for row in await Task.all()}
    changed = [found[task.id] for task in (*tasks[3:], of_campaign)]
    assert {(row.priority, row.due_date, row.details) for row in changed} == {(Priority.HIGH, DUE, "New")}
    ring = found[of_campaign.id]
    assert (ring.planned_date, ring.expires_at is not None) == (of_campaign.due_date, True)
    assert ring.expires_at.date() > DUE
    assert found[tasks[0].id].status is TaskStatus.COMPLETED
    assert tasks[1].id not in found
    assert (found[tasks[2].id].priority, found[tasks[2].id].due_date) == (Priority.HIGH, DUE)
    # One event for each change, as one by one.
    kinds = [each.kind for each in await Event.all().order_by("id").offset(events)]
    assert kinds.count("TASK_CHANGED") == TASKS - 1 + 1
    await world.push()
    assert not await CrmChange.exists()
    calls = len(world.remote.calls)
    await world.pull()
    await world.push()
    assert world.remote.calls[calls:] == ["changed_tasks"] * len(world.remote.calls[calls:-1]) + ["deleted_tasks"]


@on_sqlite
async def test_a_change_that_fails_or_comes_too_late_stays_alone(
    world: SyncedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [await world.task(f"Call {number}") for number in range(30)]
    await world.push()
    await world.pull()
    for task in tasks:
        await world.edit(task, priority=RemotePriority.HIGH)
    original, alone = change_batches.change_tasks, pull.apply

    async def poisoned(context: Any, changes: Any) -> set[str]:
        if any(task.id == tasks[5].id for task, _ in changes):
            raise ValueError("this one cannot be written")
        return await original(context, changes)

    async def poisoned_alone(org: Any, synced: Any, *rest: Any) -> bool:
        if synced.link.id == tasks[5].id:
            raise ValueError("this one cannot be written")
        return await alone(org, synced, *rest)

    monkeypatch.setattr(change_batches, "change_tasks", poisoned)
    monkeypatch.setattr(pull, "apply", poisoned_alone)
    await world.pull()
    high = set(await Task.filter(priority=Priority.HIGH).values_list("id", flat=True))
    assert high == {task.id for task in tasks} - {tasks[5].id}
    assert await CrmChange.filter(object_id=tasks[5].id).exists()
    monkeypatch.undo()
    await world.push()
    assert (await Task.get(id=tasks[5].id)).priority is Priority.HIGH

    # A change here between reading and writing is merged again by the push.
    for task in tasks[:2]:
        await world.edit(task, due=DUE)

    async def late(context: Any, changes: Any) -> set[str]:
        monkeypatch.undo()
        await Task.filter(id=tasks[0].id).update(due_date=date(2032, 1, 1))
        return await original(context, changes)

    monkeypatch.setattr(change_batches, "change_tasks", late)
    await world.pull()
    assert [(await Task.get(id=task.id)).due_date for task in tasks[:2]] == [date(2032, 1, 1), DUE]
    await world.settle()
    due = (await Task.get(id=tasks[0].id)).due_date
    assert (await world.remote_of(tasks[0])).due == due


@on_sqlite
async def test_a_task_of_another_workspace_is_not_taken_over(world: SyncedWorld) -> None:
    task = await world.task("Call Ada")
    await world.push()
    other = await synced_world()
    senders = await Sender.filter(workspace_id=other.context.workspace_id)
    org = replace(
        other.org, session=world.remote.session(), users={sender.id: f"005{sender.name}" for sender in senders}
    )
    there = replace(other, org=org, remote=world.remote)
    person = f"003{other.world.enrollments[0].person_id}"
    world.remote.edit(str((await CrmTask.get(id=task.id)).remote_id), person_id=person)
    made = world.remote.add(task_values(person_id=person))
    clone = world.remote.add(task_values(person_id=person), marker="tsk_unknown")
    await there.pull()
    taken = await CrmTask.filter(workspace_id=other.context.workspace_id).values_list("remote_id", flat=True)
    assert sorted(taken) == sorted([made, clone])
    assert await task_sync.state_of(world.context.workspace_id)
    assert (KEY, real_now() is not None) == (other.org.key, True)


@on_sqlite
async def test_the_draft_of_a_task_follows_its_assignee_and_waits_while_it_is_scheduled(world: SyncedWorld) -> None:
    other = await create_sender(world.context, name="H", email="h@example.com", zone="UTC", channel="record")
    users = {**world.org.users, other.id: "005H"}
    world.org = replace(world.org, users=users, synced_senders=world.org.synced_senders | {other.id})
    task = await world.task("Write Ada", kind=StepType.EMAIL)
    await save_draft(world.context, task.id, subject="Hi", html="<p>x</p>")
    await world.push()
    await world.edit(task, owner_id="005H")
    await world.pull()
    email = await hand_email_of(task)
    assert email is not None
    assert ((await Task.get(id=task.id)).assignee_id, email.sender_id) == (other.id, other.id)
    await Send.filter(id=email.id).update(status="SCHEDULED")
    await world.edit(task, owner_id="005G")
    await world.settle()
    assert (await Task.get(id=task.id)).assignee_id == other.id
    assert (await world.remote_of(task)).owner_id == "005G"
    await Send.filter(id=email.id).update(status="DRAFT")
    world.later = timedelta(days=1)
    await world.push()
    assert (await Task.get(id=task.id)).assignee_id == task.assignee_id
    assert (await Send.get(id=email.id)).sender_id == task.assignee_id
