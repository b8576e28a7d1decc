"""CSV exports: every list with its filters, cells that spreadsheets cannot run, pages one by one, and limits."""

import asyncio
import csv
import io
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from api.csv_writing import MARK, cell
from api.graphql.engine.execution import executor
from api.graphql.engine.lists import list_export
from api.graphql.engine.lists.list_export import ListExport
from api.graphql.schema import schema
from api.http.downloads import list_exports
from api.models import Send, Token
from api.store.engine.sql import execute
from tests import story
from tests.client import Client, new_client
from tests.graphql.authored import AT, author, launch
from tests.served import NOW
from tests.services.jobs.claims import claim_import, run_import


async def get(client: Client, path: str, **parameters: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {client.token}"}
    return await client.http.get(f"/export/{path}", params=parameters, headers=headers)


async def table(client: Client, path: str, **parameters: str) -> list[dict[str, str]]:
    """Return the rows of an export by the names in its header."""
    answer = await get(client, path, **parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    text = answer.content.decode()
    assert text.startswith(MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(MARK), newline="")))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""), (True, "true"), (-5, "-5"), (1.5, "1.5"), ("Ada", "Ada"), ("=1+1", "'=1+1"), ("+49 30", "'+49 30"),
        ("-2", "'-2"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("＝1", "'＝1"),
        ({"a": "ü"}, '{"a": "ü"}'), ([1], "[1]"), (" =1", " =1"), ("'=1", "''=1"), ("''+1", "'''+1"), ("'Ada", "'Ada"),
    ],
)  # fmt: skip
def test_a_cell_is_no_formula(value: Any, written: str) -> None:
    assert cell(value) == written


async def test_exported_people_are_imported_as_they_were(client: Client) -> None:
    """A formula's apostrophe is removed, and a column such as fields.phone is the dynamic field again."""
    person = await story.person(
        client, "+ada@example.com", firstName="-Ada", company="'=1", fields={"phone": "+49 30 1"}
    )
    columns = "email,firstName,company,fields.phone,fields.nothing"
    answer = await get(client, "people.csv", columns=columns)
    assert answer.content.decode().removeprefix(MARK).splitlines() == [
        columns,
        "'+ada@example.com,'-Ada,''=1,'+49 30 1,",
    ]
    before = await client.ask("query($id: ID!) { person(id: $id) { email firstName company fields } }", id=person)
    mutation = "mutation($csv: String!) { importPeople(csv: $csv) { errors { code } } }"
    assert (await client.ask(mutation, csv=answer.content.decode()))["importPeople"]["errors"] == []
    row = await claim_import(NOW)
    assert row is not None
    await run_import(row, lambda: NOW)
    people = await client.ask("{ people { nodes { email firstName company fields } } }")
    assert people["people"]["nodes"] == [before["person"]]


async def test_people_are_exported_with_the_filter_and_order_of_their_list(client: Client) -> None:
    for name in ("ada", "bob", "cy"):
        await story.person(client, f"{name}@example.com", firstName='=HYPERLINK("x"), "quoted"', company="Zoë & Söhne")
    rows = await table(client, "people.csv")
    assert [row["email"] for row in rows] == ["ada@example.com", "bob@example.com", "cy@example.com"]
    assert rows[0]["firstName"] == '\'=HYPERLINK("x"), "quoted"'
    assert rows[0]["company"] == "Zoë & Söhne"
    order = '{"field": "EMAIL", "direction": "DESC"}'
    chosen = await table(client, "people.csv", filter='{"search": "b"}', orderBy=order, columns="email,createdAt")
    assert chosen == [{"email": "bob@example.com", "createdAt": "2026-03-02T07:00:00Z"}]
    backwards = await table(client, "people.csv", orderBy=order, columns="email")
    assert [row["email"] for row in backwards] == ["cy@example.com", "bob@example.com", "ada@example.com"]


async def test_an_export_reads_page_after_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_export, "PAGE_ROWS", 2)
    emails = [f"p{number}@example.com" for number in range(5)]
    for email in emails:
        await story.person(client, email)
    assert [row["email"] for row in await table(client, "people.csv", columns="email")] == emails


