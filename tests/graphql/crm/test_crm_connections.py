"""CRM connections through HTTP, against a local Salesforce."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.clock import system_clock
from api.crm_task_states import CrmChangeKind
from api.models import CrmConnection, CrmLogin
from api.services.common.encryption import Encryption
from api.settings import Settings
from api.store.crm import changes
from api.store.engine.sql import execute
from tests.client import SECRET
from tests.graphql.crm.crm_world import (
    BROKEN_KEY,
    CONNECT,
    DISCONNECT,
    ENVIRONMENT,
    START,
    World,
    dump,
    make_sender,
    running,
    secrets_of,
)
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer
from tests.services.crm.stub_crm import KEY


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with running(database_url) as made:
        yield made


async def test_three_ways_to_connect_and_no_secret_anywhere(world: World, caplog: pytest.LogCaptureFixture) -> None:
    said: list[Any] = []
    with caplog.at_level(logging.DEBUG):
        said.append(await world.show())
        assert said[0] is None
        for way, login in (("jwt_bearer", {"jwtBearer": world.jwt}), ("client_credentials", world.credentials)):
            payload = await world.connect(**(login if way == "jwt_bearer" else {"clientCredentials": login}))
            assert payload["errors"] == []
            found = payload["connection"]
            assert (found["way"], found["state"], found["organization"]) == (way, "CONNECTED", "Acme")
            assert (found["loginUrl"], found["url"]) == (world.salesforce.url, world.salesforce.url)
            assert found["user"] == {"id": world.salesforce.org.admin, "name": "Ada Admin"}
            assert (found["isSandbox"], found["problem"], found["apiUse"]["limit"]) == (False, None, 100_000)
            assert {row["kind"]: row["waiting"] + row["failed"] for row in found["backlog"]} == dict.fromkeys(
                CrmChangeKind, 0
            )
            said.append(payload)
        back = await world.browse(await world.login_url())
        page = await world.client.http.get(back)
        assert page.status_code == 200
        assert "The workspace Test is connected to Acme as Ada Admin." in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
        said += [page.text, await world.show()]
        assert said[-1]["way"] == "authorization_code"
    assert await CrmConnection.all().count() == 1, "each login replaces the one before"
    assert len(world.salesforce.oauth.refresh) == 1
    written = json.dumps(said) + caplog.text + await dump()
    assert [secret for secret in secrets_of(world) if secret in written] == []
    assert (await world.connect(clientCredentials=world.credentials))["errors"] == []
    assert world.salesforce.oauth.refresh == {}, "a refresh token that nobody uses is revoked"
    assert KEY not in repr(Settings.read(ENVIRONMENT))


async def test_a_login_that_salesforce_refuses_stores_nothing(world: World) -> None:
    wrong_secret = {"clientCredentials": world.credentials | {"clientSecret": "wrong-secret-of-the-app"}}
    for login, code, place in (
        (wrong_secret, "AUTHENTICATION_FAILURE", "clientCredentials"),
        ({"jwtBearer": world.jwt | {"username": "other@acme.example"}}, "INVALID_GRANT", "jwtBearer"),
    ):
        payload = await world.connect(**login)
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == (code, ["login", place])
        assert "wrong-secret" not in error["message"]
        assert payload["connection"] is None
    assert await CrmConnection.all().count() == 0


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"loginUrl": "http://login.salesforce.com"}, "CRM_URL_INVALID", "loginUrl"),
        ({"loginUrl": "https://169.254.169.254"}, "CRM_URL_INVALID", "loginUrl"),
        ({"loginUrl": "https://user:pw@login.salesforce.com"}, "CRM_URL_INVALID", "loginUrl"),
        ({"loginUrl": "http://127.0.0.1:1"}, "UNREACHABLE", None),
        (
            {"privateKey": BROKEN_KEY},
            "CRM_FIELD_INVALID",
            "privateKey",
        ),
        ({"privateKey": ""}, "CRM_FIELD_REQUIRED", "privateKey"),
        ({"clientId": " "}, "CRM_FIELD_REQUIRED", "clientId"),
        ({"clientId": "a\nb"}, "INVALID_TEXT", "clientId"),
        ({"username": "x" * 1_500}, "TOO_LONG", "username"),
        ({"apiVersion": "1.0"}, "REQUEST_INVALID", None),
        ({"apiVersion": "99.0"}, None, None),
    ],
)
async def test_bad_values_are_named(world: World, change: dict[str, str], code: str | None, path: str | None) -> None:
    answer = await world.client.raw(CONNECT, {"input": {"login": {"jwtBearer": world.jwt | change}}})
    if answer.get("data") is None:
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == code
        return
    (error,) = answer["data"]["connectCrm"]["errors"]
    assert code is None or error["code"] == code
    assert path is None or error["path"] == ["login", "jwtBearer", path]
    assert await CrmConnection.all().count() == 0


async def test_a_state_works_once_and_only_here(world: World) -> None:
    http, back = world.client.http, await world.browse(await world.login_url())
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert (await http.head(back)).status_code == 405, "a program that checks links uses nothing up"
    for forged in ("", state[:-1], f"{state}x", ("b" if state[0] == "a" else "a") + state[1:]):
        assert (await http.get("/crm/callback", params={"state": forged, "code": "c"})).status_code == 404
    other = Encryption([SECRET]).sign(state.rpartition(".")[0])
    assert (await http.get("/crm/callback", params={"state": other, "code": "c"})).status_code == 404
    assert (await http.get(back)).status_code == 200
    again = await http.get(back)
    assert (again.status_code, "used already" in again.text) == (404, True)
    # A user who denies the access ends the login.
    world.salesforce.oauth.browser_user = None
    denied = await http.get(await world.browse(await world.login_url()))
    assert (denied.status_code, "end-user denied authorization" in denied.text) == (400, True)
    # What a CRM says is text.
    back = (await world.login_url()).rpartition("state=")[2].partition("&")[0]
    page = await http.get(f"/crm/callback?state={back}&error=%3Cscript%3Ealert(1)%3C/script%3E")
    assert (page.status_code, "<script>" in page.text) == (400, False)
    # 15 minutes later it has ended.
    world.salesforce.oauth.browser_user = world.salesforce.org.admin
    back = await world.browse(await world.login_url())
    await execute("UPDATE crm_login SET expires_at = $1", system_clock())
    assert (await http.get(back)).status_code == 404
    assert await CrmLogin.all().count() == 0
    assert (await http.post(back)).status_code == 405


async def test_a_sender_connects_as_themselves(world: World) -> None:
    """The values of the app are those of the workspace's connection, and the sender is linked to the user."""
    assert (await world.connect(clientCredentials=world.credentials))["errors"] == []
    sender = await make_sender(world, "bea@acme.example")
    bea = world.salesforce.org.add_user("bea.long@acme.example", "Bea")
    world.salesforce.oauth.browser_user = bea
    url = await world.client.do(START, "url", input={"senderId": sender})
    assert (await world.client.http.get(await world.browse(url))).status_code == 200
    own = await world.show(sender)
    assert (own["user"], own["state"], own["backlog"]) == ({"id": bea, "name": "Bea"}, "CONNECTED", [])
    assert (await world.show())["user"]["name"] == "Ada Admin"
    login = "ownLogin { state user { id } problem { code do } }"
    senders = f"{{ crmConnection {{ senders {{ sender {{ email }} user {{ id name }} syncTasks {login} }} }} }}"
    (row,) = (await world.client.ask(senders))["crmConnection"]["senders"]
    works = {"state": "CONNECTED", "user": {"id": bea}, "problem": None}
    user = {"id": bea, "name": "Bea"}
    assert row == {"sender": {"email": "bea@acme.example"}, "user": user, "syncTasks": None, "ownLogin": works}
    lost = {"state": "RECONNECT", "code": "INVALID_GRANT", "failures": 1, "failing_since": system_clock()}
    await CrmConnection.filter(sender_id=sender).update(**lost)
    (row,) = (await world.client.ask(senders))["crmConnection"]["senders"]
    assert (row["ownLogin"]["state"], row["ownLogin"]["problem"]["code"]) == ("RECONNECT", "INVALID_GRANT")
    payload = (await world.client.ask(DISCONNECT, waiting="KEEP", sender=sender))["disconnectCrm"]
    assert (payload["errors"], payload["revoked"]) == ([], True)
    assert await world.show(sender) is None
    assert (await world.show())["state"] == "CONNECTED"


