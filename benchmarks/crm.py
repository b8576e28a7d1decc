"""The first push of many tasks to a local Salesforce, and the pull of as many changes: API calls, seconds, memory.

Salesforce runs in a process of its own. Each task is about another person, whom Salesforce was never asked about.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from api.clock import system_clock
from api.ids import new_id
from api.models import CrmChange, CrmTask, CrmTaskSync, Person, Task
from api.services.common.metrics import Metrics
from api.services.common.request_context import WorkspaceContext
from api.services.crm.syncing.sync_job import CRM_SYNC
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.states import Priority
from api.store.engine.database import close_database, is_postgres, migrate, open_database
from benchmarks.world import people, row
from plugins.loading.manager import load
from strategies import StepType
from tests.salesforce.connecting import ENVIRONMENT, VARIABLES, connect_to_url
from tests.salesforce.oauth import App
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer

MAX_CALLS = 0.02
"""Calls of the API for each task."""
CHUNK = 1_000
SENDER = "g@example.com"


class _Salesforce:
    """A Salesforce in another process, as the benchmark sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.url: str = connection.recv()

    def ask(self, what: str, *values: Any) -> Any:
        """Let it do something, and return the answer."""
        self._connection.send((what, values))
        return self._connection.recv()


@contextmanager
def _salesforce() -> Iterator[_Salesforce]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield _Salesforce(ours)
    finally:
        process.kill()
        process.join()


def _serve(connection: Connection) -> None:
    asyncio.run(_served(connection))


async def _served(connection: Connection) -> None:
    org = Org(now=system_clock)
    org.add_user(SENDER)
    async with SalesforceServer(org, App(run_as=org.admin)).running() as server:
        connection.send(server.url)
        while True:
            what, values = await asyncio.to_thread(connection.recv)
            if what == "contacts":
                for number in range(1, values[0] + 1):
                    org.create("Contact", {"LastName": "L", "Email": f"{number}@example.com"})
            if what == "change":
                for record in org.records("Task"):
                    org.update(record["Id"], {"Priority": "High", "ActivityDate": "2031-02-03"})
            connection.send((server.api_used, len(org.records("Task"))))


async def measure(url: str, tasks: int) -> None:
    """Print what the push and the pull of so many tasks cost on one database."""
    await open_database(url)
    await migrate()
    kind = "PostgreSQL" if is_postgres() else "SQLite"
    with _salesforce() as salesforce:
        await _sync(kind, salesforce, tasks)
    await close_database()


async def _sync(kind: str, salesforce: _Salesforce, tasks: int) -> None:
    workspace = await create_workspace("Synced", system_clock())
    context = WorkspaceContext(workspace, load(VARIABLES), system_clock, lambda: None, crm=ENVIRONMENT)
    sender = await create_sender(context, name="G", email=SENDER, zone="UTC", channel="record")
    await people(workspace.id, tasks)
    salesforce.ask("contacts", tasks)
    await connect_to_url(context, salesforce.url, App())
    await _add_tasks(context, sender.id)

    async def push() -> None:
        await _run(context)
        assert not await CrmChange.exists()
        assert await CrmTask.filter(state="SYNCED").count() == tasks

    async def pull() -> None:
        await CrmTaskSync.all().update(pulled_at=None)
        await _run(context)
        assert await Task.filter(priority=Priority.HIGH, due_date="2031-02-03").count() == tasks
        assert not await CrmChange.exists()

    await _print(f"{kind}: first push of {tasks:,} tasks to Salesforce", salesforce, tasks, push)
    salesforce.ask("change")
    await _print(f"{kind}: pull of {tasks:,} changes from Salesforce", salesforce, tasks, pull)
    assert salesforce.ask("count")[1] == tasks


async def _add_tasks(context: WorkspaceContext, sender_id: str) -> None:
    """Create a task for each person, without the checks of the API."""
    due = (context.now + timedelta(days=1)).date()
    ids = await Person.filter(workspace_id=context.workspace_id).order_by("id").values_list("id", flat=True)
    for start in range(0, len(ids), CHUNK):
        rows = [
            Task(
                id=new_id("tsk"), workspace_id=context.workspace_id, person_id=person_id, assignee_id=sender_id,
                sandbox=False, type=StepType.CALL, name="Call", details="About the offer\n" * 5, due_date=due,
                priority=Priority.NORMAL,
            )
            for person_id in ids[start : start + CHUNK]
        ]  # fmt: skip
        await Task.bulk_create(rows)


async def _run(context: WorkspaceContext) -> None:
    """Run the job of the connection until it waits."""
    runner = JobRunner((CRM_SYNC,), JobRuntime(lambda _: context, system_clock), Metrics())
    while await runner.run_next():
        pass
    await runner.close()


async def _print(what: str, salesforce: _Salesforce, tasks: int, work: Callable[[], Awaitable[None]]) -> None:
    before, _ = salesforce.ask("count")
    _forget_peak()
    idle, began = _memory("VmRSS"), time.monotonic()
    await work()
    seconds, peak = time.monotonic() - began, _memory("VmHWM")
    calls = salesforce.ask("count")[0] - before
    row(what, f"{calls} calls, {seconds:.1f} s, {peak - idle:.0f} MB over idle",
        f"{MAX_CALLS} calls for each task: {tasks * MAX_CALLS:.0f}", calls / tasks / MAX_CALLS, "≤ 1")  # fmt: skip


def _forget_peak() -> None:
    """Reset the peak of the memory."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _memory(name: str) -> float:
    """Return a number about the memory of this process in MB, as Linux knows it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[name].split()[0]) / 1_000
