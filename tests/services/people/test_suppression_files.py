"""Suppressed addresses come from CSV files and go into them; a file that cannot be read changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from api.models import Enrollment, Event, Suppression, SuppressionChange
from api.services.people import suppression_files
from api.services.people.suppression_files import import_suppressions, suppressions_csv
from api.services.people.suppressions import resubscribe, suppress_address
from api.services.workspaces.workspaces import create_workspace
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(2)


async def suppressed() -> list[tuple[str, str]]:
    rows = await Suppression.exclude(unsubscribed_at=None).order_by("email")
    return [(row.email, row.reason) for row in rows]


async def test_a_file_with_a_header(world: World) -> None:
    csv = (
        "Name;E-Mail;Reason;Unsubscribed At\r\n"
        '"Lovelace, Ada";ADA@example.com;"Asked\nby phone";2020-01-02T03:04:05+01:00\r\n'
        "\r\nEve;Eve <eve@example.org>;;2020-01-02\r\nNobody;nobody;;\r\nEve;eve@EXAMPLE.org;;"
    )
    done = await import_suppressions(world.context, csv, "From the old system")
    assert (done.total, done.new, done.unchanged) == (4, 2, 1)
    assert [(row.row, row.code) for row in done.refused] == [(5, "INVALID_ADDRESS")]
    assert await suppressed() == [("ADA@example.com", "Asked by phone"), ("eve@example.org", "From the old system")]
    since = {row.email: row.unsubscribed_at for row in await Suppression.all()}
    assert since == {"ADA@example.com": datetime(2020, 1, 2, 2, 4, 5, tzinfo=UTC), "eve@example.org": NOW}
    (ended,) = await Enrollment.exclude(end_reason=None)
    assert (ended.person_id, ended.end_reason) == (world.enrollments[0].person_id, "UNSUBSCRIBED")
    assert {str(row.source) for row in await SuppressionChange.all()} == {"CSV"}
    (told,) = await Event.filter(kind="SUPPRESSIONS_IMPORTED")
    assert told.data == {"new": 2, "known": 1, "refused": 1}
    (event,) = await Event.filter(kind="UNSUBSCRIBED")
    assert event.person_id == ended.person_id, "nobody has the other address"
    await world.tick()
    assert world.channel.left == ["bob@example.com"]


@on_sqlite
@pytest.mark.parametrize("csv", ["a@example.org\nb@example.org\n", "\ufeffa@example.org;\r\nb@example.org;\r\n"])
async def test_plain_addresses_one_a_line(world: World, csv: str) -> None:
    done = await import_suppressions(world.context, csv)
    assert (done.new, done.refused) == (2, [])
    assert await suppressed() == [("a@example.org", ""), ("b@example.org", "")]


@on_sqlite
@pytest.mark.parametrize(
    ("csv", "code"),
    [
        ("", "CSV_EMPTY"),
        ("email\n", "CSV_EMPTY"),
        ("name\nAda\n", "CSV_NO_EMAIL_COLUMN"),
        ("a@example.org,b@example.org\n", "CSV_NO_EMAIL_COLUMN"),
        ("email,E-Mail\na@example.org,b@example.org\n", "CSV_DUPLICATE_COLUMN"),
        ('email\na@example.org\n"b@example.org\n', "CSV_INVALID"),
        ('email,"reason\na@example.org,x\nb@example.org,y"\nc@example.org,z\n', "CSV_INVALID"),
        ("email\n" + "a@example.org\n" * 5_001, "CSV_TOO_LARGE"),
        # Nothing is read behind the limit: this quote never ends.
        ("email\n" + "a@example.org\n" * 5_001 + '"', "CSV_TOO_LARGE"),
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing(world: World, csv: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        await import_suppressions(world.context, csv)
    assert (refused.value.code, refused.value.path) == (code, ("csv",))
    assert await Suppression.all().count() == await Event.filter(kind="SUPPRESSIONS_IMPORTED").count() == 0


@on_sqlite
@pytest.mark.parametrize(
    ("csv", "code", "place"),
    [
        ('email,reason\na@x.org,"Asked\nb@x.org,Spam\nc@x.org,x"\n', "CSV_INVALID", "Column B (reason) seems"),
        ('email,reason\na@x.org,"Asked\nb@x.org\nc@x.org"\n', "CSV_INVALID", "Column B (reason) seems"),
        ('name,email\n"Ada\nBob,b@x.org",a@x.org\n', "CSV_INVALID", "Column A (name) seems"),
        ("email\na@x.org,b@x.org\n", "TOO_MANY_CELLS", "'b@x.org' in column B"),
        ("z@x.org\na@x.org,b@x.org\n", "TOO_MANY_CELLS", "'b@x.org' in column B"),
        ("z@x.org\na@x.org;b@x.org\n", "INVALID_ADDRESS", "'a@x.org;b@x.org'"),
    ],
)
async def test_no_address_is_overlooked(world: World, csv: str, code: str, place: str) -> None:
    done = await import_suppressions(world.context, csv + "good@x.org,good@x.org\n")
    refused = done.refused[0]
    assert (refused.row, refused.code, place in refused.message) == (2, code, True)
    assert {"a@x.org", "b@x.org", "c@x.org"}.isdisjoint({email for email, _ in await suppressed()})
    assert done.total == done.processed


async def test_what_is_exported_is_imported_elsewhere_with_its_time_and_reason(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppression_files, "ROWS_PER_CHUNK", 2)
    for number in range(5):
        await suppress_address(world.context, f"p{number}@example.org", f'Said "no", {number}')
    await suppress_address(world.context, "p9@example.org", "=1+1")
    await resubscribe(world.context, "p3@example.org", "Asked for it")
    text = await suppressions_csv(world.context)
    lines = text.splitlines()
    assert lines[:2] == [
        "email,unsubscribed_at,source,reason",
        'p0@example.org,2026-03-02T07:00:00Z,API,"Said ""no"", 0"',
    ]
    assert lines[5].endswith(",'=1+1"), "no formula of a spreadsheet"
    assert len(lines) == 6
    other = world.runtime.context(await create_workspace("Other", NOW + timedelta(days=1)))
    assert await suppressions_csv(other) == "email,unsubscribed_at,source,reason\n"
    done = await import_suppressions(other, text)
    assert (done.new, done.unchanged, done.refused) == (5, 0, [])
    assert (await suppressions_csv(other)).replace(",CSV,", ",API,") == text
    assert (await import_suppressions(other, text)).unchanged == 5, "a second time changes nothing"
