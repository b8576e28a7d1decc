"""The migration to tasks by hand on populated tables: every row stays, and a task needs no campaign any more."""

from collections.abc import AsyncIterator

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from api.models import Task
from api.store.engine.database import is_postgres, migrate
from api.store.engine.sql import execute
from benchmarks.populated import Size, populate
from tests.migrations.migrating import before, insert, insert_enrollment, opened_as_of
from tests.services.world import NOW

NAME = "0033_hand_tasks"
INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'task' AND sql <> ''",
    "postgres": "SELECT indexname AS name FROM pg_indexes WHERE tablename = 'task'",
}


@pytest.fixture
async def release_before(database_kind: str, request: pytest.FixtureRequest) -> AsyncIterator[BaseDBAsyncClient]:
    """An open database with the tables that were there before this migration."""
    async with opened_as_of("0032_set_aside", database_kind, request) as connection:
        yield connection


async def indexes() -> set[str]:
    rows = await execute(INDEXES["postgres" if is_postgres() else "sqlite"])
    return {row["name"] for row in rows}


async def test_a_task_of_the_release_before_stays_as_it_was(release_before: BaseDBAsyncClient) -> None:
    await insert_enrollment()
    await insert(
        "task", id="tsk_1", enrollment_id="enr_1", step_id="stp_1", person_id="per_1", assignee_id="sdr_1",
        sandbox=False, type="CALL", name="Call", details="Talk", priority="HIGH", status="OPEN", due_date=NOW.date(),
        expires_at=NOW, explanation='[["DAY_1", {}]]', paused_seconds=7, workspace_id="wsp_1",
    )  # fmt: skip
    former = await indexes()
    assert (await migrate())[0] == NAME
    assert former < await indexes()
    task = await Task.get()
    assert (task.id, task.name, task.details, task.priority) == ("tsk_1", "Call", "Talk", "HIGH")
    assert (task.enrollment_id, task.step_id, task.campaign_id) == ("enr_1", "stp_1", "cmp_1")
    assert (task.due_date, task.expires_at, task.paused_seconds) == (NOW.date(), NOW, 7)
    assert (task.explanation, task.note, task.outcome, task.planned_date) == ([["DAY_1", {}]], "", None, None)
    values = {name: getattr(task, name) for name in ("workspace_id", "person_id", "assignee_id", "type", "due_date")}
    await Task.create(id="tsk_2", name="By hand", **values)
    assert (await Task.get(id="tsk_2")).enrollment_id is None


async def test_no_task_of_a_large_table_is_lost(database: str) -> None:
    workspace = await populate(Size(5_000), "a")
    rows = await Task.all().order_by("id").values("id", "enrollment_id", "step_id", "campaign_id", "status")
    assert rows
    names = await before(NAME)
    assert await migrate() == names
    assert await Task.all().order_by("id").values("id", "enrollment_id", "step_id", "campaign_id", "status") == rows
    assert await Task.filter(workspace_id=workspace.id, campaign_id=None).count() == 0
