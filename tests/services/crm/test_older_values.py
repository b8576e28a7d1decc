"""An older value is never written over a newer one, although answers are lost and values return."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from api.models import CrmChange, CrmTask, Task
from api.services.crm.tasks import pull
from api.services.crm.tasks.push import push_tasks
from api.services.tasks.task_changes import update_task
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.tasks import RemotePriority
from tests.services.crm.synced_world import DAY, PlainPeople, SyncedWorld, synced_world

LOST = CrmError(CrmCode.ANSWER_LOST, in_doubt=True)
HIGH, NORMAL = RemotePriority.HIGH, RemotePriority.NORMAL
both_kinds = pytest.mark.parametrize("marker_is_unique", [True, False])


async def lose_push(world: SyncedWorld, *, arrives: bool = True) -> None:
    """Push once. The write is carried out, or not, and the answer is lost."""

    async def lose(name: str) -> None:
        if name == ("push_tasks committed" if arrives else "push_tasks"):
            raise LOST

    world.remote.during = lose
    with pytest.raises(CrmError):
        await push_tasks(world.org, world.now)
    world.remote.during = None


async def priorities(world: SyncedWorld, task: Task) -> tuple[str, str]:
    return (await Task.get(id=task.id)).priority, (await world.remote_of(task)).priority


@pytest.mark.usefixtures("database")
@both_kinds
async def test_a_value_of_a_creation_whose_answer_was_lost_can_be_set_again_there(marker_is_unique: bool) -> None:
    world = await synced_world(marker_is_unique=marker_is_unique)
    task = await world.task()
    await lose_push(world)
    for priority in (HIGH, NORMAL, HIGH, NORMAL):
        await world.pull()
        await world.edit(task, priority=priority)
        await world.settle()
        assert await priorities(world, task) == (priority.value, priority.value)


@pytest.mark.usefixtures("database")
async def test_a_creation_that_was_lost_twice_is_found_once() -> None:
    world = await synced_world()
    task = await world.task()
    await lose_push(world, arrives=False)
    world.later = timedelta(minutes=2)
    await lose_push(world)
    for priority in (HIGH, NORMAL):
        await world.pull()
        await world.edit(task, priority=priority)
        await world.settle()
        assert await priorities(world, task) == (priority.value, priority.value)


@pytest.mark.usefixtures("database")
async def test_a_value_that_was_sent_and_seen_can_be_set_again_there() -> None:
    world = await synced_world()
    task = await world.task()
    await world.push()
    await update_task(world.context, task.id, priority="HIGH")
    await lose_push(world)
    for priority in (NORMAL, HIGH, NORMAL, HIGH):
        await world.settle()
        await world.edit(task, priority=priority)
        await world.settle()
        assert await priorities(world, task) == (priority.value, priority.value)


@pytest.mark.usefixtures("database")
async def test_a_value_that_never_arrived_can_be_set_there_when_the_time_of_doubt_is_over() -> None:
    world = await synced_world()
    task = await world.task()
    await world.push()
    await update_task(world.context, task.id, priority="HIGH")
    await lose_push(world, arrives=False)
    await update_task(world.context, task.id, priority="NORMAL")
    await world.settle()
    world.later = timedelta(minutes=30)
    await world.settle()
    world.later = timedelta(minutes=40)
    await world.edit(task, priority=HIGH)
    await world.settle()
    assert await priorities(world, task) == ("HIGH", "HIGH")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("minutes", [5, 60])
async def test_a_value_that_arrives_late_is_no_change_there(minutes: int) -> None:
    """Also after an outage: nothing was read since it was sent."""
    world = await synced_world()
    task = await world.task()
    await world.push()
    await update_task(world.context, task.id, priority="HIGH")
    await lose_push(world, arrives=False)
    await update_task(world.context, task.id, priority="NORMAL")
    if minutes == 5:
        await world.settle()
    world.later = timedelta(minutes=4)
    await world.edit(task, priority=HIGH)  # carried out now
    world.later = timedelta(minutes=minutes)
    await world.settle()
    assert await priorities(world, task) == ("NORMAL", "NORMAL")


@pytest.mark.usefixtures("database")
async def test_a_pull_does_not_forget_what_another_process_sends_meanwhile() -> None:
    world = await synced_world()
    task = await world.task()
    await world.push()
    await world.edit(task, due=task.due_date + DAY)
    await update_task(world.context, task.id, priority="HIGH")

    async def second(name: str) -> None:
        if name == "push_tasks committed":
            world.remote.during = None
            await world.pull()
            raise LOST

    world.remote.during = second
    with pytest.raises(CrmError):
        await push_tasks(world.org, world.now)
    await update_task(world.context, task.id, priority="NORMAL")
    await world.settle()
    assert await priorities(world, task) == ("NORMAL", "NORMAL")
    assert (await CrmTask.get()).conflicts == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("together", [True, False])
async def test_a_pull_does_not_write_over_what_another_process_notes_meanwhile(
    together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it forgets a value that is on its way, and takes it for a change there."""
    world = await synced_world()
    task = await world.task()
    await world.push()
    await update_task(world.context, task.id, priority="HIGH")
    people = world.org.people

    class Meanwhile(PlainPeople):
        async def records_of(self, person_ids: Collection[str]) -> Mapping[str, str]:
            """The pull has read the rows. Another process sends the change."""
            world.org = replace(world.org, people=people)
            await lose_push(world)
            await update_task(world.context, task.id, priority="NORMAL")
            return await people.records_of(person_ids)

    async def fail(*_: object) -> None:
        raise ValueError("write each alone")

    if not together:
        monkeypatch.setattr(pull, "store_together", fail)
    await world.edit(task, due=task.due_date + DAY)
    world.org = replace(world.org, people=Meanwhile())
    await world.pull()
    assert (await CrmTask.get()).sent == {"PRIORITY": ["HIGH"]}
    await world.settle()
    assert await priorities(world, task) == ("NORMAL", "NORMAL")
    assert (await Task.get(id=task.id)).due_date == task.due_date + DAY
    assert not await CrmChange.exists()


@pytest.mark.usefixtures("database")
async def test_a_value_that_returns_while_another_process_sends_the_other_is_sent_again() -> None:
    world = await synced_world()
    task = await world.task()
    await world.push()
    for step in ("find_tasks", "push_tasks", "push_tasks committed"):
        await update_task(world.context, task.id, priority="HIGH")

        async def second(name: str, step: str = step) -> None:
            """The other process finds nothing to send: the value is again the one that was last synced."""
            if name == step:
                world.remote.during = None
                await update_task(world.context, task.id, priority="NORMAL")
                await world.push()

        world.remote.during = second
        await world.push()
        assert world.remote.during is None
        await world.settle()
        assert await priorities(world, task) == ("NORMAL", "NORMAL")
        assert not await CrmChange.exists()
