"""A connected workspace whose background job syncs with an organization in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar

from api.models import Sender, Task
from api.services.common.metrics import Metrics
from api.services.common.request_context import WorkspaceContext
from api.services.crm.syncing.sync_job import CRM_SYNC
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.people.people import create_person
from api.services.tasks.manual_tasks import create_task
from api.services.workspaces.senders import create_sender
from plugins import ApiUse, CrmAccess, CrmHost, CrmIdentity, CrmSession, RemoteUser
from plugins.crms.access import CrmCapabilities
from plugins.crms.people_and_activities import PersonKind, RemotePerson
from strategies import StepType
from tests.services.crm.memory_org import MemoryOrg, MemorySession
from tests.services.crm.stub_crm import IDENTITY, StubCrm, connected, make_context
from tests.services.crm.synced_world import real_now


class Session(MemorySession):
    """Asks the host before each call, and knows one user and one contact."""

    def __init__(self, org: MemoryOrg, host: CrmHost) -> None:
        super().__init__(org)
        self.host = host

    async def _call(self, name: str) -> None:
        await self.host.before_call()
        await super()._call(name)

    async def identify(self) -> CrmIdentity:
        return IDENTITY

    async def limits(self) -> ApiUse | None:
        return None

    async def describe(self) -> CrmCapabilities:
        await self._call("describe")
        return CrmCapabilities(marker_is_unique=self.org.marker_is_unique)

    async def find_users(self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()) -> Any:
        return [RemoteUser("005G", "g@example.com", "G"), RemoteUser("005H", "h@example.com", "H")]

    async def find_people(self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()) -> Any:
        await self._call("find_people")
        ada = RemotePerson("003ADA", PersonKind.CONTACT, "ada@example.com", real_now(), real_now())
        return [ada] if "003ADA" in remote_ids or "ada@example.com" in addresses else []


@dataclass
class SyncedCrm(StubCrm):
    """A CRM with one organization in memory."""

    org: MemoryOrg = field(default_factory=MemoryOrg)
    deletions_days: ClassVar[int] = 15

    @asynccontextmanager
    async def open(self, access: CrmAccess, host: CrmHost) -> AsyncIterator[CrmSession]:
        yield Session(self.org, host)


class Server:
    """A workspace with this CRM, and the runner of its jobs. ``later`` is the time that has passed."""

    def __init__(self, context: WorkspaceContext, crm: SyncedCrm) -> None:
        self.later = timedelta(0)
        self.context = replace(context, clock=self.now)
        self.crm = crm
        crm.org.now = self.now
        self.restart()

    def now(self) -> Any:
        return real_now() + self.later

    def restart(self) -> None:
        """Begin a new process."""
        self.metrics = Metrics()
        runtime = JobRuntime(lambda _: self.context, self.now, metrics=self.metrics)
        self.runner = JobRunner((CRM_SYNC,), runtime, self.metrics)

    async def run(self, **later: float) -> list[str]:
        """Run jobs after some time. Returns the calls of the CRM."""
        self.later += timedelta(**later)
        self.crm.org.calls.clear()
        while await self.runner.run_next():
            pass
        return list(self.crm.org.calls)

    async def task(self, name: str) -> Task:
        ada = await create_person(self.context, email="ada@example.com") if not self.person else self.person
        self.person = ada
        sender = await Sender.all().order_by("id").first()
        assert sender is not None
        return await create_task(
            self.context, person_id=ada.id, assignee_id=sender.id, kind=StepType.CALL, name=name,
            due_date=self.context.now.date(),
        )  # fmt: skip

    person: Any = None


async def start(crm: SyncedCrm | None = None) -> Server:
    crm = crm or SyncedCrm()
    server = Server(await make_context(crm, real_now), crm)
    await create_sender(server.context, name="G", email="g@example.com", zone="UTC", channel="outbox")
    await connected(server.context)
    return server
