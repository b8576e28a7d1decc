"""Tasks are synced with Salesforce while both sides change, calls fail, and processes are killed (kill -9).

At the end both sides are equal, field by field; no task is there twice, and no task and no change is lost.
"""

import asyncio
import os
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from api.clock import system_clock
from api.crm_states import CrmState
from api.models import CrmChange, CrmConnection, CrmTaskSync
from api.services.common.request_context import WorkspaceContext
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.database import close_database, open_database
from plugins.loading.manager import load
from tests.faults.crm_changes import Changes, compare
from tests.faults.hurried import hurry
from tests.faults.machines import Count
from tests.faults.scenarios import kind, processes_on
from tests.faults.ticker import TickProcess
from tests.salesforce.connecting import ENVIRONMENT, VARIABLES, add_people, add_senders, connect_to
from tests.salesforce.faults import LIMIT_EXCEEDED, LOCKED_ROW, UNAVAILABLE, Fault, FaultKind
from tests.salesforce.org import Org
from tests.salesforce.server import COLLECTIONS, SalesforceServer
from tests.services.crm.retries import retry_all

FAULTS = (
    Fault(FaultKind.SESSION_EXPIRES), Fault(FaultKind.DROP_BEFORE), Fault(FaultKind.DROP_AFTER),
    Fault(FaultKind.TRUNCATE), Fault(FaultKind.HANG_BEFORE), Fault(FaultKind.HANG_AFTER), UNAVAILABLE, LIMIT_EXCEEDED,
    Fault(FaultKind.FAIL_ROWS, rows=(0, 2), error=LOCKED_ROW),
)  # fmt: skip
"""What goes wrong with one call in twelve: 401, broken connections, time-outs, 503, 403, locked rows."""
FAULT_RATE = 1 / 12
CHANGE_EVERY = 0.05
"""Seconds between two changes."""
BETWEEN_KILLS = 3.0
"""The longest time from the first call of new processes to their end."""
SETTLE_SECONDS = 120.0
"""The longest wait without progress."""
PEOPLE = 5


@dataclass
class Killing:
    """The processes, and when they are killed: at a random time, or while Salesforce carries out a write."""

    chance: random.Random
    server: SalesforceServer
    url: str
    folder: Path
    running: list[TickProcess] = field(default_factory=list)
    started: int = 0
    at_write: bool = False
    """Whether the next call that writes ends all processes, before they get the answer."""

    def start(self, count: int) -> None:
        """Start processes until so many run."""
        environment = {
            **os.environ,
            "TOUCHLINE_DATABASE_URL": self.url,
            "TOUCHLINE_POLL_SECONDS": "0.1",
            **VARIABLES,
        }
        while len(self.running) < count:
            self.started += 1
            log = self.folder / f"p{self.started}.log"
            self.running.append(TickProcess(environment, log, prepare=hurry))

    def fault(self, call: str) -> Fault | None:
        """Decide what happens to a call."""
        if self.at_write and call in COLLECTIONS:
            self.at_write = False
            for process in self.running:
                process.kill()
        if self.chance.random() < FAULT_RATE and call not in {"token", "revoke"}:
            return replace(self.chance.choice(FAULTS))
        return None

    async def kill(self, number: int) -> None:
        """Kill processes, once they have made a call. Every third kill is in the middle of a write, of all."""
        before = self.server.calls.total()
        await _until(lambda: self.server.calls.total() > before, f"no process calls; see {self.folder}")
        self.at_write = number % 3 == 0
        if self.at_write:
            await _until(lambda: not self.at_write, f"no process writes; see {self.folder}")
        else:
            await asyncio.sleep(self.chance.uniform(0, BETWEEN_KILLS))
            self.running[0].kill()
        for process in [each for each in self.running if number % 3 == 0 or each is self.running[0]]:
            await process.wait()
            self.running.remove(process)

    async def end(self) -> None:
        """End all processes."""
        for process in self.running:
            process.kill()
            await process.wait()
        self.running.clear()


