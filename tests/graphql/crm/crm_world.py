"""A workspace, and a local Salesforce to which it can be connected."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from api.clock import system_clock
from api.store.engine.sql import execute
from tests.client import SECRET, Client, new_client, serving
from tests.live import PATIENCE
from tests.plugins.crms.salesforce.connecting import pem, rsa_key
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer
from tests.services.crm.stub_crm import KEY

PUBLIC_URL = "https://touchline.example"
ENVIRONMENT = {
    "TOUCHLINE_ENCRYPTION_KEY": KEY,
    "TOUCHLINE_CRM_LOOPBACK": "on",
    "TOUCHLINE_PUBLIC_URL": PUBLIC_URL,
    "TOUCHLINE_SECRET": SECRET,
}
CONNECTION = """{ crm way state organization organizationId url loginUrl apiVersion isSandbox user { id name }
  connectedAt disconnectedAt keptUntil syncedAt nextAttemptAt problem { code message detail do failures retryAt }
  apiUse { used limit share } backlog { kind waiting failed } settings { apiShare } }"""
CONNECT = f"""mutation ($input: CrmConnectionInput!) {{
  connectCrm(input: $input) {{ connection {CONNECTION} errors {{ code message path }} }} }}"""
START = """mutation ($input: CrmUserLoginInput!) {
  startCrmConnection(input: $input) { url expiresAt errors { code message path } } }"""
BROKEN_KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
SHOW = f"query ($sender: ID) {{ crmConnection(senderId: $sender) {CONNECTION} }}"
DISCONNECT = f"""mutation ($waiting: CrmWaitingChanges!, $days: Int, $sender: ID) {{
  disconnectCrm(waiting: $waiting, keepDays: $days, senderId: $sender) {{
    connection {CONNECTION} revoked backlog {{ kind waiting failed }} errors {{ code message path }} }} }}"""


@dataclass
class World:
    """A workspace, and a Salesforce whose app accepts it in every way."""

    client: Client
    salesforce: SalesforceServer

    @property
    def credentials(self) -> dict[str, str]:
        app = self.salesforce.oauth.app
        return {"loginUrl": self.salesforce.url, "clientId": app.client_id, "clientSecret": app.client_secret}

    @property
    def jwt(self) -> dict[str, str]:
        return {
            "loginUrl": f"{self.salesforce.url}/",
            "clientId": self.salesforce.oauth.app.client_id,
            "username": "admin@acme.example",
            "privateKey": pem(rsa_key()),
        }

    async def connect(self, **login: Any) -> dict[str, Any]:
        (payload,) = (await self.client.ask(CONNECT, input={"login": login})).values()
        return payload

    async def login_url(self, **more: Any) -> str:
        app = self.salesforce.oauth.app
        given = {"loginUrl": self.salesforce.url, "clientId": app.client_id, "clientSecret": app.client_secret} | more
        return await self.client.do(START, "url", input=given)

    async def browse(self, url: str) -> str:
        """Log in at Salesforce, and return the path to which it sends the browser."""
        async with httpx.AsyncClient(timeout=PATIENCE) as browser:
            answer = await browser.get(url)
        location = answer.headers["Location"]
        assert location.startswith(f"{PUBLIC_URL}/crm/callback?")
        return location.removeprefix(PUBLIC_URL)

    async def show(self, sender: str | None = None) -> Any:
        return (await self.client.ask(SHOW, sender=sender))["crmConnection"]


@asynccontextmanager
async def running(database_url: str, **more: str) -> AsyncIterator[World]:
    async with SalesforceServer(Org(now=system_clock)).running() as salesforce:
        app = salesforce.oauth.app
        app.public_key, app.callback = rsa_key().public_key(), f"{PUBLIC_URL}/crm/callback"
        app.approved.add("admin@acme.example")
        app.run_as = salesforce.org.admin
        async with serving(database_url, ENVIRONMENT | more) as http:
            yield World(await new_client(http, system_clock(), sandbox=False), salesforce)


async def dump() -> str:
    """Every value of the tables of CRMs."""
    tables = ("crm_connection", "crm_settings", "crm_user", "crm_login", "event", "job")
    return json.dumps([[dict(row) for row in await execute(f"SELECT * FROM {table}")] for table in tables], default=str)


def secrets_of(world: World) -> list[str]:
    """All secrets of the connection, without the lines around the key."""
    oauth = world.salesforce.oauth
    lines = [line for line in pem(rsa_key()).splitlines() if not line.startswith("-")]
    return [oauth.app.client_secret, *oauth.access, *oauth.refresh, *lines[:3], KEY]


async def make_sender(world: World, email: str) -> str:
    """Create a sender through the API."""
    mutation = """mutation ($email: String!) { createSender(input: {name: "S", email: $email, zone: "UTC"}) {
      sender { id } errors { message } } }"""
    return str((await world.client.do(mutation, "sender", email=email))["id"])