async def test_linked_objects_and_reports_are_exported(client: Client) -> None:
    campaign = await author(client, AT)
    await launch(client, campaign, await story.person(client))
    (email,) = await table(client, "emails.csv", filter=f'{{"campaignId": "{campaign}"}}')
    assert (email["person.email"], email["status"], email["campaign.id"]) == ("ada@example.com", "SCHEDULED", campaign)
    (line,) = await table(client, "report.csv", by="CAMPAIGN")
    assert (line["campaign.id"], line["emails.scheduled"], line["tasks.open"]) == (campaign, "1", "0")


async def test_every_list_can_be_exported(client: Client, stranger: Client) -> None:
    query = schema._schema.query_type
    assert query is not None
    campaign = await author(client, AT)
    await launch(client, campaign, await story.person(client))
    names = [name for name, field in query.fields.items() if list_export._item_of(field) is not None]
    assert len(names) > 12
    for name in names:
        needed: Mapping[str, str] = {"email": "ada@example.com"} if name == "suppressionHistory" else {}
        await table(client, f"{name}.csv", **needed)
        if name not in ("incomingEvents", "mailboxes"):
            assert await table(stranger, f"{name}.csv", **needed) == [], name


@pytest.mark.parametrize(
    ("path", "parameters", "expected"),
    [
        ("nothing.csv", {}, (404, "EXPORT_UNKNOWN_LIST")),
        ("workspace.csv", {}, (404, "EXPORT_UNKNOWN_LIST")),
        ("people.csv", {"first": "2"}, (400, "EXPORT_BAD_PARAMETER")),
        ("people.csv", {"filters": "{}"}, (400, "EXPORT_BAD_PARAMETER")),
        ("people.csv", {"filter": "{"}, (400, "EXPORT_BAD_PARAMETER")),
        ("people.csv", {"filter": '{"nothing": 1}'}, (400, "INVALID_VALUE")),
        ("people.csv", {"orderBy": '{"field": "NOTHING"}'}, (400, "INVALID_VALUE")),
        ("people.csv", {"columns": "nothing"}, (400, "EXPORT_UNKNOWN_COLUMN")),
        ("people.csv", {"columns": "fields.a.b"}, (400, "EXPORT_UNKNOWN_COLUMN")),
        ("people.csv", {"columns": "email.a"}, (400, "EXPORT_UNKNOWN_COLUMN")),
        ("people.csv", {"columns": "fields."}, (400, "EXPORT_UNKNOWN_COLUMN")),
        ("people.csv", {"columns": "email } nodes { id"}, (400, "EXPORT_UNKNOWN_COLUMN")),
        ("emails.csv", {"columns": "person"}, (400, "EXPORT_UNKNOWN_COLUMN")),
        ("campaigns.csv", {"columns": "steps.id"}, (400, "EXPORT_UNKNOWN_COLUMN")),
        ("people.csv", {"columns": ",".join(["id"] * 101)}, (400, "EXPORT_UNKNOWN_COLUMN")),
        ("report.csv", {"by": "NOTHING"}, (400, "INVALID_VALUE")),
    ],
)
async def test_a_wrong_export_is_refused(
    client: Client, path: str, parameters: dict[str, str], expected: tuple[int, str]
) -> None:
    assert refusal(await get(client, path, **parameters)) == expected


async def test_an_export_needs_a_token_for_each_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(await client.http.get("/export/people.csv")) == (401, "UNAUTHENTICATED")
    twice = {"Authorization": f"Bearer {client.token}"}
    assert refusal(await client.http.get("/export/people.csv?columns=id&columns=id", headers=twice)) == (
        400,
        "EXPORT_BAD_PARAMETER",
    )
    head = await client.http.head("/export/people.csv", headers=twice)
    assert (head.status_code, head.content) == (200, b"")
    monkeypatch.setattr(list_export, "PAGE_ROWS", 1)
    for email in ("ada@example.com", "bob@example.com", "cy@example.com"):
        await story.person(client, email)
    read = ListExport.pages

    async def revoke(self: ListExport, execute: Any) -> Any:
        async for page in read(self, execute):
            yield page
            await Token.all().delete()

    monkeypatch.setattr(ListExport, "pages", revoke)
    with pytest.raises(Exception, match="token"):
        await get(client, "people.csv")


