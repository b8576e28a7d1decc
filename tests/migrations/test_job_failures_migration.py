"""The migration of job failures on populated tables: jobs of the release before go on, and their failures count."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Launch, PeopleImport, Person
from api.services.campaigns.authoring import add_step, create_campaign
from api.services.campaigns.editing import edit_job
from api.services.campaigns.editing.edit_job import claim_edit
from api.services.campaigns.pausing import pausing
from api.services.campaigns.pausing.pausing import claim_holds
from api.services.jobs.halving import MAX_FAILURES, Job, attempt
from api.services.launches import launch_failures
from api.services.launches.background_launch import claim_launch, start_launch
from api.services.launches.launch import Choice
from api.services.people import imports
from api.services.people.imports import claim_import, run_import, start_import
from api.states import ImportStatus, LaunchStatus
from api.store.engine.database import migrate
from api.store.engine.sql import run
from strategies import StepType
from tests.migrations.migrating import before
from tests.services.world import NOW, World, make_world

NAME = "0020_job_failures"
ADDED = {
    "people_import": ("failures", "problem"),
    "launch": ("failures", "problem"),
    "campaign": ("holds_failures", "edit_failures", "job_problem"),
}


@pytest.fixture
async def world(database: str) -> World:
    """Every kind of job waits: an import, a launch, and a campaign that is resumed and edited."""
    world = await make_world(3)
    first = await Campaign.get()
    await start_import(world.context, "email\nnew@example.com")
    made = await create_campaign(world.context, name="D", sender_id=first.sender_id)
    await add_step(world.context, made.id, day=1, step_type=StepType.CALL)
    people = [row.id for row in await Person.all()]
    await start_launch(world.context, made.id, people, Choice())
    await Campaign.filter(id=first.id).update(holds="hld_1", editing=True, edited_at=NOW, revision=1)
    return world


async def rows() -> dict[str, list[dict[str, Any]]]:
    """Return all rows of the tables, without the columns that the migration adds."""
    found = {}
    for table, added in ADDED.items():
        every = await run(f"SELECT * FROM {table} ORDER BY id")
        found[table] = [{key: value for key, value in dict(row).items() if key not in added} for row in every]
    return found


async def test_no_row_changes_and_every_job_has_failed_never(world: World) -> None:
    names = await before(NAME)
    assert names[0] == NAME
    old = await rows()
    assert {table: len(each) for table, each in old.items()} == {"people_import": 1, "launch": 1, "campaign": 2}
    assert await migrate() == names
    assert await rows() == old
    for model in (PeopleImport, Launch):
        assert await model.all().values_list("failures", "problem") == [(0, None)]
    failures = await Campaign.all().values_list("holds_failures", "edit_failures", "job_problem")
    assert failures == [(0, 0, None)] * 2
    assert await migrate() == [], "it is applied once"


async def test_a_row_that_an_older_process_still_writes_has_failed_never(world: World) -> None:
    await before(NAME)
    await migrate()
    columns = "workspace_id, status, source, total, processed, created, updated, failed, skipped, repeated, on_known"
    await run(
        f"INSERT INTO people_import (id, {columns}, dry_run, created_at)"
        f" SELECT 'imp_older', {columns}, dry_run, created_at FROM people_import"
    )
    older = await PeopleImport.get(id="imp_older")
    assert (older.failures, older.problem) == (0, None)


async def broken() -> None:
    raise RuntimeError("no")


@pytest.mark.usefixtures("world")
async def test_a_job_of_the_release_before_ends_after_its_failures() -> None:
    await before(NAME)
    await migrate()
    jobs: list[tuple[Job, Any]] = [
        (imports.JOB, claim_import),
        (launch_failures.JOB, claim_launch),
        (pausing.JOB, claim_holds),
        (edit_job.JOB, claim_edit),
    ]
    for job, claim in jobs:
        now = NOW
        for number in range(1, MAX_FAILURES + 1):
            taken = await claim(now)
            assert getattr(taken, job.failures) == number
            await attempt(job, taken, lambda: now, broken)  # noqa: B023 - called at once
            now += timedelta(hours=2)
        assert await claim(now) is None
    assert (await PeopleImport.get()).status is ImportStatus.FAILED
    assert (await Launch.get()).status is LaunchStatus.FAILED
    problems = [each for each in await Campaign.all().values_list("job_problem", flat=True) if each]
    assert len(problems) == 1
    assert "RuntimeError" in str(problems[0])


async def test_an_import_of_the_release_before_goes_on(world: World) -> None:
    await before(NAME)
    await migrate()
    taken = await claim_import(NOW)
    assert taken is not None
    await attempt(imports.JOB, taken, lambda: NOW, lambda: run_import(taken, lambda: NOW))
    done = await PeopleImport.get()
    assert (done.status, done.created, done.failures, done.problem) == (ImportStatus.FINISHED, 1, 0, None)
    assert await Person.filter(workspace_id=world.context.workspace_id).count() == 4
