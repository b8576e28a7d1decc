"""Tasks are synced with a CRM both ways: created, changed, completed, opened again, deleted; conflicts by field."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from api.codes.events.event_kinds import EventKind
from api.crm_states import CrmSkippedTask
from api.models import Campaign, CrmChange, CrmTask, Event, Sender, Task
from api.services.campaigns.campaigns import add_step
from api.services.crm.tasks.pull import pull_deletions
from api.services.people.erasing import erase_person
from api.services.tasks.manual_tasks import create_task, delete_task, reopen_task
from api.services.tasks.task_changes import update_task
from api.services.tasks.tasks import complete_task, skip_task
from api.services.workspaces.senders import create_sender
from api.states import Priority, TaskStatus
from api.store.crm import task_sync
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.tasks import RemotePriority, RemoteStatus, RemoteTaskKind
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.crm.memory_org import task_values
from tests.services.crm.synced_world import DAY, KEY, SyncedWorld, real_now, synced_world

OPEN, COMPLETED = RemoteStatus.OPEN, RemoteStatus.COMPLETED


@pytest.fixture
async def world(database: str) -> SyncedWorld:
    return await synced_world()


async def campaign_task(world: SyncedWorld, kind: StepType = StepType.CALL) -> Task:
    """Add a step with a task to the campaign of the world, for the first of its people."""
    await world.world.tick()
    await add_step(world.world.context, (await Campaign.get()).id, day=3, step_type=kind, name="Ring", details="Talk")
    return await Task.filter(enrollment_id=world.world.enrollments[0].id).get()


async def test_a_task_and_its_changes_reach_the_crm(world: SyncedWorld) -> None:
    task = await world.task("Call Ada", details="Ask for\nthe budget", priority=Priority.HIGH)
    await world.push()
    remote = await world.remote_of(task)
    assert (remote.subject, remote.status, remote.priority) == ("Call Ada", OPEN, RemotePriority.HIGH)
    assert (remote.due, remote.details) == (task.due_date, "Ask for\nthe budget")
    assert (remote.owner_id, remote.person_id) == ("005G", f"003{task.person_id}")
    link = await CrmTask.get()
    assert (link.state, [link.remote_id]) == ("SYNCED", list(world.remote.tasks))
    assert link.url == f"https://crm.example/{link.remote_id}"
    assert "budget" not in str(link.base)  # texts of users are stored as digests
    assert world.remote.calls == ["push_tasks"]

    await update_task(world.context, task.id, name="Ring Ada", due_date=task.due_date + DAY, priority=Priority.NORMAL)
    await update_task(world.context, task.id, details="Nothing")
    await world.push()
    remote = await world.remote_of(task)
    assert (remote.subject, remote.due) == ("Ring Ada", task.due_date + DAY)
    assert (remote.priority, remote.details) == (RemotePriority.NORMAL, "Nothing")
    assert world.remote.calls[1:] == ["find_tasks", "push_tasks"]

    await complete_task(world.context, task.id)
    await world.push()
    assert (await world.remote_of(task)).status is COMPLETED
    await reopen_task(world.context, task.id)
    await world.push()
    assert (await world.remote_of(task)).status is OPEN
    await delete_task(world.context, task.id)
    await world.push()
    assert (world.remote.tasks, (await CrmTask.get()).state) == ({}, "GONE")
    await world.settle()
    assert not await CrmChange.exists()


async def test_changes_of_the_crm_are_applied_and_cost_no_further_calls(world: SyncedWorld) -> None:
    other = await create_sender(world.context, name="H", email="h@example.com", zone="UTC", channel="scripted")
    senders = world.org.synced_senders | {other.id}
    world.org = replace(world.org, users={**world.org.users, other.id: "005H"}, synced_senders=senders)
    task = await world.task()
    await world.push()
    past = date(2020, 2, 29)
    await world.edit(task, due=past, priority=RemotePriority.HIGH, details="New\r\n", owner_id="005H", subject="Other")
    await world.pull()
    after = await Task.get(id=task.id)
    assert (after.due_date, after.priority, after.details) == (past, Priority.HIGH, "New")
    assert (after.assignee_id, after.name) == (other.id, "Call Ada")  # a subject never comes back
    event = await Event.filter(kind=EventKind.TASK_CHANGED).get()
    assert event.actor == "CRM:Memory"
    world.remote.calls.clear()
    await world.push()
    await world.pull()
    assert (world.remote.calls, await CrmChange.exists()) == (["changed_tasks", "deleted_tasks"], False)

    await world.edit(task, status=COMPLETED)
    await world.pull()
    assert (await Task.get(id=task.id)).status is TaskStatus.COMPLETED
    await world.edit(task, status=OPEN)
    await world.pull()
    assert (await Task.get(id=task.id)).status is TaskStatus.OPEN
    world.remote.delete(str((await CrmTask.get()).remote_id))
    await world.settle()
    assert (await Task.filter(id=task.id).exists(), (await CrmTask.get()).state) == (False, "GONE")
    assert world.remote.tasks == {}


@on_sqlite
async def test_values_that_mean_nothing_here_are_left_alone(world: SyncedWorld) -> None:
    task = await world.task(priority=Priority.HIGH)
    await world.push()
    odd: dict[str, Any] = {"status": RemoteStatus.OTHER, "priority": RemotePriority.OTHER, "due": None}
    await world.edit(task, **odd, owner_id="005UNKNOWN")
    await world.settle()
    after, remote = await Task.get(id=task.id), await world.remote_of(task)
    assert (after.status, after.priority, after.due_date) == (TaskStatus.OPEN, Priority.HIGH, task.due_date)
    assert (remote.status, remote.priority, remote.due, remote.owner_id) == (*odd.values(), "005UNKNOWN")
    await update_task(world.context, task.id, details="More")
    await world.settle()
    assert (await world.remote_of(task)).status is RemoteStatus.OTHER  # only what has changed is written
    await complete_task(world.context, task.id)
    await world.settle()
    assert ((await world.remote_of(task)).status, (await CrmTask.get()).conflicts) == (COMPLETED, [])


async def test_a_task_completed_in_the_crm_schedules_its_campaign_on(world: SyncedWorld) -> None:
    task = await campaign_task(world)
    await world.push()
    await world.edit(task, priority=RemotePriority.HIGH, details="Sharper", status=COMPLETED)
    await world.settle()
    after = await Task.get(id=task.id)
    assert (after.status, after.priority, after.details) == (TaskStatus.COMPLETED, Priority.HIGH, "Sharper")
    completed = await Event.filter(kind=EventKind.TASK_COMPLETED).get()
    assert completed.actor == "CRM:Memory"
    # It cannot be opened again here, because the campaign continues. The CRM's task is completed again.
    await world.edit(task, status=OPEN)
    await world.settle()
    assert (await world.remote_of(task)).status is COMPLETED
    conflict = (await CrmTask.get(id=task.id)).conflicts[0]
    assert {name: conflict[name] for name in ("field", "here", "there", "wins")} == {
        "field": "STATUS", "here": "COMPLETED", "there": "OPEN", "wins": "HERE",
    }  # fmt: skip


@on_sqlite
async def test_a_campaign_continues_when_its_task_is_deleted_in_the_crm(world: SyncedWorld) -> None:
    task = await campaign_task(world)
    await world.push()
    world.remote.delete(str((await CrmTask.get(id=task.id)).remote_id))
    await world.settle()
    assert (await Task.get(id=task.id)).status is TaskStatus.SKIPPED
    assert not world.remote.by_marker(task.id)


@on_sqlite
@pytest.mark.parametrize(("setting", "status"), [(CrmSkippedTask.COMPLETED, COMPLETED), (CrmSkippedTask.LEFT, OPEN)])
async def test_a_skipped_task_is_completed_or_left_and_a_cancelled_one_is_deleted(
    world: SyncedWorld, setting: CrmSkippedTask, status: RemoteStatus
) -> None:
    world.org.settings.skipped_tasks = setting
    skipped, cancelled = await world.task("a"), await world.task("b")
    await world.push()
    await skip_task(world.context, skipped.id)
    await Task.filter(id=cancelled.id).update(status=TaskStatus.CANCELLED, done_at=world.context.now)
    never_sent = await world.task("c")
    await Task.filter(id=never_sent.id).update(status=TaskStatus.CANCELLED, done_at=world.context.now)
    await world.settle()
    assert [(task.values.subject, task.values.status) for task in world.remote.tasks.values()] == [("a", status)]
    assert not await CrmChange.exists()


@pytest.mark.parametrize("there_is_later", [True, False])
async def test_of_two_changes_of_a_field_the_later_counts(world: SyncedWorld, there_is_later: bool) -> None:
    world.remote.skew = timedelta(hours=3)  # the CRM's clock is fast, which its Date header shows
    task = await world.task()
    await world.push()
    here, there = task.due_date + DAY, task.due_date + 2 * DAY
    await update_task(world.context, task.id, due_date=here, priority=Priority.HIGH)
    await world.edit(task, due=there)
    age = timedelta(minutes=10 if there_is_later else -10)
    await CrmTask.all().update(due_at=real_now() - age)
    await world.settle()
    after, remote = await Task.get(id=task.id), await world.remote_of(task)
    assert after.due_date == remote.due == (there if there_is_later else here)
    assert (after.priority, remote.priority) == (Priority.HIGH, RemotePriority.HIGH)  # the other field is no conflict
    (conflict,) = (await CrmTask.get()).conflicts
    assert (conflict["field"], conflict["here"], conflict["there"]) == ("DUE", here.isoformat(), there.isoformat())
    assert conflict["wins"] == ("THERE" if there_is_later else "HERE")
    event = await Event.filter(kind=EventKind.TASK_CONFLICT).get()
    assert (event.task_id, event.data["field"], event.data["wins"]) == (task.id, "DUE", conflict["wins"])


async def test_open_tasks_of_the_crm_become_tasks_by_hand_once(world: SyncedWorld) -> None:
    person = f"003{(await world.task()).person_id}"
    await world.push()
    mine = world.remote.add(task_values(person_id=person, details="D", priority=RemotePriority.HIGH))
    world.remote.add(task_values(person_id=person, subject="", due=None), kind=RemoteTaskKind.CALL)
    for other in (
        task_values(person_id=person, status=COMPLETED),
        task_values(person_id=None),
        task_values(person_id="003nobody"),
        task_values(person_id=person, owner_id="005UNKNOWN"),
    ):
        world.remote.add(other)
    await world.settle()
    await world.settle()
    found = {task.type: task for task in await Task.filter(name__not="Call Ada", enrollment_id=None)}
    assert found.keys() == {StepType.CUSTOM, StepType.CALL}
    task = found[StepType.CUSTOM]
    assert (task.name, task.details, task.priority, task.due_date) == (
        "Call back",
        "D",
        Priority.HIGH,
        date(2026, 3, 4),
    )
    assert (found[StepType.CALL].name, found[StepType.CALL].due_date) == ("Task", world.context.now.date())
    assert len(world.remote.tasks) == 7
    await complete_task(world.context, task.id)
    await world.settle()
    assert world.remote.tasks[mine].values.status is COMPLETED
    await delete_task(world.context, task.id)
    await world.settle()
    assert mine not in world.remote.tasks


@on_sqlite
async def test_the_first_sync_pushes_nothing_old_and_pulls_a_day(world: SyncedWorld) -> None:
    await task_sync.turn_off(world.context.workspace_id, KEY, real_now())
    old = await world.task("old")
    person = f"003{old.person_id}"
    for hours in (30, 20):
        remote_id = world.remote.add(task_values(person_id=person, subject=f"{hours} hours"))
        at = world.remote.clock - timedelta(hours=hours)
        world.remote.tasks[remote_id] = replace(world.remote.tasks[remote_id], created_at=at, changed_at=at)
    now = real_now()
    await task_sync.turn_on(world.context.workspace_id, KEY, now, now - DAY, now)
    await world.settle()
    assert {task.name for task in await Task.filter(enrollment_id=None)} == {"old", "20 hours"}
    await update_task(world.context, old.id, name="old and changed")
    await world.settle()
    assert len(world.remote.tasks) == 2


async def test_what_was_deleted_while_the_sync_was_off_is_deleted_when_it_is_on_again(world: SyncedWorld) -> None:
    tasks = [await world.task(name) for name in ("a", "b")]
    await world.push()
    await task_sync.turn_off(world.context.workspace_id, KEY, real_now())
    world.remote.delete(str((await CrmTask.get(id=tasks[0].id)).remote_id))
    now = real_now()
    await task_sync.turn_on(world.context.workspace_id, KEY, now, now - DAY, now - 15 * DAY)
    await world.settle()
    assert [task.id for task in await Task.filter(enrollment_id=None)] == [tasks[1].id]
    # The CRM does not know the deletions any more: each task is asked for.
    world.remote.delete(str((await CrmTask.get(id=tasks[1].id)).remote_id))
    world.remote.faults.append(CrmError(CrmCode.DELETIONS_EXPIRED))
    state = await task_sync.state_of(world.context.workspace_id)
    assert state is not None
    async for _ in pull_deletions(world.org, state.deletions_since, real_now()):
        pass
    assert not await Task.filter(enrollment_id=None).exists()


@on_sqlite
async def test_tasks_of_senders_that_are_not_synced_stay_here(world: SyncedWorld) -> None:
    world.org = replace(world.org, synced_senders=frozenset())
    task = await world.task()
    await world.push()
    assert (world.remote.calls, await CrmChange.exists()) == ([], False)
    sender = await Sender.get()
    world.org = replace(world.org, synced_senders=frozenset({sender.id}))
    await update_task(world.context, task.id, name="Now")
    await world.push()
    assert (await world.remote_of(task)).subject == "Now"
    other = await create_task(
        world.context, person_id=task.person_id, assignee_id=sender.id, kind=StepType.CALL, name="x",
        due_date=task.due_date,
    )  # fmt: skip
    await world.push()
    assert len(world.remote.by_marker(other.id)) == 1


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_nothing_of_the_crm_is_taken_over_about_a_person_who_was_erased(world: SyncedWorld) -> None:
    task = await world.task(details="Likes tea")
    await complete_task(world.context, task.id)
    await world.settle()
    await erase_person(world.context, task.person_id)
    await world.settle()
    assert (await world.remote_of(task)).details == ""
    await world.edit(task, details="Ada Lovelace, likes tea", status=RemoteStatus.OPEN)
    await world.settle()
    row = await Task.get(id=task.id)
    assert (row.details, row.status) == ("", "COMPLETED")
