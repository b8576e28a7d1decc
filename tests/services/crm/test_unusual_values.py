"""Values of a CRM that cannot be stored, or that nothing here can read: they delay no other change."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from api.crm_task_states import CrmChangeKind
from api.models import CrmChange, CrmTask, Person, Task
from api.services.crm.connections.guarded_session import GuardedSession
from api.services.crm.syncing.rounds import Round
from api.services.crm.tasks import created_in_crm
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from tests.services.crm.memory_crm import MemoryCrm
from tests.services.crm.memory_org import task_values
from tests.services.crm.stub_crm import StubCrm
from tests.services.crm.synced_world import SyncedWorld, real_now, synced_world

LONG_URL = "https://crm.example/" + "x" * 1_000 + "\x00"


@pytest.fixture
async def world(database: str) -> SyncedWorld:
    return await synced_world()


async def person_there() -> str:
    person = await Person.all().order_by("id").first()
    assert person is not None
    return f"003{person.id}"


@pytest.mark.parametrize("due", [date.min, date(1899, 12, 31), date(2200, 1, 1), date.max])
async def test_a_task_with_an_unusual_date_is_due_today(world: SyncedWorld, due: date) -> None:
    world.remote.add(task_values(subject="Strange", person_id=await person_there(), due=due))
    world.remote.add(task_values(subject="Usual", person_id=await person_there(), due=date(2031, 2, 3)))
    await world.settle()
    dates = {task.name: task.due_date for task in await Task.all()}
    assert dates["Usual"] == date(2031, 2, 3)
    assert abs(dates["Strange"] - world.now.date()).days <= 1


async def test_a_task_that_fails_delays_no_other(world: SyncedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    added = created_in_crm.add_remote_task

    async def fails_for_one(*args: Any, name: str, **more: Any) -> Task:
        if name == "Poison":
            raise OverflowError(name)
        return await added(*args, name=name, **more)

    monkeypatch.setattr(created_in_crm, "add_remote_task", fails_for_one)
    for name in ("First", "Poison", "Last"):
        world.remote.add(task_values(subject=name, person_id=await person_there()))
    await world.settle()
    assert {task.name for task in await Task.all()} == {"First", "Last"}


async def test_a_url_that_cannot_be_stored_is_cut(world: SyncedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    own = world.org.session
    monkeypatch.setattr(type(own), "record_url", lambda self, remote_id: LONG_URL)
    guarded = GuardedSession(None, own)  # type: ignore[arg-type]
    monkeypatch.setattr(world, "org", replace(world.org, session=guarded))
    task = await world.task()
    world.remote.add(task_values(subject="There", person_id=await person_there()))
    await world.settle()
    urls = {link.url for link in await CrmTask.all()}
    assert urls == {LONG_URL[:500]}
    assert await Task.all().count() == 2, task.id


async def test_an_error_with_a_long_name_is_stored(world: SyncedWorld) -> None:
    tasks = [await world.task(name) for name in ("Refused", "Good")]
    world.remote.rejects[tasks[0].id] = CrmError(CrmCode.OTHER, "no", name="X" * 70 + "\x00\ud800")
    await world.push()
    failed = await CrmChange.get(kind=CrmChangeKind.TASK)
    assert (failed.object_id, failed.code) == (tasks[0].id, "X" * 64)
    assert (await CrmTask.get(id=tasks[1].id)).remote_id is not None


async def test_a_step_that_fails_stops_no_other_step(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def step(name: str, problem: Exception | None = None) -> Any:
        async def run(self: Round) -> AsyncIterator[int]:
            done.append(name)
            if problem is not None:
                raise problem
            yield 1

        return run

    names = ("_pull_opt_outs", "_push_opt_outs", "_pull_tasks", "_push_tasks", "_log_activities")
    for name in names:
        monkeypatch.setattr(Round, name, step(name, OverflowError(name) if name == names[0] else None))
    org: Any = type("Org", (), {"workspace_id": "wsp_1"})
    one = Round(org, *[None] * 6)  # type: ignore[arg-type]
    with pytest.raises(OverflowError, match="_pull_opt_outs"):
        async for _ in one.run():
            pass
    assert tuple(done) == names


@pytest.mark.parametrize("found", [{"003A": [7]}, {"003A": 7}, [7], None])
async def test_related_records_of_another_type_are_a_fault_of_the_package(found: Any) -> None:
    class Wrong(MemoryCrm):
        async def related_records(self, person_ids: Sequence[str]) -> Any:
            return found

    session = GuardedSession(StubCrm(), Wrong())
    with pytest.raises(CrmError, match="PLUGIN_FAILED"):
        await session.related_records(["003A"])


@pytest.mark.parametrize("remote_id", ["x" * 101, "\x00", "", 7, None])
async def test_an_activity_whose_id_cannot_be_stored_is_a_fault_of_the_package(remote_id: Any) -> None:
    class Wrong(MemoryCrm):
        async def find_activities(self, markers: Any, since: Any) -> Any:
            return {"snd_1": remote_id}

    session = GuardedSession(StubCrm(), Wrong())
    with pytest.raises(CrmError, match="PLUGIN_FAILED"):
        await session.find_activities({}, real_now())
