"""What the job of a CRM does costs the same, however many tasks, people and changes there are: no table is scanned."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from api.crm_task_states import CrmChangeKind
from api.ids import new_id
from api.models import CrmActivity, CrmChange, CrmPerson, CrmTask, Task
from api.services.replies.replies import record_reply
from api.services.workspaces.workspaces import create_workspace
from api.sorts import CrmFailureSort, Order
from api.store.crm import changes, failures
from api.store.crm.tasks import links_with_changes
from api.store.engine.listing.listing import Window
from benchmarks.populated import refresh_statistics
from plugins.crms.tasks import RemotePriority
from tests.services.crm.connected import LATER, connect
from tests.services.crm.memory_org import task_values
from tests.services.crm.synced_world import synced_world
from tests.store import plans

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
FAR = datetime(2126, 1, 1, tzinfo=UTC)
MANY = 5_000


async def test_a_look_for_due_changes(database: str, caplog: pytest.LogCaptureFixture) -> None:
    workspace = await create_workspace("Acme", NOW)
    await changes.add(workspace.id, CrmChangeKind.TASK, [f"tsk_{number}" for number in range(MANY)], NOW)
    await refresh_statistics()
    with plans.recorded(caplog) as statements:
        assert await changes.is_any_due(workspace.id, NOW)
        assert not await changes.is_any_due(workspace.id, NOW - timedelta(seconds=1))
        due = await changes.due(workspace.id, CrmChangeKind.TASK, NOW, 200)
        await changes.done(due)
    assert (len(due), len(statements)) == (200, 3)
    # The changes of a large edit are due at the same time. They are not sorted for each part of 200.
    assert await plans.problems(statements) == set()


async def crowd(workspace_id: str, org: str) -> None:
    """Add many rows of the same workspace and organization, with changes that are due much later."""
    about = {"workspace_id": workspace_id, "org": org}
    ids = [f"{number:05d}" for number in range(MANY)]
    await CrmPerson.bulk_create(
        [
            CrmPerson(id=new_id("crp"), remote_id=f"P{each}", person_id=f"per_{each}", email_key=f"{each}@x.example",
                      matched_at=NOW, **about)
            for each in ids
        ]
    )  # fmt: skip
    await CrmActivity.bulk_create(
        [
            CrmActivity(id=new_id("act"), kind="EMAIL", subject_id=f"snd_{each}", marker=f"log-snd_{each}",
                        remote_id=f"A{each}", **about)
            for each in ids
        ]
    )  # fmt: skip
    await CrmTask.bulk_create(
        [CrmTask(id=f"tsk_{each}", state="SYNCED", remote_id=f"T{each}", base={}, sent={}, conflicts=[], **about)
         for each in ids]
    )  # fmt: skip
    for kind in (CrmChangeKind.TASK, CrmChangeKind.ACTIVITY):
        await changes.add(workspace_id, kind, [f"far_{each}" for each in ids], FAR)
    failed = {"state": "FAILED", "category": "OTHER", "code": "X", "failed_at": NOW}
    await CrmChange.filter(object_id__in=[f"far_{each}" for each in ids[:20]]).update(**failed)
    await refresh_statistics()


async def checked(caplog: pytest.LogCaptureFixture, *work: Callable[[], Awaitable[object]]) -> set[str]:
    """Return the problems of the statements of some work."""
    with plans.recorded(caplog) as statements:
        for each in work:
            await each()
    assert sum("crm_" in statement for statement in statements) > 5
    return await plans.problems(statements, sorts=False)


async def test_a_round_of_tasks(database: str, caplog: pytest.LogCaptureFixture) -> None:
    world = await synced_world()
    await crowd(world.context.workspace_id, world.org.key)
    tasks = [await world.task(f"Call {number}") for number in range(5)]
    assert await checked(caplog, world.push, world.pull) == set()
    for number, task in enumerate(tasks):
        await world.edit(task, priority=RemotePriority.HIGH, details=str(number))
    world.remote.delete(str((await CrmTask.get(id=tasks[4].id)).remote_id))
    world.remote.add(task_values(person_id=f"003{tasks[0].person_id}"), marker="tsk_elsewhere")
    await Task.filter(id=tasks[1].id).update(details="Here")
    world.later = timedelta(minutes=10)
    assert await checked(caplog, world.pull, world.push) == set()
    assert await Task.filter(priority="HIGH").count() == 4
    # What users ask for: the failed writes, one of them again, and one task.
    chosen = failures.failures(world.context.workspace_id, failures.CrmFailureFilter(), Order(CrmFailureSort.FAILED_AT))
    row = await CrmChange.filter(state="FAILED").first()
    assert row is not None
    with plans.recorded(caplog) as statements:
        assert len((await chosen.page(Window(5)))[0]) == 5
        assert await chosen.count()
        assert await failures.retry(world.context.workspace_id, row.id, NOW)
        assert await links_with_changes(world.context.workspace_id, [tasks[0].id])
    assert await plans.problems(statements) == set()


async def test_a_round_of_activities(database: str, caplog: pytest.LogCaptureFixture) -> None:
    connected = await connect()
    await crowd(connected.org.workspace_id, connected.org.key)
    connected.crm.add("C1", "ada@example.com")
    connected.crm.add("C2", "bob@example.com")
    await connected.world.tick()
    ada = await connected.email()

    async def log() -> None:
        assert (await connected.log(LATER - timedelta(days=30_000))).counts.logged

    assert await checked(caplog, log) == set()
    await record_reply(connected.world.context, str(ada.enrollment_id), text="Yes.")
    assert await checked(caplog, log) == set()
