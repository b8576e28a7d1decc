"""Connects workspaces to a local Salesforce, as an admin does, with everybody in both."""

from typing import Any

from api.services.common.crm_environment import CrmEnvironment
from api.services.common.encryption import Encryption
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.access_values import GivenValues
from api.services.crm.connections.connecting import connect
from api.services.crm.connections.settings import update_settings
from api.services.people.people import create_person
from api.services.workspaces.senders import create_sender
from plugins.crms.urls import LOOPBACK_SETTING
from tests.salesforce.oauth import App
from tests.salesforce.server import SalesforceServer

KEY = "a-key-for-the-secrets-of-the-tests-0123456789-abcdef"
VARIABLES = {"TOUCHLINE_ENCRYPTION_KEY": KEY, LOOPBACK_SETTING: "on"}
"""The settings of a process that connects to a local Salesforce."""
ENVIRONMENT = CrmEnvironment(Encryption((KEY,)), "https://touchline.example", allows_loopback=True)


async def add_senders(context: WorkspaceContext, server: SalesforceServer, *names: str) -> dict[str, str]:
    """Create senders who are users of the org. Returns the users by sender."""
    users = {}
    for name in names:
        row = await create_sender(context, name=name, email=f"{name}@example.com", zone="UTC", channel="outbox")
        users[row.id] = server.org.add_user(row.email)
    return users


async def add_people(context: WorkspaceContext, server: SalesforceServer, count: int) -> dict[str, str]:
    """Create people who are contacts of the org. Returns the contacts by person."""
    people = {}
    for number in range(count):
        person = await create_person(context, email=f"p{number}@example.com")
        people[person.id] = server.org.create("Contact", {"LastName": f"P{number}", "Email": person.email})
    return people


async def connect_to(context: WorkspaceContext, server: SalesforceServer, **settings: Any) -> None:
    """Connect a workspace by client credentials, and sync its tasks under their own names."""
    server.oauth.app.run_as = server.oauth.app.run_as or server.org.admin
    await connect_to_url(context, server.url, server.oauth.app, **settings)


async def connect_to_url(context: WorkspaceContext, url: str, app: App, **settings: Any) -> None:
    """Do the same with a Salesforce in another process."""
    given = {"login_url": url, "client_id": app.client_id, "client_secret": app.client_secret}
    way = GivenValues("client_credentials", given, lambda key: ("input", key), ("input", "way"))
    await connect(context, "salesforce", way)
    usual = {"subject_pattern": "{{activity_subject}}", "sync_tasks": True}
    await update_settings(context, "salesforce", usual | settings)
