"""A package that names the wrong record of the CRM harms the tasks of this record only."""

from dataclasses import replace
from typing import Any

import pytest

from api.models import CrmChange, CrmTask
from api.services.tasks.task_changes import update_task
from plugins.crms.tasks import WriteResult
from tests.services.crm.memory_org import MemorySession
from tests.services.crm.retries import retry_all
from tests.services.crm.synced_world import SyncedWorld, synced_world


def answer(monkeypatch: pytest.MonkeyPatch, remote_id: str) -> None:
    """Let the package write each task, and return this id for it."""
    own = MemorySession._push

    def wrong(self: MemorySession, push: Any) -> WriteResult:
        return replace(own(self, push), remote_id=remote_id)

    monkeypatch.setattr(MemorySession, "_push", wrong)


async def states() -> list[str]:
    return sorted(link.state.value for link in await CrmTask.all())


async def failures() -> list[tuple[str, str, str]]:
    return [(row.object_id, row.code, row.state) for row in await CrmChange.all()]


async def check_recovery(world: SyncedWorld, count: int) -> None:
    """Check that each task has a record of its own, when the package is correct again."""
    await retry_all(world.context.workspace_id, world.now)
    await world.settle()
    assert await states() == ["SYNCED"] * count
    assert len({link.remote_id for link in await CrmTask.all()}) == len(world.remote.tasks) == count
    assert not await CrmChange.exists()


@pytest.mark.usefixtures("database")
async def test_one_id_for_several_new_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await synced_world()
    tasks = [await world.task(f"task {number}") for number in range(3)]
    with monkeypatch.context() as patch:
        answer(patch, "00T1")
        await world.push()
    assert await states() == ["SENDING", "SENDING", "SYNCED"]
    owner = await CrmTask.get(state="SYNCED")
    assert sorted(await failures()) == sorted(
        (each.id, "PLUGIN_FAILED", "FAILED") for each in tasks if each.id != owner.id
    )
    assert {row.detail for row in await CrmChange.all()} == {
        f"The CRM returned the id 00T1, which is that of the task {owner.id}."
    }
    await CrmTask.filter(id=owner.id).update(remote_id=world.remote.by_marker(owner.id)[0].remote_id)
    await check_recovery(world, 3)


@pytest.mark.usefixtures("database")
async def test_the_id_of_an_earlier_task(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await synced_world()
    first = await world.task("first")
    await world.push()
    second = await world.task("second")
    with monkeypatch.context() as patch:
        answer(patch, str((await CrmTask.get(id=first.id)).remote_id))
        await world.push()
    assert await failures() == [(second.id, "PLUGIN_FAILED", "FAILED")]
    third = await world.task("third")
    await world.push()
    assert (await CrmTask.get(id=third.id)).state == "SYNCED"
    await check_recovery(world, 3)


@pytest.mark.usefixtures("database")
async def test_another_id_for_a_changed_task(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await synced_world()
    task = await world.task("before")
    await world.push()
    remote_id = (await CrmTask.get(id=task.id)).remote_id
    await update_task(world.context, task.id, name="after")
    with monkeypatch.context() as patch:
        answer(patch, "00T-other")
        await world.push()
    link = await CrmTask.get(id=task.id)
    assert (link.remote_id, link.url) == (remote_id, f"https://crm.example/{remote_id}")
    assert (await world.remote_of(task)).subject == "after"
