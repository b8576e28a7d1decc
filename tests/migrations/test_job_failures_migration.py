"""The migration of job failures on populated tables: jobs of the release before go on, and their failures count."""

from typing import Any

import pytest

from api.models import Campaign, Job, Launch, PeopleImport, Person
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.editing.edit_job import EDIT
from api.services.campaigns.pausing.pause_job import HOLD
from api.services.jobs.runner import MAX_FAILURES
from api.services.launches.background.background_launch import start_launch
from api.services.launches.background.launch_job import LAUNCH
from api.services.launches.launch import Choice
from api.services.people.import_job import IMPORT
from api.services.people.imports import start_import
from api.states import ImportStatus, LaunchStatus
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from strategies import StepType
from tests.migrations.migrating import before
from tests.services.jobs.claims import job_of
from tests.services.jobs.test_poison import broken, runner
from tests.services.world import NOW, World, make_world

NAME = "0020_job_failures"
CHANGED = {
    "people_import": ("failures", "problem", "lease_until", "source"),
    "launch": ("failures", "problem", "lease_until"),
    "campaign": (
        "holds_failures",
        "edit_failures",
        "job_problem",
        "holds_lease",
        "edit_lease",
        "ending_at",
        "resume_requested_at",
        "tracking",
        "paused_seconds",
    ),
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
    """Return all rows of the tables, without the columns that this migration adds, or that later ones drop."""
    found = {}
    for table, changed in CHANGED.items():
        every = await execute(f"SELECT * FROM {table} ORDER BY id")
        found[table] = [{key: value for key, value in dict(row).items() if key not in changed} for row in every]
    return found


async def test_no_row_changes_and_no_job_has_failed(world: World) -> None:
    names = await before(NAME)
    assert names[0] == NAME
    old = await rows()
    assert {table: len(each) for table, each in old.items()} == {"people_import": 1, "launch": 1, "campaign": 2}
    assert await migrate() == names
    new = await rows()
    for table, each in old.items():  # later migrations add columns
        kept = [{name: row[name] for name in earlier} for row, earlier in zip(new[table], each, strict=True)]
        assert kept == each
    for model in (PeopleImport, Launch):
        assert await model.all().values_list("problem", flat=True) == [None]
    assert await Campaign.all().values_list("job_problem", flat=True) == [None] * 2
    assert await Job.all().values_list("failures", "problem") == [(0, None)] * 4
    assert await migrate() == [], "it is applied once"


async def test_each_job_of_the_release_before_ends_after_its_failures(world: World) -> None:
    await before(NAME)
    await migrate()
    for kind in (IMPORT, LAUNCH, HOLD, EDIT):
        await Campaign.all().update(job_problem=None)
        await ends_after_its_failures(world, kind)


async def ends_after_its_failures(world: World, kind: Any) -> None:
    """Let a job fail as often as a job may, and see that it has ended, and with what problem."""
    job, now = await Job.get(kind=kind.name), NOW
    for number in range(1, MAX_FAILURES + 1):
        assert await runner(world, kind, now, broken).run_next()
        job = await job_of(job.subject_id, kind.name)
        assert job.failures == number
        now = job.lease_until or now
    assert not await runner(world, kind, now, broken).run_next()
    if kind is IMPORT:
        assert (await PeopleImport.get()).status is ImportStatus.FAILED
    elif kind is LAUNCH:
        assert (await Launch.get()).status is LaunchStatus.FAILED
    else:
        problems = [each for each in await Campaign.all().values_list("job_problem", flat=True) if each]
        assert len(problems) == 1
        assert "RuntimeError" in str(problems[0])


async def test_an_import_of_the_release_before_goes_on(world: World) -> None:
    await before(NAME)
    await migrate()
    assert await runner(world, IMPORT, NOW).run_next()
    done = await PeopleImport.get()
    assert (done.status, done.created, done.problem) == (ImportStatus.FINISHED, 1, None)
    assert await Person.filter(workspace_id=world.context.workspace_id).count() == 4
