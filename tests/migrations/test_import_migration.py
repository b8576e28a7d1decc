"""The migration of imports on populated tables: reports stay, and an import that was running goes on."""

from datetime import timedelta

import pytest

from api.models import ImportRefusal, PeopleImport, Person
from api.states import ImportStatus, OnKnown
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from api.store.people.imports import read_source
from tests.migrations.migrating import before
from tests.services.jobs.claims import claim_import, run_import
from tests.services.world import NOW, World, make_world

SOURCE = "email,name\n1@example.com,\n\nnobody,\n3@example.com,Carl\n"


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(1)


async def test_an_import_that_was_running_goes_on(world: World) -> None:
    names = await before("0015_imports")
    await execute(
        "INSERT INTO people_import (id, workspace_id, status, source, total, processed, created, updated, failed,"
        " created_at) VALUES ('imp_old', $1, 'RUNNING', $2, 3, 2, 1, 0, 1, $3)",
        world.context.workspace_id,
        SOURCE,
        NOW,
    )
    await execute(
        "INSERT INTO import_refusal (id, workspace_id, people_import_id, row, code, message)"
        " VALUES ('ref_old', $1, 'imp_old', 2, 'INVALID_ADDRESS', 'Nobody')",
        world.context.workspace_id,
    )
    people = await Person.all().count()
    assert await migrate() == names
    old = await PeopleImport.get(id="imp_old")
    assert (old.skipped, old.repeated, old.on_known, old.dry_run) == (0, 0, OnKnown.UPDATE, False)
    refusal = await ImportRefusal.get(id="ref_old")
    assert (refusal.row, refusal.column, refusal.people_import_id) == (2, None, "imp_old")
    claimed = await claim_import(NOW + timedelta(hours=1))
    assert claimed is not None
    done = await run_import(claimed, lambda: NOW)
    assert (done.status, done.created, done.failed, done.total) == (ImportStatus.FINISHED, 2, 1, 3)
    assert await Person.all().count() == people + 1


async def test_a_running_import_keeps_its_file(world: World) -> None:
    names = await before("0025_import_sources")
    for key, status, source in (("imp_old", "RUNNING", SOURCE), ("imp_over", "FINISHED", "")):
        await execute(
            "INSERT INTO people_import (id, workspace_id, status, source, total, processed, created, updated, skipped,"
            " failed, suppressed, repeated, on_known, dry_run, created_at)"
            " VALUES ($1, $2, $3, $4, 3, 1, 1, 0, 0, 0, 0, 0, 'UPDATE', false, $5)",
            key,
            world.context.workspace_id,
            status,
            source,
            NOW,
        )
    await execute(
        "INSERT INTO import_refusal (id, workspace_id, people_import_id, row, code, message)"
        " VALUES ('ref_old', $1, 'imp_old', 4, 'INVALID_ADDRESS', 'Nobody')",
        world.context.workspace_id,
    )
    assert await migrate() == names
    assert (await read_source("imp_old"), await read_source("imp_over")) == (SOURCE, "")
    assert await ImportRefusal.filter(people_import_id="imp_old").count() == 1
    done = await run_import(await PeopleImport.get(id="imp_old"), lambda: NOW)
    assert (done.status, done.processed, await read_source("imp_old")) == (ImportStatus.FINISHED, 3, "")
