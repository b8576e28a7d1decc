"""Settings of CRMs and their users through HTTP, and what a server without settings refuses."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from api.clock import system_clock
from api.models import Event
from tests.client import new_client
from tests.graphql.crm.crm_world import CONNECT, START, World, make_sender, running
from tests.salesforce.faults import FaultKind


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with running(database_url) as made:
        yield made


async def test_users_and_settings(world: World) -> None:
    client, org = world.client, world.salesforce.org
    sender = await make_sender(world, "admin@acme.example")
    other = await make_sender(world, "else@acme.example")
    bob = org.add_user("bob@acme.example", "Bob")
    gone = org.add_user("gone@acme.example", "Gone", active=False)
    change = "mutation ($input: CrmSettingsChanges!) { updateCrmSettings(input: $input) { settings { apiShare syncTasks"
    change += " subjectPattern skippedTasks markerField optOutField logEmails } errors { code path } } }"
    wrong = {"apiShare": 101, "markerField": "a b", "subjectPattern": ""}
    payload = (await client.ask(change, input=wrong))["updateCrmSettings"]
    assert sorted(error["path"][0] for error in payload["errors"]) == ["apiShare", "markerField", "subjectPattern"]
    new = {"apiShare": 30, "syncTasks": True, "skippedTasks": "LEFT", "markerField": "Our_Id__c", "logEmails": True}
    assert (await client.ask(change, input=new))["updateCrmSettings"]["errors"] == []
    payload = (await client.ask(change, input={"markerField": None, "logEmails": None}))["updateCrmSettings"]
    assert payload["settings"]["markerField"] == ""
    assert (payload["settings"]["logEmails"], payload["settings"]["apiShare"]) == (False, 30)
    shown = await client.ask("{ crms { key settings { syncTasks } ways { key asksConsent fields { key kind } } } }")
    assert (shown["crms"][0]["key"], shown["crms"][0]["settings"]) == ("salesforce", {"syncTasks": True})
    set_user = """mutation ($sender: ID!, $user: String, $sync: Boolean) {
      setCrmUser(senderId: $sender, userId: $user, syncTasks: $sync) {
        sender { user { id name } syncTasks } errors { code path } } }"""
    refused = (await client.ask(set_user, sender=other, user=bob))["setCrmUser"]["errors"]
    assert [error["code"] for error in refused] == ["CRM_NOT_CONNECTED"]
    assert (await world.connect(clientCredentials=world.credentials))["errors"] == []
    users = (await client.ask("{ crmUsers { id name email isActive } }"))["crmUsers"]
    assert [(user["id"], user["email"]) for user in users] == [(org.admin, "admin@acme.example")]
    for user in (gone, org.admin[:-1] + "!", "005000000000000AAA", "x'y"):
        refused = (await client.ask(set_user, sender=other, user=user))["setCrmUser"]["errors"]
        assert [error["path"] for error in refused] == [["userId"]], user
    found = (await client.ask(set_user, sender=other, user=bob[:15], sync=False))["setCrmUser"]["sender"]
    assert found == {"user": {"id": bob, "name": "Bob"}, "syncTasks": False}
    senders = "{ crmConnection { senders { sender { id } user { id } } } }"
    rows = (await client.ask(senders))["crmConnection"]["senders"]
    assert {row["sender"]["id"]: row["user"]["id"] for row in rows} == {sender: org.admin, other: bob}
    found = await client.ask(
        "mutation ($s: ID!) { setCrmUser(senderId: $s, userId: null) { sender { user { id } } } }", s=other
    )
    assert found["setCrmUser"]["sender"]["user"] is None


async def test_what_a_server_without_settings_and_a_sandbox_refuse(database_url: str) -> None:
    async with running(database_url, TOUCHLINE_ENCRYPTION_KEY="", TOUCHLINE_PUBLIC_URL="") as world:
        (error,) = (await world.connect(clientCredentials=world.credentials))["errors"]
        assert (error["code"], "secrets.token_urlsafe(32)" in error["message"]) == ("ENCRYPTION_KEY_REQUIRED", True)
        assert (await world.client.http.get("/crm/callback?state=x&code=y")).status_code == 404
    async with running(database_url, TOUCHLINE_PUBLIC_URL="", TOUCHLINE_CRM_LOOPBACK="off") as world:
        payload = (await world.client.ask(START, input={"clientId": "c"}))["startCrmConnection"]
        assert [error["code"] for error in payload["errors"]] == ["CRM_PUBLIC_URL_REQUIRED"]
        (error,) = (await world.connect(clientCredentials=world.credentials))["errors"]
        assert (error["code"], "TOUCHLINE_CRM_LOOPBACK" in error["message"]) == ("CRM_URL_INVALID", True)
        sandbox = await new_client(world.client.http, system_clock())
        (payload,) = (await sandbox.ask(CONNECT, input={"login": {"clientCredentials": world.credentials}})).values()
        assert [error["code"] for error in payload["errors"]] == ["CRM_IN_SANDBOX"]
        other = {"way": "jwt_bearer", "values": [{"key": "a", "value": "b"}, {"key": "a", "value": "c"}]}
        for login, code, path in (
            ({"other": other}, "CRM_FIELD_UNKNOWN", ["login", "other", "values", "1", "key"]),
            (
                {"other": other | {"values": [{"key": "a", "value": "b"}]}},
                "CRM_FIELD_UNKNOWN",
                ["login", "other", "values", "0", "value"],
            ),
            ({"other": {"way": "magic", "values": []}}, "CRM_WAY_UNKNOWN", ["login", "other", "way"]),
            ({"other": {"way": "authorization_code", "values": []}}, "CRM_WAY_UNKNOWN", ["login", "other", "way"]),
        ):
            errors = (await world.connect(**login))["errors"]
            found = [error["path"] for error in errors if error["code"] == code]
            assert found == [path], login
        unknown = {"crm": "rolodex", "login": {"clientCredentials": world.credentials}}
        (payload,) = (await world.client.ask(CONNECT, input=unknown)).values()
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [("CRM_UNKNOWN", ["crm"])]


async def test_rotating_refresh_tokens_are_each_used_once(world: World) -> None:
    """Five requests find that the session has expired. One of them gets new tokens, and the others use them."""
    oauth = world.salesforce.oauth
    oauth.app.rotates = True
    assert (await world.client.http.get(await world.browse(await world.login_url()))).status_code == 200
    for _ in range(3):
        world.salesforce.expire_sessions()
        before = world.salesforce.calls["token"]
        ask = '{ crmUsers(addresses: ["admin@acme.example"]) { name } }'
        answers = await asyncio.gather(*(world.client.ask(ask) for _ in range(5)))
        assert [answer["crmUsers"] for answer in answers] == [[{"name": "Ada Admin"}]] * 5
        assert world.salesforce.calls["token"] == before + 1
    assert (len(oauth.refresh), (await world.show())["state"]) == (1, "CONNECTED")
    # The answer to a refresh is lost. If Salesforce has ended the old token, somebody logs in again, and all goes on.
    retry = "mutation { retryCrm { connection { state } errors { code } } }"
    for fault, state in ((FaultKind.DROP_BEFORE, "CONNECTED"), (FaultKind.DROP_AFTER, "RECONNECT")):
        world.salesforce.expire_sessions()
        world.salesforce.faults.add(fault, on="token")
        assert "errors" in await world.client.raw(ask)
        assert (await world.show())["state"] == "FAILING"
        await world.client.raw(retry)
        await world.client.raw(ask)
        assert (await world.show())["state"] == state
    assert (await world.show())["problem"]["do"] == "Connect again."
    assert await Event.filter(kind="CRM_CONNECTION_LOST").count() == 1
    assert (await world.client.http.get(await world.browse(await world.login_url()))).status_code == 200
    assert (await world.client.ask(ask), (await world.show())["state"]) == (answers[0], "CONNECTED")
    # Somebody revokes the access in Salesforce: the connection says so, and what helps.
    oauth.refresh.clear()
    world.salesforce.expire_sessions()
    answer = await world.client.raw(ask)
    assert answer["errors"][0]["extensions"]["code"] == "EXPIRED_ACCESS"
    found = await world.show()
    assert (found["state"], found["problem"]["code"], found["problem"]["retryAt"]) == (
        "RECONNECT",
        "EXPIRED_ACCESS",
        None,
    )
    assert found["problem"]["do"] == "Connect again."
    answer = await world.client.raw(ask)
    assert answer["errors"][0]["extensions"]["code"] == "CRM_NOT_USABLE"
