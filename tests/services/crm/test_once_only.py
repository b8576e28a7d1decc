"""Whatever breaks, the CRM has at most one task for each of ours, and nothing is lost."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.crm_task_states import CrmTaskState
from api.models import CrmChange, CrmTask, Task
from api.services.crm.failures.retrying import WAITS, wait_after
from api.services.crm.tasks import task_sync
from api.services.crm.tasks.failures import failed
from api.services.crm.tasks.push import push_tasks
from api.services.tasks.manual_tasks import delete_task
from api.services.tasks.task_changes import update_task
from api.store.crm.changes import Change
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.tasks import RemoteStatus
from tests.services.crm.memory_org import task_values
from tests.services.crm.retries import retry_all
from tests.services.crm.synced_world import DAY, SyncedWorld, real_now, synced_world
from tests.services.world import NOW, Killed

LOST = CrmError(CrmCode.ANSWER_LOST, in_doubt=True)
UNREACHABLE = CrmError(CrmCode.UNREACHABLE)


async def broken_push(world: SyncedWorld) -> None:
    with pytest.raises(CrmError):
        await push_tasks(world.org, world.now)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("marker_is_unique", [True, False])
async def test_a_creation_whose_answer_is_lost_is_looked_for_before_it_is_repeated(marker_is_unique: bool) -> None:
    world = await synced_world(marker_is_unique=marker_is_unique, skew=timedelta(hours=-2))
    kept, lost = await world.task("kept"), await world.task("lost")
    world.remote.late_faults.append(LOST)
    await broken_push(world)
    assert {link.state for link in await CrmTask.all()} == {CrmTaskState.SENDING}
    (remote_id,) = [each.remote_id for each in world.remote.by_marker(lost.id)]
    del world.remote.tasks[remote_id]  # as if only one of the two had been committed
    world.remote.edit(world.remote.by_marker(kept.id)[0].remote_id, status=RemoteStatus.COMPLETED)
    await update_task(world.context, kept.id, name="renamed")
    await world.push()
    if not marker_is_unique:
        # It may still be carried out: nothing is written until that is over.
        assert world.remote.calls == ["push_tasks"]
        assert {change.code for change in await CrmChange.all()} == {"ANSWER_LOST"}
        world.later = timedelta(minutes=12)
        await world.push()
    assert [len(world.remote.by_marker(task.id)) for task in (kept, lost)] == [1, 1]
    await world.settle()
    assert (await Task.get(id=kept.id)).status == "COMPLETED"  # what was changed there meanwhile is not written over
    assert (await world.remote_of(kept)).subject == "renamed"
    assert not await CrmChange.exists()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("marker_is_unique", [True, False])
async def test_a_pull_takes_over_a_task_whose_creation_is_in_doubt(marker_is_unique: bool) -> None:
    world = await synced_world(marker_is_unique=marker_is_unique)
    task = await world.task()
    world.remote.late_faults.append(LOST)
    await broken_push(world)
    await world.settle()
    link = await CrmTask.get()
    assert (link.state, len(world.remote.tasks), await Task.filter(enrollment_id=None).count()) == ("SYNCED", 1, 1)
    await world.edit(task, due=task.due_date + DAY)
    await world.settle()
    assert (await Task.get(id=task.id)).due_date == task.due_date + DAY


@pytest.mark.usefixtures("database")
async def test_a_task_that_is_deleted_while_its_creation_is_in_doubt_is_deleted_there_too() -> None:
    world = await synced_world()
    task = await world.task()
    world.remote.late_faults.append(LOST)
    await broken_push(world)
    await delete_task(world.context, task.id)
    await world.settle()
    assert (world.remote.tasks, (await CrmTask.get()).state) == ({}, "GONE")
    # The same if the creation has failed: there is nothing to delete.
    task = await world.task()
    world.remote.faults.append(LOST)
    await broken_push(world)
    await delete_task(world.context, task.id)
    await world.settle()
    assert {link.state for link in await CrmTask.all()} == {CrmTaskState.GONE}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("marker_is_unique", [True, False])
async def test_a_process_that_is_killed_at_any_call_leaves_no_double(marker_is_unique: bool) -> None:
    world = await synced_world(marker_is_unique=marker_is_unique)
    steps = ["push_tasks", "push_tasks committed", "find_tasks", "changed_tasks", "deleted_tasks", "delete_tasks",
             "delete_tasks committed"]  # fmt: skip
    for number, step in enumerate(steps):
        task = await world.task(f"task {number}")
        kept = await world.task(f"kept {number}")
        await world.push()
        await update_task(world.context, kept.id, due_date=kept.due_date + DAY)
        await delete_task(world.context, task.id)
        fresh = await world.task(f"fresh {number}")
        world.remote.add(task_values(person_id=f"003{task.person_id}", subject=f"theirs {number}"))

        async def kill(name: str, step: str = step) -> None:
            if name == step:
                world.remote.during = None
                raise Killed

        world.remote.during = kill
        with pytest.raises(Killed):
            await world.push()
            await world.pull()
        world.remote.during = None
        world.later += timedelta(minutes=12)  # the next process; what may still be carried out is over
        await world.settle()
        assert not world.remote.by_marker(task.id), step
        assert [len(world.remote.by_marker(each.id)) for each in (kept, fresh)] == [1, 1], step
        assert (await world.remote_of(kept)).due == kept.due_date + DAY
        assert await Task.filter(name=f"theirs {number}").count() == 1
        assert not await CrmChange.exists()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("marker_is_unique", [True, False])
async def test_a_second_process_that_takes_over_meanwhile_creates_no_double(marker_is_unique: bool) -> None:
    world = await synced_world(marker_is_unique=marker_is_unique)
    task = await world.task()

    async def second(name: str) -> None:
        world.remote.during = None
        await push_tasks(world.org, world.now)

    for step in ("push_tasks", "push_tasks committed"):
        world.remote.during = lambda name, step=step: second(name) if name == step else nothing()
        await world.push()
        world.later += timedelta(minutes=12)
        await world.settle()
        assert len(world.remote.by_marker(task.id)) == 1
        assert ((await CrmTask.get()).state, await CrmChange.exists()) == ("SYNCED", False)
        await update_task(world.context, task.id, priority="HIGH")


async def nothing() -> None:
    """Do nothing."""


@pytest.mark.usefixtures("database")
async def test_records_fail_separately_and_by_the_category_of_their_error() -> None:
    world = await synced_world()
    tasks = {name: await world.task(name) for name in ("good", "locked", "busy", "twice")}
    world.remote.rejects = {
        tasks["locked"].id: CrmError(CrmCode.FIELD_CUSTOM_VALIDATION_EXCEPTION, "Say why"),
        tasks["busy"].id: CrmError(CrmCode.UNABLE_TO_LOCK_ROW, "busy"),
        tasks["twice"].id: CrmError(CrmCode.DUPLICATE_VALUE, "twice"),
    }
    await world.push()
    assert [task.values.subject for task in world.remote.tasks.values()] == ["good"]
    changes = {change.object_id: change for change in await CrmChange.all()}
    locked, busy = changes[tasks["locked"].id], changes[tasks["busy"].id]
    assert (locked.state, locked.category, locked.code, locked.detail) == (
        "FAILED", "VALIDATION", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say why",
    )  # fmt: skip
    assert (busy.state, busy.attempts) == ("WAITING", 1)
    assert WAITS[0] * 0.9 < busy.next_at - real_now() < WAITS[0] * 1.3
    world.remote.rejects.clear()
    world.later = timedelta(minutes=2)
    await world.push()
    assert len(world.remote.tasks) == 3  # the failed one waits for a change or a user
    assert await retry_all(world.context.workspace_id, world.now) == 1
    await world.push()
    assert sorted(task.values.subject for task in world.remote.tasks.values()) == sorted(tasks)

    # A request that is rejected as a whole is sent in halves, until the cause is found.
    more = [await world.task(f"more {number}") for number in range(3)]
    world.remote.faults += [CrmError(CrmCode.REQUEST_INVALID, "bad"), CrmError(CrmCode.REQUEST_INVALID, "bad")]
    await world.push()
    assert [len(world.remote.by_marker(task.id)) for task in more] == [0, 1, 1]
    assert (await CrmChange.get()).object_id == more[0].id


@pytest.mark.usefixtures("database")
async def test_a_request_that_never_arrived_is_sent_again_without_looking() -> None:
    world = await synced_world(marker_is_unique=False)
    task = await world.task()
    world.remote.faults.append(UNREACHABLE)
    await broken_push(world)
    assert (await CrmTask.get()).state is CrmTaskState.NEW
    await world.push()
    assert (len(world.remote.by_marker(task.id)), world.remote.calls) == (1, ["push_tasks", "push_tasks"])
    await update_task(world.context, task.id, due_date=task.due_date + DAY)
    world.remote.late_faults.append(LOST)  # the change arrived, and is no change of the CRM
    # SQLite's clock has milliseconds, so a change here in the next one could seem to be earlier than the one there.
    world.remote.skew = timedelta(seconds=-1)
    await broken_push(world)
    world.remote.skew = timedelta(0)
    await update_task(world.context, task.id, due_date=task.due_date + 2 * DAY)
    await world.settle()
    assert (await world.remote_of(task)).due == (await Task.get(id=task.id)).due_date == task.due_date + 2 * DAY
    assert (await CrmTask.get()).conflicts == []


@pytest.mark.usefixtures("database")
async def test_two_hundred_tasks_are_one_call() -> None:
    world = await synced_world(1)
    first = await world.task()
    rows = [{name: getattr(first, name) for name in ("workspace_id", "person_id", "assignee_id", "type", "due_date")}
            for _ in range(450)]  # fmt: skip
    await Task.bulk_create([Task(id=f"tsk_{number}", name=str(number), **row) for number, row in enumerate(rows)])
    await world.push()
    assert (len(world.remote.tasks), world.remote.calls) == (451, ["push_tasks"] * 3)
    await world.settle()
    assert len(world.remote.calls) / 451 < 0.06  # most of it are the pages of the CRM in memory


def test_waits_become_longer_up_to_a_limit_and_never_end() -> None:
    change = Change("TASK:tsk_1", "tsk_1", 1, 0, NOW)
    for number, low in enumerate((*WAITS, WAITS[-1])):
        assert low <= wait_after(replace(change, attempts=number)) <= low * 1.25
    for code in CrmCode:
        result: Any = failed(change, CrmError(code), NOW)
        by_itself = code.category is CrmCategory.INTERMITTENT or CrmError(code).stops_all
        waits_for_user = not by_itself
        found = code in {CrmCode.DUPLICATE_VALUE, CrmCode.ENTITY_IS_DELETED}
        assert (result.next_at is None) == (waits_for_user and not found), code
        assert failed(change, CrmError(code, in_doubt=True), NOW).next_at is not None


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("pulls", [True, False])
async def test_what_is_applied_here_is_known_as_synced_at_once(pulls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a process that ends in between takes the change for one made here, and writes over the next one there."""
    world = await synced_world()
    task = await world.task("Call", details="old")
    await world.push()
    await world.edit(task, status=RemoteStatus.COMPLETED, details="theirs")
    if pulls:

        async def killed(*_: object) -> None:
            raise Killed

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(task_sync, "note_conflicts", killed)
            await world.pull()
        assert (await Task.get(id=task.id)).status == "OPEN"  # neither the one nor the other
        await world.pull()
    else:
        await Task.filter(id=task.id).update(name="Renamed")
        world.remote.late_faults.append(UNREACHABLE)
        await broken_push(world)
    assert (await Task.get(id=task.id)).status == "COMPLETED"
    await world.edit(task, status=RemoteStatus.OPEN, details="old")
    world.later = timedelta(hours=1)
    await world.settle()
    after, there = await Task.get(id=task.id), await world.remote_of(task)
    assert (after.status, after.details) == ("OPEN", "old")
    assert (there.status, there.details) == (RemoteStatus.OPEN, "old")
    assert there.subject == after.name


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("marker_is_unique", [True, False])
async def test_a_restored_backup_finds_what_was_created_after_it(marker_is_unique: bool) -> None:
    world = await synced_world(marker_is_unique=marker_is_unique)
    task = await world.task()
    link, change = await CrmTask.get(id=task.id), await CrmChange.get()
    await world.push()
    await world.edit(task, due=task.due_date + DAY)
    await CrmTask.all().delete()  # the database is again as it was before the push
    await CrmTask.bulk_create([link])
    await CrmChange.bulk_create([change])
    await world.settle()
    assert len(world.remote.tasks) == await Task.filter(enrollment_id=None).count() == 1
    assert (await Task.get(id=task.id)).due_date == task.due_date + DAY
