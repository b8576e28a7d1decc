"""Changes that wait for a CRM: triggers note each change of a synced task, and nothing of other workspaces."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.crm_task_states import CrmChangeKind
from api.models import CrmChange, CrmTask, CrmTaskSync, Person, Sender, Task
from api.services.common.request_context import WorkspaceContext
from api.services.tasks.manual_tasks import create_task, delete_task
from api.services.tasks.task_changes import update_task
from api.store.crm import changes, failures
from api.store.crm.backlog import KindBacklog, backlog_by_kind
from strategies import StepType
from tests.services.world import NOW, make_world

LATER = datetime(2126, 1, 1, tzinfo=UTC)
"""After all times of the database's own clock."""


async def sync_on(context: WorkspaceContext) -> None:
    times: dict[str, Any] = dict.fromkeys(("began_at", "changes_since", "deletions_since"), NOW)
    await CrmTaskSync.create(id=context.workspace_id, org="fake:1", is_on=True, **times)


async def task_by_hand(context: WorkspaceContext, name: str = "Call Ada") -> Task:
    person, sender = await Person.first(), await Sender.first()
    assert person is not None
    assert sender is not None
    return await create_task(
        context,
        person_id=person.id,
        assignee_id=sender.id,
        kind=StepType.CUSTOM,
        name=name,
        due_date=NOW.date(),
    )


@pytest.mark.usefixtures("database")
async def test_every_change_of_a_synced_task_is_noted_once_and_in_its_transaction() -> None:
    context = (await make_world(1)).context
    old = await task_by_hand(context, "Old")
    assert await CrmChange.exists() is False
    await sync_on(context)
    await update_task(context, old.id, name="Old and changed")
    assert (await CrmTask.exists(), await CrmChange.exists()) == (False, False)  # it existed before: not synced

    task = await task_by_hand(context)
    link, change = await CrmTask.get(), await CrmChange.get()
    assert (link.id, link.org, link.state, link.base, link.conflicts) == (task.id, "fake:1", "NEW", {}, [])
    assert (change.id, change.object_id, change.version) == (f"TASK:{task.id}", task.id, 1)

    await Task.filter(id=task.id).update(note="not synced", draft_version=3)
    assert (await CrmChange.get()).version == 1
    await CrmTask.all().update(due_at=NOW, priority_at=NOW)
    await update_task(context, task.id, priority="HIGH")
    link = await CrmTask.get()
    assert (await CrmChange.get()).version == 2
    assert link.due_at == NOW
    assert link.priority_at > NOW

    await delete_task(context, task.id)
    assert ((await CrmChange.get()).version, await CrmTask.all().count()) == (3, 1)
    await CrmTask.all().update(state="GONE")
    await CrmChange.all().delete()
    await delete_task(context, (await task_by_hand(context)).id)
    assert (await CrmTask.all().count(), await CrmChange.all().count()) == (2, 1)


@pytest.mark.usefixtures("database")
async def test_a_change_that_is_read_is_done_only_if_its_object_is_still_the_same() -> None:
    context = (await make_world(1)).context
    await sync_on(context)
    tasks = [await task_by_hand(context, name) for name in ("a", "b", "c")]
    kind, workspace = CrmChangeKind.TASK, context.workspace_id
    read = await changes.due(workspace, kind, LATER, 2)
    assert [each.object_id for each in read] == [task.id for task in tasks[:2]]
    await update_task(context, tasks[0].id, name="changed")
    await changes.done(read)
    assert {row.object_id: row.version for row in await CrmChange.all()} == {tasks[0].id: 2, tasks[2].id: 1}

    first, third = sorted(await changes.due(workspace, kind, LATER, 9), key=lambda each: each.object_id)
    later = LATER + timedelta(hours=1)
    waits = changes.Failure(first, later, "INTERMITTENT", "SERVER_UNAVAILABLE", "503")
    fails = changes.Failure(third, None, "VALIDATION", "ENTITY_IS_LOCKED", "locked")
    await changes.fail([waits, fails], LATER)
    assert await changes.due(workspace, kind, LATER, 9) == []
    assert KindBacklog(kind, 1, 1) in await backlog_by_kind(workspace)
    assert await changes.next_due_of_all(workspace) == later
    assert [each.attempts for each in await changes.due(workspace, kind, later, 9)] == [1]

    await update_task(context, tasks[2].id, name="changed too")  # a change of the task tries it again
    assert [each.attempts for each in await changes.due(workspace, kind, LATER, 9)] == [0]
    await changes.fail([changes.Failure(each, None, "OTHER", "OTHER", "") for each in
                        await changes.due(workspace, kind, later, 9)], LATER)  # fmt: skip
    assert KindBacklog(kind, 0, 2) in await backlog_by_kind(workspace)
    assert not await failures.retry("wsp_other", f"TASK:{tasks[0].id}", NOW)
    assert await failures.retry(workspace, f"TASK:{tasks[0].id}", NOW)
    assert await failures.retry(workspace, f"TASK:{tasks[2].id}", NOW)
    assert await changes.next_due(workspace, kind) == NOW
    await changes.add(workspace, CrmChangeKind.ACTIVITY, ["snd_1", "snd_2"], NOW)
    await changes.add(workspace, CrmChangeKind.ACTIVITY, ["snd_2"], NOW)
    assert [each.version for each in await changes.due(workspace, CrmChangeKind.ACTIVITY, NOW, 9)] == [1, 2]
    assert await changes.drop(workspace, [CrmChangeKind.ACTIVITY]) == 2
    assert await backlog_by_kind(workspace) == [
        KindBacklog(each, 2 if each is kind else 0, 0) for each in CrmChangeKind
    ]
