"""From nothing to a synced task: a workspace connects to Salesforce, and its job syncs both ways."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.models import CrmConnection, CrmTask, Sender, Task
from api.services.common.metrics import Metrics
from api.services.crm.connections.connecting import connect
from api.services.crm.connections.settings import update_settings
from api.services.crm.syncing.sync_job import CRM_SYNC
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.people.people import create_person
from api.services.tasks.manual_tasks import create_task
from api.services.workspaces.senders import create_sender
from plugins.crms.salesforce.crm import Salesforce
from plugins.loading.extension_points import CRMS
from strategies import StepType
from tests.plugins.crms.salesforce.connecting import LIMITS
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer
from tests.services.crm.stub_crm import StubCrm, given, make_context

ONE_DATABASE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@ONE_DATABASE
@pytest.mark.usefixtures("database")
async def test_a_workspace_connects_to_salesforce_and_its_tasks_are_synced() -> None:
    later = timedelta(0)

    def now() -> datetime:
        return datetime.now(UTC) + later  # noqa: TID251

    org = Org(now=now)
    limits = replace(LIMITS, silence_seconds=10, total_seconds=20)
    async with SalesforceServer(org).running() as server:
        server.oauth.app.run_as = org.admin
        context = await make_context(StubCrm(), now)
        crms: dict[str, Any] = {"salesforce": Salesforce(loopback=True, limits=limits)}
        installed = replace(context.installed, registries={**context.installed.registries, CRMS.hook: crms})
        context = replace(context, installed=installed, crm=replace(context.crm, allows_loopback=True))
        owner = org.add_user("g@acme.example", "G")
        await create_sender(context, name="G", email="g@acme.example", zone="UTC", channel="outbox")
        app = {"login_url": server.url, "client_id": server.oauth.app.client_id}
        secret = {"client_secret": server.oauth.app.client_secret}
        await connect(context, "salesforce", given("client_credentials", **app, **secret))
        await update_settings(context, "salesforce", {"sync_tasks": True})
        lead = org.create("Lead", {"LastName": "Byron", "Company": "Acme", "Email": "ada@example.com"})
        person = await create_person(context, email="ada@example.com")
        sender = await Sender.get()
        task = await create_task(
            context, person_id=person.id, assignee_id=sender.id, kind=StepType.CALL, name="First call",
            due_date=context.now.date(), details="Ask",
        )  # fmt: skip
        runner = JobRunner((CRM_SYNC,), JobRuntime(lambda _: context, now), Metrics())
        while await runner.run_next():
            pass
        connection, link = await CrmConnection.get(), await CrmTask.get()
        assert (connection.state, connection.code, link.state) == ("CONNECTED", "", "SYNCED")
        (row,) = org.records("Task")
        assert (row["Subject"], row["Status"], row["Description"]) == ("Call: First call", "Not Started", "Ask")
        assert (row["OwnerId"], row["WhoId"], row["Touchline_Id__c"]) == (owner, lead, task.id)
        assert str(link.url).endswith(f"/{link.remote_id}")

        org.update(row["Id"], {"Status": "Completed"})
        org.create("Task", {"Subject": "Theirs", "WhoId": lead, "OwnerId": owner, "ActivityDate": "2030-01-02"})
        later = timedelta(minutes=3)
        while await runner.run_next():
            pass
        assert sorted([(row.name, row.status.value) for row in await Task.all()]) == [
            ("First call", "COMPLETED"), ("Theirs", "OPEN"),
        ]  # fmt: skip
        await runner.close()
