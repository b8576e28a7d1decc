"""The migration to incoming mails on populated tables: jobs keep their rows, and a job may belong to no workspace."""

import pytest

from api.models import IncomingEvent, Job, Send
from api.services.people.imports import start_import
from api.services.replies.incoming import receive_mails
from api.states import JobState
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from api.tick import Ticker
from plugins import IncomingMail
from tests.migrations.migrating import before
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    """An import that has not begun, a finished job, and emails, as the release before had them."""
    world = await make_world(2)
    await world.tick()
    await start_import(world.context, "email\nnew@example.com\n")
    await execute(
        "INSERT INTO job (id, workspace_id, kind, subject_id, state, turns, failures, progress, created_at,"
        " finished_at) VALUES ('job_old', $1, 'launch', 'lch_old', 'DONE', 3, 0, 7, $2, $2)",
        world.context.workspace_id,
        NOW,
    )
    return world


async def test_jobs_stay_as_they_were(world: World) -> None:
    jobs = [dict(job) for job in await Job.all().order_by("id")]
    emails = await Send.all().order_by("id").values("id", "status", "message_id")
    names = await before("0026_incoming")
    assert await migrate() == names
    assert [dict(job) for job in await Job.all().order_by("id")] == jobs
    assert await Send.all().order_by("id").values("id", "status", "message_id") == emails
    assert (await Job.get(id="job_old")).progress == 7
    await Ticker(world.runtime, lambda: NOW, 1).until_idle()
    running = await Job.get(kind="import")
    assert (running.state, running.workspace_id) == (JobState.DONE, world.context.workspace_id)


async def test_a_job_of_the_server_can_be_stored(world: World) -> None:
    names = await before("0026_incoming")
    assert await migrate() == names
    await receive_mails("imap:A", [IncomingMail("1", b"Subject: x\r\n\r\n", NOW)], NOW)
    assert (await Job.get(kind="answers")).workspace_id is None
    await Ticker(world.runtime, lambda: NOW, 1).until_idle()
    assert (await IncomingEvent.get()).result is not None
