"""The migration to one table of jobs on populated tables: what runs during the upgrade goes on where it was."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Job, Launch, LeftOut, PeopleImport, Person, Send
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice
from api.services.people.imports import start_import
from api.states import ImportStatus, JobState, LaunchStatus
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from api.tick import Ticker
from strategies import StepType
from tests.migrations.migrating import before
from tests.services.jobs.claims import job_of
from tests.services.world import NOW, World, make_world

NAME = "0021_jobs"
SOURCE = "email\n" + "".join(f"n{number}@example.com\n" for number in range(4))


@pytest.fixture
async def world(database: str) -> World:
    """An import that has written two rows, a launch, a paused campaign and an edited one, as release 0020 had them."""
    world = await make_world(3)
    first = await Campaign.get()
    people = [str(row.id) for row in await Person.all()]
    made = await create_campaign(world.context, name="D", sender_id=first.sender_id)
    await add_step(world.context, made.id, day=1, step_type=StepType.CALL)
    await start_launch(world.context, made.id, people, Choice())
    over = await start_launch(world.context, made.id, people, Choice())
    await Launch.filter(id=over.id).update(status=LaunchStatus.CANCELLED)
    started = await start_import(world.context, SOURCE)
    await PeopleImport.filter(id=started.id).update(processed=2, created=2)
    for number in range(2):
        await execute(
            "INSERT INTO person (id, workspace_id, email, email_key, first_name, last_name, title, company, own_fields,"
            " created_at) VALUES ($1, $2, $3, $3, '', '', '', '', '{}', $4)",
            f"per_n{number}", world.context.workspace_id, f"n{number}@example.com", NOW,
        )  # fmt: skip
    await Campaign.filter(id=first.id).update(
        holds="hld_1", paused_at=NOW, editing=True, edited_at=NOW, revision=1, last_paused_at=NOW
    )
    assert (await before(NAME))[0] == NAME
    lease = NOW + timedelta(minutes=1)
    await execute("UPDATE people_import SET lease_until = $1, failures = 2, problem = 'away'", lease)
    await execute("UPDATE campaign SET holds_failures = 1, edit_failures = 4, edit_lease = $1 WHERE editing", lease)
    return world


async def jobs_by_kind() -> dict[str, Any]:
    return {job.kind: job for job in await Job.all()}


async def test_each_running_job_moves_with_its_lease_and_failures(world: World) -> None:
    assert (await migrate())[0] == NAME
    found = await jobs_by_kind()
    assert sorted(found) == ["edit", "hold", "import", "launch"], "a launch that is over has no job"
    lease = NOW + timedelta(minutes=1)
    kept = {kind: (job.state, job.lease_until, job.failures, job.problem) for kind, job in found.items()}
    assert kept == {
        "import": (JobState.RETRYING, lease, 2, "away"),
        "launch": (JobState.WAITING, None, 0, None),
        "hold": (JobState.WAITING, None, 1, None),
        "edit": (JobState.RUNNING, lease, 4, None),
    }
    assert {job.workspace_id for job in found.values()} == {world.context.workspace_id}
    assert found["import"].progress == 2
    assert await migrate() == [], "it is applied once"


async def test_what_ran_before_the_upgrade_comes_to_its_end(world: World) -> None:
    await migrate()
    later = NOW + timedelta(minutes=5)
    await Ticker(world.runtime, lambda: later, 1).until_idle()
    done = await PeopleImport.get()
    assert (done.status, done.created, done.processed) == (ImportStatus.FINISHED, 4, 4)
    assert await Person.all().count() == 3 + 4
    assert await Launch.filter(status=LaunchStatus.FINISHED, enrolled=3).count() == 1
    assert await Enrollment.all().count() == 6
    assert await LeftOut.all().count() == 0
    campaign = await Campaign.get(paused_at=NOW)
    assert (campaign.holds, campaign.editing) == (None, False)
    assert await Send.filter(held=True).count() == 6
    assert (await job_of(campaign.id, "edit")).state is JobState.DONE
    assert await Job.filter(finished_at=None).count() == 0
