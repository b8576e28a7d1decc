"""The sync of tasks with the local Salesforce: both ways, once only, in few API calls."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from api.models import CrmTask, Sender, Task
from api.services.crm.tasks.pull import pull_changes, pull_deletions
from api.services.crm.tasks.push import push_tasks
from api.services.crm.tasks.sync_context import TaskOrg
from api.store.crm import task_sync
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.session import SalesforceSession
from plugins.crms.salesforce.transport.limits import ClientLimits
from tests.plugins.crms.salesforce.connecting import connected
from tests.salesforce.faults import FaultKind
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer
from tests.services.crm.synced_world import SyncedWorld, synced_world

TASKS = 250
pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.parametrize("database_kind", ["sqlite"])]
LIMITS = ClientLimits()


@dataclass
class Both:
    """A workspace and an org of Salesforce that are synced."""

    world: SyncedWorld
    org: TaskOrg
    server: SalesforceServer
    rest: RestClient

    def before(self, kind: str, act: Callable[[], None]) -> None:
        """Let something happen just before the next call of a kind is carried out."""

        def choose(call: str) -> None:
            if call == kind:
                self.server.faults.choose = None
                act()

        self.server.faults.choose = choose

    async def settle(self) -> None:
        """Sync both ways until neither side has changes."""
        await self.pull()
        await self.push()
        await self.pull()

    async def push(self) -> None:
        while await push_tasks(self.org, self.world.now):
            pass

    async def pull(self) -> None:
        state = await task_sync.state_of(self.org.context.workspace_id)
        assert state is not None
        async for _ in pull_changes(self.org, state.changes_since, self.world.now):
            pass
        async for _ in pull_deletions(self.org, state.deletions_since, self.world.now):
            pass


@asynccontextmanager
async def both(*, external_id: bool = True, skew: timedelta = timedelta(0)) -> AsyncIterator[Both]:
    world = await synced_world(marker_is_unique=external_id)
    sf_org = Org(external_id=external_id, now=lambda: world.now)
    sf_org.clock.skew = skew
    users = {sender.id: sf_org.add_user(f"{sender.id}@acme.example") for sender in await Sender.all()}
    people = await Contacts.of(sf_org)
    async with SalesforceServer(sf_org).running() as server, connected(server, LIMITS) as (session, host):
        host.now = lambda: world.now  # type: ignore[method-assign]
        assert isinstance(session, SalesforceSession)
        org = replace(world.org, session=session, users=users, people=people, marker_is_unique=external_id)
        yield Both(world, org, server, session.rest)


class Contacts:
    """Every person is one contact."""

    def __init__(self, contact: str) -> None:
        self.contact = contact

    @classmethod
    async def of(cls, org: Org) -> "Contacts":
        return cls(org.create("Contact", {"LastName": "Lovelace"}))

    async def records_of(self, person_ids: object) -> dict[str, str]:
        return dict.fromkeys(person_ids, self.contact)  # type: ignore[call-overload,no-any-return]

    async def people_of(self, remote_ids: object) -> dict[str, str]:
        return {}


async def test_many_tasks_are_synced_in_few_calls() -> None:
    async with both() as found:
        tasks = [await found.world.task(f"Call {number}", details="x\n\n") for number in range(TASKS)]
        await found.push()
        rows = {row["Touchline_Id__c"]: row for row in found.server.org.records("Task")}
        assert set(rows) == {task.id for task in tasks}
        assert found.server.api_used / TASKS <= 0.02
        found.server.org.update(rows[tasks[0].id]["Id"], {"Status": "Completed"})
        found.server.org.update(rows[tasks[1].id]["Id"], {"ActivityDate": "2030-01-01", "Priority": "High"})
        found.server.org.delete(rows[tasks[2].id]["Id"])
        found.world.later = timedelta(minutes=2)
        await found.pull()
        await found.push()
        assert (await Task.get(id=tasks[0].id)).status == "COMPLETED"
        changed = await Task.get(id=tasks[1].id)
        assert (str(changed.due_date), changed.priority) == ("2030-01-01", "HIGH")
        assert not await Task.exists(id=tasks[2].id, status="OPEN")
        assert found.server.api_used / TASKS <= 0.04
        assert {row["Status"] for row in found.server.org.records("Task")} == {"Completed", "Not Started"}
        assert len(found.server.org.records("Task")) == TASKS - 1


@pytest.mark.parametrize("external_id", [True, False])
@pytest.mark.parametrize("fault", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
async def test_a_task_is_created_once(external_id: bool, fault: FaultKind) -> None:
    async with both(external_id=external_id, skew=timedelta(hours=2)) as found:
        task = await found.world.task("Call Ada")
        found.server.faults.add(fault, on="collection_create")
        with pytest.raises(CrmError):
            await found.push()
        for minutes in (2, 15, 60):
            found.world.later = timedelta(minutes=minutes)
            await found.push()
        (row,) = found.server.org.records("Task")
        link = await CrmTask.get(id=task.id)
        assert (row["Id"], row["Subject"]) == (link.remote_id, "Call Ada")
