"""The file of an import is stored in pieces, apart from its progress."""

import pytest

from api.models import PeopleImport
from api.services.common.request_context import WorkspaceContext
from api.services.people import person_reads
from api.services.people.imports import import_chunks, start_import
from api.states import ImportStatus
from api.store.engine.sql import execute
from api.store.people import imports
from tests.services.world import NOW, World, make_world
from tests.store.plans import recorded

SOURCE = "email,first_name\n1@example.com,Zoë\n2@example.com,😀\n"


@pytest.fixture
async def context(database: str) -> WorkspaceContext:
    world: World = await make_world(1)
    return world.context


async def pieces() -> list[tuple[int, str]]:
    rows = await execute("SELECT position, text FROM import_source ORDER BY position")
    return [(row["position"], row["text"]) for row in rows]


async def test_a_file_is_stored_in_pieces(context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHARACTERS_PER_PIECE", 30)
    started = await start_import(context, SOURCE)
    assert await pieces() == [(1, SOURCE[:30]), (2, SOURCE[30:])]
    assert await imports.read_source(started.id) == SOURCE
    async for _ in import_chunks(started, lambda: NOW, context.installed.send_options):
        pass
    done = await PeopleImport.get(id=started.id)
    assert (done.status, done.created, await pieces()) == (ImportStatus.FINISHED, 2, [])


async def test_its_progress_is_read_without_the_file(
    context: WorkspaceContext, caplog: pytest.LogCaptureFixture
) -> None:
    started = await start_import(context, SOURCE)
    with recorded(caplog) as statements:
        assert await person_reads.people_import(context, started.id) is not None
    assert statements
    assert not any("import_source" in statement for statement in statements)


async def test_a_deleted_import_has_no_file(context: WorkspaceContext) -> None:
    started = await start_import(context, SOURCE)
    await PeopleImport.filter(id=started.id).delete()
    assert await pieces() == []
