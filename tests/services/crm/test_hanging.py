"""A Salesforce that never answers delays nothing but its own workspace, and each call of it has a time-out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from api.clock import system_clock
from api.crm_states import CrmState
from api.make_runtime import make_ticker
from api.models import CrmConnection, Person, Send, Task
from api.services.common.metrics import Metrics
from api.services.common.request_context import WorkspaceContext
from api.services.crm.syncing.sync_job import CRM_SYNC
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.people.imports import start_import
from api.services.tasks.manual_tasks import create_task
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings
from plugins.crms.salesforce.crm import Salesforce
from plugins.crms.salesforce.transport.limits import ClientLimits
from plugins.loading.extension_points import CRMS
from plugins.loading.manager import Installed, load
from strategies import StepType
from tests import story
from tests.client import Client, new_client, serving
from tests.salesforce.connecting import ENVIRONMENT, VARIABLES, add_people, add_senders, connect_to
from tests.salesforce.faults import FaultKind
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
LONG = ClientLimits()
SHORT = ClientLimits(silence_seconds=0.3, total_seconds=2)


def installed(limits: ClientLimits) -> Installed:
    found = load(VARIABLES)
    salesforce = Salesforce(loopback=True, limits=limits)
    return replace(found, registries={**found.registries, CRMS.hook: {salesforce.key: salesforce}})


async def add_task(context: WorkspaceContext, server: SalesforceServer) -> Task:
    """Connect a workspace, and create a task in it."""
    (sender,) = await add_senders(context, server, "g")
    (person,) = await add_people(context, server, 1)
    await connect_to(context, server)
    due = context.now.date()
    return await create_task(
        context, person_id=person, assignee_id=sender, kind=StepType.CALL, name="Call", due_date=due
    )


async def add_email(client: Client) -> str:
    """Send one email now through the API. Returns its id."""
    campaign = await story.campaign(client, await story.sender(client, zone="UTC"))
    email = {"type": "EMAIL", "sendOption": "choose_at_launch", "templateId": await story.template(client)}
    await story.step(client, campaign, day=1, **email)
    launch = {"campaignId": campaign, "personIds": [await story.person(client)], "sendNow": True}
    await client.do(story.LAUNCH, "enrollments", input=launch)
    return (await Send.get(workspace_id=client.workspace.id)).id


async def _is(found: object) -> object:
    return found


async def until(done: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(60):
        while not await done():  # noqa: ASYNC110 - several tasks do it
            await asyncio.sleep(0.01)


async def test_a_salesforce_that_never_answers_delays_nothing_else(database_url: str) -> None:
    environment = {**VARIABLES, "TOUCHLINE_POLL_SECONDS": "0.05"}
    async with (
        serving(database_url, environment) as http,
        SalesforceServer(Org(now=system_clock)).running() as silent,
        SalesforceServer(Org(now=system_clock)).running() as other,
    ):
        ticker = make_ticker(Settings.read(environment), installed(LONG))
        contexts = [ticker.runtime.context(await create_workspace(name, system_clock())) for name in ("A", "B")]
        tasks = [await add_task(each, server) for each, server in zip(contexts, (silent, other), strict=True)]
        client = await new_client(http, system_clock(), sandbox=False)
        silent.faults.add(FaultKind.HANG_BEFORE, times=1_000)
        loop = asyncio.create_task(ticker.run())
        try:
            await until(lambda: _is(silent.faults.happened))
            await until(lambda: _is(other.org.records("Task")))  # the connection of another workspace
            assert other.org.records("Task")[0]["Touchline_Id__c"] == tasks[1].id
            await start_import(contexts[0], "email\nada@example.com")  # other jobs of the same workspace
            contexts[0].wake()
            await until(lambda: Person.exists(email="ada@example.com", workspace_id=contexts[0].workspace_id))
            email = await add_email(client)  # the API, and the dispatch
            await until(lambda: Send.exists(id=email, status="SENT"))
            assert len(silent.faults.happened) == 1, "it is still waiting for the first answer"
            assert silent.org.records("Task") == []
        finally:
            ticker.stop()
            await loop


async def test_each_call_has_a_time_out(database: str) -> None:
    async with SalesforceServer(Org(now=system_clock)).running() as server:
        workspace = await create_workspace("A", system_clock())
        context = WorkspaceContext(workspace, installed(SHORT), system_clock, lambda: None, crm=ENVIRONMENT)
        await add_task(context, server)
        for call in ("describe", "query", "deleted", "token", "collection_create"):
            server.expire_sessions()
            server.faults.add(FaultKind.HANG_BEFORE, on=call)
            runner = JobRunner((CRM_SYNC,), JobRuntime(lambda _: context, system_clock), Metrics())
            await CrmConnection.all().update(retry_at=None)
            async with asyncio.timeout(60):
                while await runner.run_next():
                    pass
            await runner.close()
            row = await CrmConnection.get()
            assert (server.faults.happened[-1][1], row.state, row.code) == (call, CrmState.FAILING, "ANSWER_LOST")
            assert row.retry_at is not None
