"""importPeople through HTTP: what is asked, what is reported, what is refused."""

from typing import Any

from tests.client import Client
from tests.served import NOW
from tests.services.jobs.claims import claim_import, run_import

START = """mutation($csv: String!, $onKnown: OnKnown! = UPDATE, $dryRun: Boolean! = false) {
    importPeople(csv: $csv, onKnown: $onKnown, dryRun: $dryRun) {
        peopleImport { id status total processed onKnown dryRun createdAt } errors { code message path }
    }
}"""
READ = """query($id: ID!) { peopleImport(id: $id) {
    status total processed progress created updated skipped failed repeated onKnown dryRun
    refusals { nodes { row column code message } }
} }"""
LIST = """query($filter: ImportFilter, $order: CreatedOrder, $first: Int) {
    peopleImports(filter: $filter, orderBy: $order, first: $first) {
        nodes { id status processed total } totalCount totalCountIsExact pageInfo { hasNextPage }
} }"""
PEOPLE = "{ people { nodes { email firstName } } events(first: 50) { nodes { kind data } } }"


async def imported(client: Client, csv: str, **choices: Any) -> dict[str, Any]:
    """Import, and return the import as the API gives it in the end."""
    started = await client.do(START, "peopleImport", csv=csv, **choices)
    row = await claim_import(NOW)
    assert row is not None
    await run_import(row, lambda: NOW)
    return dict((await client.ask(READ, id=started["id"]))["peopleImport"])


async def test_known_people_are_updated_unless_they_are_to_be_skipped(client: Client) -> None:
    csv = "E-Mail;First Name\nada@example.com;Ada\n\nnobody;x\nADA@example.com;Ada L.\n"
    done = await imported(client, csv)
    refused = done.pop("refusals")["nodes"]
    assert done == {
        "status": "FINISHED",
        "total": 3,
        "processed": 3,
        "progress": 1.0,
        "created": 1,
        "updated": 1,
        "skipped": 0,
        "failed": 1,
        "repeated": 1,
        "onKnown": "UPDATE",
        "dryRun": False,
    }
    assert [(each["row"], each["column"], each["code"]) for each in refused] == [(4, "E-Mail", "INVALID_ADDRESS")]
    skipped = await imported(client, csv.replace("Ada", "Eve"), onKnown="SKIP")
    assert (skipped["created"], skipped["updated"], skipped["skipped"], skipped["failed"]) == (0, 0, 2, 1)
    found = await client.ask(PEOPLE)
    assert found["people"]["nodes"] == [{"email": "ADA@example.com", "firstName": "Ada L."}]
    told = [each["data"] for each in found["events"]["nodes"] if each["kind"] == "PEOPLE_IMPORTED"]
    assert [(each["created"], each["updated"], each["skipped"], each["failed"]) for each in told] in (
        [(1, 1, 0, 1), (0, 0, 2, 1)],
        [(0, 0, 2, 1), (1, 1, 0, 1)],
    )


async def test_a_dry_run_reports_and_writes_nothing(client: Client) -> None:
    csv = "email,first_name\nada@example.com,Ada\nada@example.com,Eve\nnobody,x\n"
    dry = await imported(client, csv, dryRun=True)
    assert await client.ask(PEOPLE) == {"people": {"nodes": []}, "events": {"nodes": []}}
    done = await imported(client, csv)
    assert (dry.pop("dryRun"), done.pop("dryRun")) == (True, False)
    assert dry == done
    assert (done["created"], done["updated"], done["failed"]) == (1, 1, 1)


async def test_a_file_that_cannot_be_read_is_refused_with_its_place(client: Client) -> None:
    payload = (await client.ask(START, csv='email,name\r\na@example.com,"Ada\r\nb@example.com,Bob\r\n'))["importPeople"]
    assert payload["peopleImport"] is None
    (error,) = payload["errors"]
    assert (error["code"], error["path"]) == ("CSV_INVALID", ["csv"])
    assert "row 2, column B (name)" in error["message"]
    assert await claim_import(NOW) is None


async def test_choices_that_do_not_exist_are_refused(client: Client) -> None:
    for choices in ({"onKnown": "IGNORE"}, {"onKnown": None}, {"dryRun": None}, {"dryRun": "yes"}):
        answer = await client.raw(START, {"csv": "email\na@example.com", **choices})
        assert "errors" in answer or answer["data"]["importPeople"]["errors"], choices
    assert await claim_import(NOW) is None


async def test_imports_are_listed_by_status(client: Client, stranger: Client) -> None:
    """A client that has lost the id of an import, as after a reload of its page, finds it again."""
    done = await imported(client, "email\nada@example.com")
    running = await client.do(START, "peopleImport", csv="email\nben@example.com")
    await client.do(START, "peopleImport", csv="email\ncy@example.com")

    async def totals(**given: Any) -> list[tuple[str, int]]:
        nodes = (await client.ask(LIST, **given))["peopleImports"]["nodes"]
        return [(each["status"], each["processed"]) for each in nodes]

    assert done["status"] == "FINISHED"
    assert await totals() == [("RUNNING", 0), ("RUNNING", 0), ("FINISHED", 1)]
    assert await totals(filter={"status": ["FINISHED"]}) == [("FINISHED", 1)]
    assert await totals(filter={"status": []}) == []
    oldest = await client.ask(
        LIST, order={"field": "CREATED", "direction": "ASC"}, filter={"status": ["RUNNING"]}, first=1
    )
    assert oldest["peopleImports"]["nodes"][0]["id"] == running["id"]
    assert oldest["peopleImports"]["pageInfo"]["hasNextPage"] is True
    counted = (await client.ask(LIST, filter={"status": ["RUNNING"]}))["peopleImports"]
    assert (counted["totalCount"], counted["totalCountIsExact"]) == (2, True)
    assert (await stranger.ask(LIST))["peopleImports"]["nodes"] == []
