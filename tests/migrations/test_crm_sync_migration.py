"""The migration to tasks in a CRM on populated tables: every task stays, and its triggers work."""

import pytest

from api.models import CrmChange, CrmTask, CrmTaskSync, Task
from api.store.engine.database import migrate
from tests.migrations.migrating import insert, insert_enrollment, opened_as_of
from tests.services.world import NOW

NAME = "0058_crm_sync"


async def test_tasks_stay_and_later_ones_are_noted(database_kind: str, request: pytest.FixtureRequest) -> None:
    async with opened_as_of("0057_crm_connections", database_kind, request):
        await insert_enrollment()
        await insert(
            "task", id="tsk_1", enrollment_id="enr_1", step_id="stp_1", person_id="per_1", assignee_id="sdr_1",
            sandbox=False, type="CALL", name="Call", details="Talk", priority="HIGH", status="OPEN",
            due_date=NOW.date(), workspace_id="wsp_1", explanation="[]",
        )  # fmt: skip
        assert (await migrate())[0] == NAME
        task = await Task.get()
        assert (task.id, task.name, task.status) == ("tsk_1", "Call", "OPEN")
        times = {"began_at": NOW, "changes_since": NOW, "deletions_since": NOW}
        await CrmTaskSync.create(id="wsp_1", org="salesforce:1", is_on=True, **times)
        await Task.all().update(priority="NORMAL")
        assert (await CrmTask.exists(), await CrmChange.exists()) == (False, False)
        values = {
            name: getattr(task, name) for name in ("workspace_id", "person_id", "assignee_id", "type", "due_date")
        }
        await Task.create(id="tsk_2", name="By hand", **values)
        assert ((await CrmTask.get()).id, (await CrmChange.get()).object_id) == ("tsk_2", "tsk_2")