async def synced(url: str, kills: int, *, external_id: bool) -> Count:
    """Kill processes so many times while tasks are synced. Compare all tasks at the end."""
    how = "the marker field" if external_id else "no marker field"
    result = Count(f"kill -9 while tasks are synced, {how}", kind(url))
    folder = Path(tempfile.mkdtemp(prefix="touchline-crm-"))
    chance = random.Random(13 + external_id)
    async with _world(url, chance, external_id=external_id) as (changes, server):
        killing = Killing(chance, server, url, folder)
        began = time.monotonic()
        killing.start(processes_on(url))
        server.faults.choose = killing.fault
        busy = asyncio.create_task(_change(changes))
        try:
            while result.times < kills:
                await killing.kill(result.times)
                result.times += 1
                killing.start(processes_on(url))
            changes.ended = True
            await busy
            faults = len(server.faults.happened)
            server.faults.clear()
            await _settle(changes.context, server.org, str(folder))
        finally:
            busy.cancel()
            await killing.end()
        result.seconds = time.monotonic() - began
        found = await compare(changes)
    result.sends, result.sent, result.duplicates, result.lost = found.tasks, found.equal, found.twice, len(found.lost)
    result.wrong += found.lost[:20]
    result.notes.append(f"{changes.done} changes, {server.calls.total()} calls, {faults} faults")
    if result.good:
        shutil.rmtree(folder)
    return result


@asynccontextmanager
async def _world(
    url: str, chance: random.Random, *, external_id: bool
) -> AsyncIterator[tuple[Changes, SalesforceServer]]:
    """Connect a workspace with two senders to an org whose clock is wrong."""
    org = Org(external_id=external_id, now=system_clock)
    org.clock.skew = timedelta(minutes=chance.choice((-90, 3, 200)))
    server = SalesforceServer(org)
    server.api_limit = 10_000_000
    await open_database(url)
    try:
        async with server.running():
            workspace = await create_workspace("Synced", system_clock())
            context = WorkspaceContext(workspace, load(VARIABLES), system_clock, lambda: None, crm=ENVIRONMENT)
            users = await add_senders(context, server, "g", "h")
            people = await add_people(context, server, PEOPLE)
            await connect_to(context, server)
            yield Changes(chance, context, org, people, users), server
    finally:
        await close_database()


async def _change(changes: Changes) -> None:
    while not changes.ended:
        await changes.change()
        await asyncio.sleep(CHANGE_EVERY)


async def _settle(context: WorkspaceContext, org: Org, folder: str) -> None:
    """Wait until nothing waits any more, and all that has changed in Salesforce was looked for.

    Its clock advances, because a deletion is shown when its minute has ended. A process whose last call was before that
    asks for deletions until the old time, so the time until which all are known has to be later.
    """
    ended = org.time()
    org.clock.skew += timedelta(minutes=2)
    for _ in range(2):  # what was pulled may have to be pushed, and the other way round
        now = system_clock()
        until, before = time.monotonic() + SETTLE_SECONDS, ""
        while True:
            await retry_all(context.workspace_id, system_clock())
            state = await CrmTaskSync.get(id=context.workspace_id)
            connection = await CrmConnection.get(workspace_id=context.workspace_id)
            waiting = await CrmChange.filter(workspace_id=context.workspace_id).count()
            pulled = [at is not None and at > now for at in (state.pulled_at, state.pulled_deletions_at)]
            pulled.append(state.deletions_since > ended)
            if not waiting and all(pulled) and connection.state is CrmState.CONNECTED:
                break
            described = f"{waiting} changes wait, pulled: {pulled}, {connection.state} {connection.code}"
            if described != before:
                until, before = time.monotonic() + SETTLE_SECONDS, described
            assert time.monotonic() < until, f"{described}; see {folder}"
            await asyncio.sleep(0.2)


async def _until(done: Callable[[], bool], message: str) -> None:
    until = time.monotonic() + SETTLE_SECONDS
    while not done():
        assert time.monotonic() < until, message
        await asyncio.sleep(0.01)