async def test_disconnecting_says_what_becomes_of_what_waits(world: World) -> None:
    client = world.client
    assert (await world.connect(clientCredentials=world.credentials))["errors"] == []
    await changes.add(client.workspace.id, CrmChangeKind.TASK, ["tsk_1", "tsk_2"], system_clock())
    kept = (await client.ask(DISCONNECT, waiting="KEEP", days=7))["disconnectCrm"]
    assert {row["kind"]: row["waiting"] for row in kept["backlog"]} == {"TASK": 2, "ACTIVITY": 0, "OPT_OUT": 0}
    assert (kept["connection"]["state"], kept["connection"]["keptUntil"] is None) == ("DISCONNECTED", False)
    (row,) = await execute("SELECT secrets FROM crm_connection")
    assert row["secrets"] == ""
    assert world.salesforce.oauth.access == {}, "the access token is revoked"
    refused = (await client.ask(DISCONNECT, waiting="KEEP"))["disconnectCrm"]["errors"]
    assert [error["code"] for error in refused] == ["CRM_NOT_CONNECTED"]
    # The same organization again, in time: the changes are still there, and so is the row.
    again = await world.connect(clientCredentials=world.credentials)
    assert [row["waiting"] for row in again["connection"]["backlog"]] == [2, 0, 0]
    assert (again["connection"]["keptUntil"], await CrmConnection.all().count()) == (None, 1)
    # Too late: they are dropped.
    await client.ask(DISCONNECT, waiting="KEEP", days=1)
    await execute("UPDATE crm_connection SET keep_until = $1", system_clock())
    assert [row["waiting"] for row in (await world.show())["backlog"]] == [0, 0, 0]
    again = await world.connect(clientCredentials=world.credentials)
    assert [row["waiting"] for row in again["connection"]["backlog"]] == [0, 0, 0]
    await changes.add(client.workspace.id, CrmChangeKind.TASK, ["tsk_3"], system_clock())
    for arguments, code in (({"days": 3}, "CRM_KEEP_DAYS_INVALID"), ({"days": 0}, "CRM_KEEP_DAYS_INVALID")):
        refused = (await client.ask(DISCONNECT, waiting="DROP", **arguments))["disconnectCrm"]["errors"]
        assert [(error["code"], error["path"]) for error in refused] == [(code, ["keepDays"])]
    dropped = (await client.ask(DISCONNECT, waiting="DROP"))["disconnectCrm"]
    feed = await client.ask("{ events(first: 2) { edges { node { kind sentence data actor { name } } } } }")
    disconnected, connected = (edge["node"] for edge in feed["events"]["edges"])
    assert connected["sentence"] == "The workspace was connected to the CRM: Acme."
    assert connected["data"] == {"crm": "salesforce", "organization": "Acme", "user": "Ada Admin"}
    assert (disconnected["kind"], disconnected["actor"]["name"]) == ("CRM_DISCONNECTED", "test")
    assert (disconnected["data"]["waiting"], disconnected["data"]["kept"]) == (1, False)
    assert [row["waiting"] for row in dropped["backlog"]] == [1, 0, 0]
    assert await execute("SELECT id FROM crm_change") == []


async def test_another_organization_is_refused_until_disconnected(world: World) -> None:
    assert (await world.connect(clientCredentials=world.credentials))["errors"] == []
    await changes.add(world.client.workspace.id, CrmChangeKind.TASK, ["tsk_1"], system_clock())
    async with SalesforceServer(Org(now=system_clock)).running() as other:
        other.oauth.app.run_as = other.org.admin
        other.org.organization = other.org.create("Organization", {"Name": "Other"}, system=True)
        login = world.credentials | {"loginUrl": other.url}
        (error,) = (await world.connect(clientCredentials=login))["errors"]
        assert error["code"] == "CRM_ORGANIZATION_CHANGED"
        assert "Acme" in error["message"]
        assert (await world.show())["organization"] == "Acme"
        await world.client.ask(DISCONNECT, waiting="KEEP")
        found = (await world.connect(clientCredentials=login))["connection"]
        assert found["state"] == "CONNECTED"
        assert found["organizationId"] != (await CrmConnection.all().order_by("id").first()).org_id  # type: ignore[union-attr]
        assert [row["waiting"] for row in found["backlog"]] == [0, 0, 0], "they were for the other organization"