async def test_a_download_that_is_aborted_frees_its_place(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_export, "PAGE_ROWS", 1)
    for number in range(4):
        await story.person(client, f"p{number}@example.com")
    transport: Any = client.http._transport
    headers = [(b"authorization", f"Bearer {client.token}".encode()), (b"host", b"test")]
    for _ in range(list_exports.MAX_RUNNING_EXPORTS + 1):
        scope = {
            "type": "http", "method": "GET", "path": "/export/people.csv", "raw_path": b"/export/people.csv",
            "query_string": b"columns=email", "headers": headers, "scheme": "http", "server": ("test", 80),
            "client": ("127.0.0.1", 1), "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
        }  # fmt: skip
        begun, parts = asyncio.Event(), list[bytes]()

        async def receive(begun: asyncio.Event = begun) -> dict[str, Any]:
            await begun.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any, begun: asyncio.Event = begun, parts: list[bytes] = parts) -> None:
            parts.append(message.get("body", b""))
            if len(parts) == 3:  # the start, the header, the first page
                begun.set()
                await asyncio.sleep(3600)

        await transport.app(scope, receive, send)
        assert b"".join(parts).decode() == f"{MARK}email\r\np0@example.com\r\n"
    assert len(await table(client, "people.csv")) == 4


async def test_two_exports_of_a_workspace_run_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    other = await new_client(client.http, NOW)
    refused: list[tuple[int, str]] = []
    read, depth = ListExport.pages, 0

    async def begin_another(self: ListExport, execute: Any) -> Any:
        nonlocal depth
        depth += 1
        if depth < 3:
            answer = await get(client, "people.csv")
            refused.extend([refusal(answer)] if answer.status_code != 200 else [])
        async for page in read(self, execute):
            yield page

    monkeypatch.setattr(ListExport, "pages", begin_another)
    assert (await get(client, "people.csv")).status_code == 200
    assert refused == [(429, "TOO_MANY_EXPORTS")]
    assert list_exports.MAX_RUNNING_EXPORTS == depth == 2
    depth = 3
    for each in (client, client, client, other):
        assert (await get(each, "people.csv")).status_code == 200


async def test_linked_objects_of_a_long_page_are_those_of_a_short_one(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long page loads them together, before it reads its items."""
    campaign = await author(client, AT)
    people = [await story.person(client, f"p{number}@example.com") for number in range(4)]
    for person in people:
        await launch(client, campaign, person)
    email = await Send.get(person_id=people[2])
    await execute(
        "INSERT INTO engagement (id, workspace_id, person_id, opens, machine_opens, clicks, machine_clicks)"
        " VALUES ($1, $2, $3, 2, 1, 3, 0)",
        email.id,
        email.workspace_id,
        people[2],
    )
    short = await table(client, "emails.csv")
    monkeypatch.setattr(executor, "MAX_ITEMS_WITHOUT_PAUSE", 2)
    called = [await table(client, "emails.csv") for _ in range(2)]
    assert called == [short, short]
    assert {row["person.email"] for row in short} == {f"p{number}@example.com" for number in range(4)}
    (opened,) = [row for row in short if row["opens"] != "0"]
    assert (opened["person.email"], opened["opens"], opened["clicks"]) == ("p2@example.com", "2", "3")
    monkeypatch.undo()
    linked = {"columns": "enrollment.id,step.id,step.number,sender.email,version,openedAt"}
    apart = await table(client, "emails.csv", **linked)
    monkeypatch.setattr(executor, "MAX_ITEMS_WITHOUT_PAUSE", 2)
    assert await table(client, "emails.csv", **linked) == apart
    assert all(row["enrollment.id"] and row["step.number"] == "1" for row in apart)
