"""The local Salesforce behaves as the documentation says, where the plugin depends on it."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.live import until
from tests.salesforce.errors import ApiError
from tests.salesforce.faults import MAINTENANCE, UNAVAILABLE, FaultKind
from tests.salesforce.ids import long_id, new_ids, read_id
from tests.salesforce.org import START, Org
from tests.salesforce.rest_sources import ListView, Report
from tests.salesforce.server import SalesforceServer

DATA = "/services/data/v62.0"


@pytest.fixture
async def server() -> AsyncIterator[SalesforceServer]:
    async with SalesforceServer(Org(enhanced_email=True)).running() as running:
        running.oauth.app.run_as = running.org.admin
        yield running


@pytest.fixture
async def client(server: SalesforceServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as found:
        token = server.oauth.token(credentials(server))["access_token"]
        found.headers["Authorization"] = f"Bearer {token}"
        yield found


def credentials(server: SalesforceServer) -> dict[str, str]:
    app = server.oauth.app
    return {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": app.client_secret}


def code(answer: httpx.Response) -> str:
    return str(answer.json()[0]["errorCode"])


def codes(answer: httpx.Response) -> list[str]:
    return [row["errors"][0]["statusCode"] if row["errors"] else "" for row in answer.json()]


def task(**values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Task"}} | values


def test_ids_differ_by_case_and_carry_it() -> None:
    # The example of https://help.salesforce.com/s/articleView?id=000385585
    assert long_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert read_id("001A0000006Vm9r") == read_id("001A0000006Vm9rIAC") == "001A0000006Vm9rIAC"
    assert [read_id(text) for text in ("001a0000006vm9rIAC", "short", "001A0000006Vm9!", None)] == [None] * 4
    ids = new_ids("Task")
    assert len({next(ids)[:15].lower() for _ in range(3_000)}) < 3_000


async def test_oauth(server: SalesforceServer) -> None:
    app = server.oauth.app
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:

        async def token(**form: str) -> dict[str, Any]:
            answer = await client.post("/services/oauth2/token", data=form)
            found: dict[str, Any] = answer.json()
            return found

        good = credentials(server)
        assert (await token(**good))["instance_url"] == server.url
        assert (await token(**good | {"client_id": "other"}))["error"] == "invalid_client_id"
        assert (await token(**good | {"client_secret": "other"}))["error"] == "invalid_client"
        assert (await token(grant_type="password"))["error"] == "unsupported_grant_type"
        server.oauth.ip_restricted = True
        assert (await token(**good))["error_description"] == "ip restricted or invalid login hours"
        server.oauth.ip_restricted = False
        verifier, app.rotates = "v" * 50, True
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {"response_type": "code", "client_id": app.client_id, "redirect_uri": "https://us/back", "state": "s"}
        sent = await client.get("/services/oauth2/authorize", params=query)
        assert "invalid_request" in sent.headers["Location"]
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        sent = await client.get("/services/oauth2/authorize", params=query)
        back = parse_qs(urlsplit(sent.headers["Location"]).query)
        form = good | {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": "https://us/back"}
        assert back["state"] == ["s"]
        first = await token(**form, code_verifier=verifier)
        assert (await token(**form, code_verifier=verifier))["error"] == "invalid_grant"
        form = good | {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = await token(**form)
        assert second["refresh_token"] != first["refresh_token"]
        assert (await token(**form))["error_description"] == "expired access/refresh token"
        await client.post("/services/oauth2/revoke", data={"token": second["refresh_token"]})
        headers = {"Authorization": f"Bearer {second['access_token']}"}
        assert (await client.get("/services/oauth2/userinfo", headers=headers)).status_code == 401
        server.org.update(server.org.admin, {"IsActive": False}, system=True)
        assert (await token(**good))["error"] == "inactive_user"
        server.org.is_active = False
        assert (await token(**good))["error"] == "inactive_org"


async def test_records(server: SalesforceServer, client: httpx.AsyncClient) -> None:
    lead = server.org.create("Lead", {"LastName": "Byron", "Company": "Acme", "Email": "b@acme.example"})
    made = await client.post(f"{DATA}/sobjects/Task", json={"Subject": "Call", "WhoId": lead[:15]})
    assert (made.status_code, made.json()["success"]) == (201, True)
    path = f"{DATA}/sobjects/Task/{made.json()['id']}"
    assert made.headers["Sforce-Limit-Info"].endswith("api-usage=1/100000")
    assert (await client.get(path)).json()["WhoId"] == lead
    assert (await client.patch(path, json={"Status": "Completed"})).status_code == 204
    assert (await client.get(path, params={"fields": "IsClosed"})).json()["IsClosed"] is True
    for values, error in (
        ({"Subject": "x" * 256}, "STRING_TOO_LONG"),
        ({"TaskSubtype": "Fax"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Nickname": "x"}, "INVALID_FIELD"),
        ({"IsClosed": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Status": None}, "REQUIRED_FIELD_MISSING"),
        ({"OwnerId": lead}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"WhoId": "003000000000000AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"WhoId": "nonsense"}, "MALFORMED_ID"),
        ({"ActivityDate": "tomorrow"}, "JSON_PARSER_ERROR"),
    ):
        assert code(await client.post(f"{DATA}/sobjects/Task", json=values)) == error
    contact = server.org.convert(lead)
    assert (await client.get(path)).json()["WhoId"] == contact
    answer = await client.patch(f"{DATA}/sobjects/Lead/{lead}", json={"Title": "Poet"})
    assert code(answer) == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert (await client.delete(path)).status_code == 204
    assert code(await client.patch(path, json={"Subject": "x"})) == "ENTITY_IS_DELETED"
    external = f"{DATA}/sobjects/Task/Touchline_Id__c/a-1"
    assert [(await client.patch(external, json={"Subject": "x"})).status_code for _ in range(2)] == [201, 200]
    email = await client.post(f"{DATA}/sobjects/EmailMessage", json={"Subject": "Hi", "Status": "3"})
    answer = await client.patch(f"{DATA}/sobjects/EmailMessage/{email.json()['id']}", json={"Subject": "Ho"})
    assert code(answer) == "INSUFFICIENT_ACCESS_OR_READONLY"


async def test_collections(server: SalesforceServer, client: httpx.AsyncClient) -> None:
    def rule(name: str, record: dict[str, Any], old: dict[str, Any] | None) -> None:
        if name == "Task" and record["Subject"] == "no":
            raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Subject must not be no")

    server.org.rules.append(rule)
    path, upsert = f"{DATA}/composite/sobjects", f"{DATA}/composite/sobjects/Task/Touchline_Id__c"
    body = {"records": [task(Subject="a"), task(Subject="no"), task(Subject="c")]}
    answer = await client.post(path, json=body)
    assert codes(answer) == ["", "FIELD_CUSTOM_VALIDATION_EXCEPTION", ""]
    rolled_back = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    answer = await client.post(path, json=body | {"allOrNone": True})
    assert codes(answer) == [rolled_back, "FIELD_CUSTOM_VALIDATION_EXCEPTION", rolled_back]
    assert len(server.org.records("Task")) == 2
    records = [task(Touchline_Id__c=f"t-{number}", Subject="x") for number in range(3)]
    assert [row["created"] for row in (await client.patch(upsert, json={"records": records})).json()] == [True] * 3
    answer = await client.patch(upsert, json={"records": records})
    assert [row["created"] for row in answer.json()] == [False] * 3
    assert codes(await client.patch(upsert, json={"records": records[:1] * 2})) == ["DUPLICATE_VALUE"] * 2
    server.faults.add(FaultKind.FAIL_ROWS, rows=(0, 2), error=MAINTENANCE)
    assert codes(await client.patch(upsert, json={"records": records})) == [MAINTENANCE.code, "", MAINTENANCE.code]
    ids = [row["id"] for row in answer.json()]
    answer = await client.delete(path, params={"ids": ",".join([*ids, "00T5g00000zzzzz"]), "allOrNone": "false"})
    assert codes(answer) == ["", "", "", "INVALID_CROSS_REFERENCE_KEY"]
    assert (await client.post(path, json={"records": [task(Subject="x")] * 201})).status_code == 400


async def test_queries(server: SalesforceServer, client: httpx.AsyncClient) -> None:
    org = server.org
    for number in range(2_005):
        org.create("Task", {"Subject": f"Task {number} 100% 'sure'", "Description": "d"})
    org.clock.at += timedelta(hours=1)
    last = org.create("Task", {"Subject": "last"})

    async def query(text: str, resource: str = "query") -> Any:
        return (await client.get(f"{DATA}/{resource}", params={"q": text})).json()

    page = await query("SELECT Id FROM Task")
    assert (page["totalSize"], page["done"], len(page["records"])) == (2_006, False, 2_000)
    assert len((await client.get(page["nextRecordsUrl"])).json()["records"]) == 6
    found = await query(
        r"SELECT Subject FROM Task WHERE Subject LIKE 'task 1_ 100\% \'SURE\'' ORDER BY Id LIMIT 2 OFFSET 1"
    )
    assert [row["Subject"] for row in found["records"]] == ["Task 11 100% 'sure'", "Task 12 100% 'sure'"]
    assert len((await query("SELECT Id FROM Task WHERE SystemModstamp > 2026-03-02T09:30:00Z"))["records"]) == 1
    assert (await query("SELECT COUNT() FROM Task WHERE NOT (Subject = 'LAST' OR Id = null)"))["totalSize"] == 2_005
    org.delete(last)
    assert (await query("SELECT Id FROM Task WHERE Subject = 'last'"))["records"] == []
    assert len((await query("SELECT Id, IsDeleted FROM Task WHERE Subject = 'last'", "queryAll"))["records"]) == 1
    for text, error in (
        ("SELECT Id FROM Task WHERE Description = 'd'", "INVALID_FIELD"),
        ("SELECT Nickname FROM Task", "INVALID_FIELD"),
        ("SELECT Id FROM Unicorn", "INVALID_TYPE"),
        ("SELECT Id FROM Task WHERE Subject = 'a' AND Subject = 'b' OR Subject = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE Subject = 'a'b'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR"),
    ):
        assert (await query(text))[0]["errorCode"] == error, text
    window = {"start": "2026-03-02T09:59:59Z", "end": "2026-03-02T11:00:00Z"}
    answer = (await client.get(f"{DATA}/sobjects/Task/deleted", params=window)).json()
    assert (answer["deletedRecords"], answer["latestDateCovered"]) == ([], "2026-03-02T10:00:00.000+0000")
    org.clock.at += timedelta(minutes=1)
    answer = (await client.get(f"{DATA}/sobjects/Task/deleted", params=window)).json()
    assert [row["id"] for row in answer["deletedRecords"]] == [last]
    window["start"] = (START - timedelta(days=16)).isoformat()
    assert code(await client.get(f"{DATA}/sobjects/Task/deleted", params=window)) == "INVALID_REPLICATION_DATE"


async def test_sources_and_description(server: SalesforceServer, client: httpx.AsyncClient) -> None:
    leads = [server.org.create("Lead", {"LastName": str(number), "Company": "x"}) for number in range(30)]
    report = server.sources.add_report(Report("Leads", leads, groups=2))
    answer = (await client.get(f"{DATA}/analytics/reports/{report}", params={"includeDetails": "true"})).json()
    assert {
        row["dataCells"][0]["value"] for group in ("0!T", "1!T") for row in answer["factMap"][group]["rows"]
    } == set(leads)
    view = server.sources.add_list_view(ListView("My leads", "Lead", leads))
    answer = (await client.get(f"{DATA}/sobjects/Lead/listviews/{view}/results")).json()
    assert (answer["size"], answer["done"]) == (25, False)
    fields = {each["name"]: each for each in (await client.get(f"{DATA}/sobjects/Task/describe")).json()["fields"]}
    assert [value["value"] for value in fields["Priority"]["picklistValues"]] == ["High", "Normal", "Low"]
    assert (fields["Touchline_Id__c"]["externalId"], fields["Subject"]["length"]) == (True, 255)
    assert (await client.get(f"{DATA}/limits")).json()["DailyApiRequests"]["Max"] == 100_000


async def test_faults(server: SalesforceServer, client: httpx.AsyncClient) -> None:
    path, body = f"{DATA}/sobjects/Task", {"Subject": "x"}
    server.faults.add(UNAVAILABLE)
    assert (await client.post(path, json=body)).status_code == 503
    for kind in (FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.TRUNCATE):
        server.faults.add(kind)
        with pytest.raises(httpx.TransportError):
            await client.post(path, json=body)
    for kind in (FaultKind.HANG_BEFORE, FaultKind.HANG_AFTER, FaultKind.LATE, FaultKind.SLOW):
        server.faults.add(kind)
        with pytest.raises(httpx.ReadTimeout):
            await client.post(path, json=body, timeout=httpx.Timeout(60, read=0.5))
    await until(lambda: len(server.org.records("Task")) == 4)  # the server may be slower than the client's patience
    server.carry_out_late()
    assert len(server.org.records("Task")) == 5
    server.faults.add(FaultKind.SESSION_EXPIRES)
    assert code(await client.post(path, json=body)) == "INVALID_SESSION_ID"
    client.headers["Authorization"] = f"Bearer {server.oauth.token(credentials(server))['access_token']}"
    server.api_limit = server.api_used
    assert code(await client.post(path, json=body)) == "REQUEST_LIMIT_EXCEEDED"
    assert (server.calls["create"], server.calls["query"]) == (10, 0)
