"""Which rows of a CSV become people: refused ones with row and column, known ones by choice, dry runs write nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.models import Event, ImportRefusal, PeopleImport, Person
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.people import import_chunk, imports
from api.services.people.imports import start_import
from api.services.people.people import create_person
from api.services.workspaces.workspaces import create_workspace
from api.states import ImportStatus, OnKnown
from api.store.people.imports import delete_source, read_source, store_source
from plugins.loading.manager import load
from tests.databases import on_sqlite
from tests.services.jobs.claims import claim_import, run_import
from tests.services.world import NOW, Killed


def clock() -> datetime:
    return NOW


@pytest.fixture
async def context(database: str) -> WorkspaceContext:
    runtime = DispatchRuntime(load({}), clock, lambda person: None, lambda: None)
    return runtime.context(await create_workspace("Acme", NOW))


async def imported(context: WorkspaceContext, source: str, **choices: Any) -> PeopleImport:
    await run_import(await start_import(context, source, **choices), clock)
    done = await PeopleImport.all().order_by("-id").first()
    assert done is not None
    assert (done.status, done.processed) == (ImportStatus.FINISHED, done.total)
    assert done.total == sum(counts(done))
    assert done.failed == await ImportRefusal.filter(people_import_id=done.id).count()
    return done


def counts(done: PeopleImport) -> tuple[int, int, int, int]:
    return done.created, done.updated, done.skipped, done.failed


async def refusals(done: PeopleImport) -> list[tuple[int, str | None, str]]:
    rows = await ImportRefusal.filter(people_import_id=done.id).order_by("id")
    assert all(15 < len(row.message) < 300 for row in rows)
    return [(row.row, row.column, row.code) for row in rows]


async def names() -> dict[str, str]:
    return {person.email: person.first_name for person in await Person.all()}


@on_sqlite
async def test_refused_rows_name_row_and_column(context: WorkspaceContext) -> None:
    long, endless = "x" * 201, "x" * 900_000
    source = (
        "E-Mail;First Name;Company;zone;Größe;\r\n"
        + "ada@example.com;Ada;Acme;Europe/Berlin;1;\r\n"
        + "\r\n"
        + "nobody;Ada;;;;\r\n"
        + f"b@example.com;{long};;;;\r\n"
        + 'c@example.com;Carl;"Acme\r\nGmbH";;;\r\n'
        + "d@example.com;Dora;;W. Europe Standard Time;;\r\n"
        + f"e@example.com;Eve;;;{endless};\r\n"
        + ";Fay;;;;\r\n"
        + "g@example.com;Gus;Acme;;1;x;y\r\n"
        + "h@example.com;JosÃ©;;;;\r\n"
        + "i@example.com;I\ufffdes;;;;\r\n"
        + "j@example.com, k@example.com;;;;;\r\n"
        + f"{endless}@example.com;;;;;\r\n"
        + "l@example.com;Lea\r\n"
    )
    done = await imported(context, source)
    assert await refusals(done) == [
        (4, "E-Mail", "INVALID_ADDRESS"),
        (5, "First Name", "TOO_LONG"),
        (6, "Company", "INVALID_TEXT"),
        (7, "zone", "INVALID_ZONE"),
        (8, "Größe", "TOO_LONG"),
        (9, "E-Mail", "REQUIRED"),
        (10, None, "TOO_MANY_CELLS"),
        (11, "First Name", "GARBLED_TEXT"),
        (12, "First Name", "GARBLED_TEXT"),
        (13, "E-Mail", "INVALID_ADDRESS"),
        (14, "E-Mail", "TOO_LONG"),
    ]
    assert counts(done) == (2, 0, 0, 11)
    assert await names() == {"ada@example.com": "Ada", "l@example.com": "Lea"}


@on_sqlite
async def test_headers_of_spreadsheets_and_crms(context: WorkspaceContext) -> None:
    header = (
        "Record ID - Contact,First Name,Last Name,E-Mail Address,Job Title,Company Name,Time Zone,Phone (1),Email 2"
    )
    row = "7,Ada,Lovelace,Ada Lovelace <ada@example.com>,Analyst,Acme,Europe/London,+49,mailto:x"
    done = await imported(context, f"{header}\n{row}\n")
    assert counts(done) == (1, 0, 0, 0)
    ada = await Person.get()
    assert (ada.email, ada.first_name, ada.last_name) == ("ada@example.com", "Ada", "Lovelace")
    assert (ada.title, ada.company, ada.zone) == ("Analyst", "Acme", "Europe/London")
    assert ada.own_fields == {"record_id_contact": "7", "phone_1": "+49", "email_2": "mailto:x"}


@on_sqlite
@pytest.mark.parametrize("header", ["E-Mail", "EMAIL ADDRESS", "E-Mail-Adresse", "E-mail 1 - Value", " email\u00a0"])
async def test_names_of_the_address_s_column(context: WorkspaceContext, header: str) -> None:
    assert counts(await imported(context, f'"{header}",Vorname\nada@example.com,Ada')) == (1, 0, 0, 0)
    assert await names() == {"ada@example.com": "Ada"}


@on_sqlite
async def test_a_column_with_the_field_s_own_name_is_the_field(context: WorkspaceContext) -> None:
    await imported(context, "Job Title,title,email\nAnalyst,Dr,ada@example.com")
    ada = await Person.get()
    assert (ada.title, ada.own_fields) == ("Dr", {"job_title": "Analyst"})


async def test_a_cell_that_swallowed_rows_is_refused(context: WorkspaceContext) -> None:
    done = await imported(context, 'email,note,tag\na@example.com,"one\nb@example.com,two",x\n')
    assert await refusals(done) == [(2, "note", "CSV_INVALID")]
    source = 'email,note,tag\na@example.com,"one\nb@example.com,two,x\nc@example.com,three",x\nd@example.com,"1\n2",y\n'
    done = await imported(context, source)
    assert await refusals(done) == [(2, "note", "CSV_INVALID")]
    assert (counts(done), await names()) == ((1, 0, 0, 1), {"d@example.com": ""})


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("size", [1, 2, 1_000])
async def test_known_people_are_updated_or_skipped_and_repeated_rows_are_counted(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch, size: int, dry_run: bool
) -> None:
    monkeypatch.setattr(imports, "ROWS_PER_CHUNK", size)
    await create_person(context, "known@example.com", first_name="Old")
    source = (
        "email,first_name\nnew@example.com,One\nKNOWN@example.com,New\nNEW@example.com,Two\nbad,x\n"
        "known@example.com,Newer\nlast@example.com,Last\n"
    )
    skipped = await imported(context, source, on_known=OnKnown.SKIP, dry_run=dry_run)
    assert (counts(skipped), skipped.repeated) == ((2, 0, 3, 1), 2)
    first = {"known@example.com": "Old"}
    new = {} if dry_run else {"new@example.com": "One", "last@example.com": "Last"}
    assert await names() == first | new
    await Person.exclude(email_key="known@example.com").delete()
    updated = await imported(context, source, dry_run=dry_run)
    assert (counts(updated), updated.repeated) == ((2, 3, 0, 1), 2)
    new = {"known@example.com": "Newer", "NEW@example.com": "Two", "last@example.com": "Last"}
    assert await names() == (first if dry_run else new)
    assert await Event.filter(kind="PEOPLE_IMPORTED").count() == (0 if dry_run else 2)
    assert await read_source(updated.id) == ""


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("on_known", list(OnKnown))
async def test_a_resumed_import_counts_as_one_that_was_never_stopped(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch, on_known: OnKnown, dry_run: bool
) -> None:
    monkeypatch.setattr(imports, "ROWS_PER_CHUNK", 3)
    monkeypatch.setattr(import_chunk, "MAX_FIELDS", 2)
    rows = [f"{number % 4}@example.com,{'ab'[number % 2]},{'c' if number > 9 else ''},,d" for number in range(14)]
    source = "email,a,b,c,d\n" + "\n\n".join([*rows, "bad,,,,", "new@example.com,a,b,c,", "new@example.com,a,b,,"])
    expected = await imported(context, source, on_known=on_known, dry_run=dry_run)
    wanted = (counts(expected), expected.repeated, await refusals(expected), await names())
    await Person.all().delete()
    started = await start_import(context, source, on_known=on_known, dry_run=dry_run)

    def crash(_: PeopleImport) -> None:
        raise Killed

    for attempt in range(20):
        claimed = await claim_import(NOW + timedelta(hours=attempt))
        if claimed is None:
            break
        with pytest.raises(Killed):
            await run_import(claimed, clock, crash)
    done = await PeopleImport.get(id=started.id)
    assert done.status == ImportStatus.FINISHED
    assert (counts(done), done.repeated, await refusals(done), await names()) == wanted
    assert sum(counts(done)) == done.total == 17


@on_sqlite
async def test_more_dynamic_fields_than_a_person_may_have_are_refused(context: WorkspaceContext) -> None:
    for start in (0, 60):
        header = ",".join(f"f{number}" for number in range(start, start + 60))
        done = await imported(context, f"email,{header}\nada@example.com{',x' * 60}")
    assert await refusals(done) == [(2, None, "INVALID_FIELDS")]
    assert len((await Person.get()).own_fields) == 60
    header = ",".join(f"f{number}" for number in range(101))
    done = await imported(context, f"email,{header}\nada@example.com{',x' * 101}")
    assert await refusals(done) == [(2, None, "INVALID_FIELDS")]


async def test_an_address_that_someone_else_adds_meanwhile_is_updated(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorted_out: Callable[..., Any] = imports.sort_rows
    attempts = []

    def late(row: PeopleImport, rows: Any, known: dict[str, Person], *rest: Any) -> Any:
        attempts.append(len(known))
        return sorted_out(row, rows, {} if len(attempts) == 1 else known, *rest)

    await create_person(context, "ada@example.com", first_name="Old")
    monkeypatch.setattr(imports, "sort_rows", late)
    done = await imported(context, "email,first_name\nada@example.com,Ada\nbob@example.com,Bob")
    assert (attempts, counts(done)) == ([1, 1], (1, 1, 0, 0))
    assert await names() == {"ada@example.com": "Ada", "bob@example.com": "Bob"}


async def test_someone_who_is_deleted_between_two_chunks_is_created_again(
    context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "ROWS_PER_CHUNK", 1)
    started = await start_import(context, "email\nada@example.com\nada@example.com")
    claimed = await claim_import(NOW)
    assert claimed is not None
    with pytest.raises(ZeroDivisionError):
        await run_import(claimed, clock, lambda row: 1 // 0)  # type: ignore[arg-type, return-value]
    await Person.all().delete()
    again = await claim_import(NOW + timedelta(hours=1))
    assert again is not None
    await run_import(again, clock)
    done = await PeopleImport.get(id=started.id)
    assert (counts(done), done.repeated, await names()) == ((2, 0, 0, 0), 1, {"ada@example.com": ""})


@pytest.mark.parametrize(
    ("source", "total", "processed", "expected"),
    [
        ("email,a b\n1@example.com,\n\n2@example.com,\n3@example.com,x\n", 3, 2, (3, 0, 0, 0)),
        ('email,note\n1@example.com,\n2@example.com,\n3@example.com,"x\n4@example.com,y\n', 3, 2, (2, 0, 0, 1)),
        ("email\n1@example.com\n2@example.com\n", 5, 1, (2, 0, 0, 0)),
        ("email\n1@example.com\n2@example.com\n3@example.com", 2, 1, (3, 0, 0, 0)),
        ("nothing", 3, 0, (0, 0, 0, 1)),
    ],
)
async def test_an_import_that_an_earlier_release_began_comes_to_its_end(
    context: WorkspaceContext, source: str, total: int, processed: int, expected: tuple[int, int, int, int]
) -> None:
    started = await start_import(context, "email\nx@example.com")
    done_before = {"total": total, "processed": processed, "created": processed}
    await PeopleImport.filter(id=started.id).update(**done_before)
    await delete_source(started.id)
    await store_source(started.id, source)
    claimed = await claim_import(NOW)
    assert claimed is not None
    done = await run_import(claimed, clock)
    assert (done.status, counts(done), done.total) == (ImportStatus.FINISHED, expected, sum(expected))
    assert await PeopleImport.filter(status=ImportStatus.RUNNING).count() == 0
