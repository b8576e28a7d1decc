"""CSV imports: every row once, bad rows in a report, and a crash changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from api.models import Event, ImportRefusal, PeopleImport, Person
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.launches.background.chosen_people import Audience
from api.services.people import imports, person_reads
from api.services.people.erasing import erase_person
from api.services.people.imports import start_import
from api.services.people.merging import merge_people
from api.services.people.people import create_person
from api.services.people.person_reads import PersonFacts, PersonFilter
from api.services.workspaces.workspaces import create_workspace
from api.states import ImportStatus, OnKnown
from api.store.engine.listing.listing import Window
from api.store.people.imports import read_source
from plugins.loading.manager import load
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.jobs.claims import claim_import, run_import
from tests.services.world import Killed

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def clock() -> datetime:
    return NOW


@pytest.fixture
async def context(database: str) -> WorkspaceContext:
    runtime = DispatchRuntime(load({}), clock, lambda person: None, lambda: None)
    return runtime.context(await create_workspace("Acme", NOW))


async def people() -> dict[str, tuple[str, str | None, dict[str, str]]]:
    return {person.email: (person.first_name, person.zone, person.own_fields) for person in await Person.all()}


@on_sqlite
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_columns_in_any_order_and_fields_of_your_own(context: WorkspaceContext, delimiter: str) -> None:
    rows = [["\ufeffCity", "First Name", "E-mail", "zone"], ['"Ulm\nDonau"', "Ada", "ada@example.com", "Europe/Berlin"]]
    rows[0][2] = "Email"
    source = "\r\n".join(delimiter.join(row) for row in rows)
    done = await run_import(await start_import(context, source), clock)
    assert (done.status, done.total, done.created, await read_source(done.id)) == (ImportStatus.FINISHED, 1, 1, "")
    assert await people() == {"ada@example.com": ("Ada", "Europe/Berlin", {"city": "Ulm\nDonau"})}


@on_sqlite
async def test_blank_cells_erase_nothing_and_known_people_are_updated(context: WorkspaceContext) -> None:
    for source in ("email,first_name,city\nada@example.com,Ada,Ulm", "email,first_name,team\nADA@example.com,,Blue"):
        done = await run_import(await start_import(context, source), clock)
    assert (done.created, done.updated) == (0, 1)
    assert [(name, own) for name, _, own in (await people()).values()] == [("Ada", {"city": "Ulm", "team": "Blue"})]


async def test_bad_rows_are_reported_and_stop_no_others(context: WorkspaceContext) -> None:
    source = "email,zone\nada@example.com,\nnobody,\nbob@example.com,Mars/Olympus\n\neve@example.com,UTC\n"
    done = await run_import(await start_import(context, source), clock)
    assert (done.processed, done.created, done.failed) == (4, 2, 2)
    refused = await ImportRefusal.all().order_by("row").values_list("row", "code")
    assert [tuple(row) for row in refused] == [(3, "INVALID_ADDRESS"), (4, "INVALID_ZONE")]


async def test_a_row_whose_cells_have_no_column_is_refused(context: WorkspaceContext) -> None:
    source = "email,company\nada@example.com,Acme,,\nbob@example.com,Acme, Inc.\n"
    done = await run_import(await start_import(context, source), clock)
    assert (done.created, done.failed) == (1, 1)
    refused = await ImportRefusal.get()
    assert (refused.row, refused.code) == (3, "TOO_MANY_CELLS")


@on_sqlite
async def test_a_crash_in_the_middle_imports_each_row_once(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "ROWS_PER_CHUNK", 2)
    rows = [f"p{number}@example.com" for number in range(5)] + ["p0@example.com"]
    started = await start_import(context, "email\n" + "\n".join(rows))
    claimed = await claim_import(NOW)
    assert claimed is not None

    def crash(_: PeopleImport) -> None:
        raise Killed

    with pytest.raises(Killed):
        await run_import(claimed, clock, crash)
    assert (await PeopleImport.get(id=started.id)).processed == 2
    assert await claim_import(NOW) is None, "somebody may still work on it"
    again = await claim_import(NOW + timedelta(hours=1))
    assert again is not None
    progress: list[int] = []
    done = await run_import(again, clock, lambda row: progress.append(row.processed))
    assert progress == [4, 6]
    assert (done.created, done.updated, done.status) == (5, 1, ImportStatus.FINISHED)
    assert len(await people()) == 5


@on_sqlite
async def test_too_many_rows_are_refused(context: WorkspaceContext) -> None:
    with pytest.raises(Refusal) as caught:
        await start_import(context, "email\n" + "a@example.com\n" * 100_001)
    assert caught.value.code == "CSV_TOO_LARGE"
    assert await PeopleImport.all().count() == 0


async def test_a_process_that_was_suspended_past_its_lease_imports_nothing_again(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "ROWS_PER_CHUNK", 2)
    await start_import(context, "email,company\n" + "".join(f"n{number}@example.com,A\n" for number in range(6)))
    suspended, other = await claim_import(NOW), await claim_import(NOW + timedelta(minutes=3))
    assert suspended is not None
    assert other is not None
    await run_import(other, clock)
    await Person.filter(email="n0@example.com").update(company="Changed since")
    done = await run_import(suspended, clock)
    assert (done.status, done.created, done.updated) == (ImportStatus.FINISHED, 6, 0)
    assert await Event.filter(kind="PEOPLE_IMPORTED").count() == 1
    assert (await Person.get(email="n0@example.com")).company == "Changed since"


@on_sqlite
async def test_a_header_without_end_is_refused_at_once_and_not_repeated(context: WorkspaceContext) -> None:
    for header in (",".join(f"c{number}" for number in range(100_000)), "x" * 100_000, f"email,{'Ä' * 100_000}"):
        with pytest.raises(Refusal) as refused:
            await start_import(context, f"{header}\na\n")
        assert len(refused.value.message) < 300
    assert await PeopleImport.all().count() == 0


async def test_the_people_of_an_import_are_found_launched_and_merged(context: WorkspaceContext) -> None:
    known = [await create_person(context, f"{name}@example.com") for name in ("ada", "bob")]
    file = "email,first_name\nada@EXAMPLE.com,Ada\neve@example.com,Eve\nno address,X\neve@example.com,Eva"
    done = await run_import(await start_import(context, file), clock)
    skipping = await run_import(await start_import(context, file, on_known=OnKnown.SKIP), clock)
    trial = await run_import(await start_import(context, file, dry_run=True), clock)

    async def found(import_id: str) -> list[str]:
        chosen = PersonFilter(facts=PersonFacts(import_id=import_id))
        return [each.email.lower() for each in (await (await person_reads.people(context, chosen)).page(Window(9)))[0]]

    both = ["ada@example.com", "eve@example.com"]
    assert [await found(each.id) for each in (done, skipping, trial)] == [both, both, []]
    assert await found("imp_none") == []
    people_of = Audience(filter=await person_reads.people(context, PersonFilter(facts=PersonFacts(import_id=done.id))))
    eve = await Person.get(email="eve@example.com")
    assert await people_of.ids(context) == [known[0].id, eve.id]
    await merge_people(context, eve.id, known[1].id)
    assert await found(done.id) == ["ada@example.com", "bob@example.com"]
    await erase_person(context, known[0].id)
    assert await found(done.id) == ["bob@example.com"]
