"""A database full of emails that are due, processes that send them, and the count at the end."""

import asyncio
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from api.clock import system_clock
from api.models import Event, Send
from api.states import PENDING_STATUSES
from api.store.engine.database import close_database, open_database
from tests.faults.authoring import author
from tests.faults.sink import Sink
from tests.faults.threads import wrong_threads
from tests.faults.ticker import TickProcess

LEASE = 2.0
CONNECTIONS = 10
CONNECT_SECONDS = 240.0
"""How long a process may take until it connects. It first waits up to a minute for answers that came before."""
IDLE_SECONDS = 120.0
"""The longest wait without progress. A slow machine takes longer for all emails, but not for the next one."""


@dataclass
class Count:
    """What the database says at the end, held against what the mail server received."""

    fault: str
    database: str
    times: int = 0
    sends: int = 0
    sent: int = 0
    in_doubt: int = 0
    lost: int = 0
    duplicates: int = 0
    allowed_doubts: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing was lost, nothing doubled, every doubt is allowed, and nothing else was wrong."""
        return not (self.lost or self.duplicates or self.wrong or self.in_doubt > self.allowed_doubts)


@dataclass
class Machines:
    """Processes of ``touchline tick`` on one database, and the mail server that they write to."""

    url: str
    sink: Sink
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Further variables of the processes."""
    processes: list[TickProcess] = field(default_factory=list)

    async def start(self, skew: float = 0.0) -> TickProcess:
        """Start one more process, which greets the sink as p0, p1 and so on."""
        name = f"p{len(self.processes)}"
        environment = {
            **os.environ,
            "TOUCHLINE_DATABASE_URL": self.url,
            "TOUCHLINE_SMTP_URL": f"smtp://127.0.0.1:{self.sink.port}?security=none&helo={name}&connections={CONNECTIONS}",
            "TOUCHLINE_LEASE_SECONDS": str(LEASE),
            "TOUCHLINE_POLL_SECONDS": "0.5",
            **self.environment,
        }
        process = TickProcess(environment, self.folder / f"{name}.log", skew)
        self.processes.append(process)
        return process

    async def busy(self, process: TickProcess) -> bool:
        """Wait until a process has connected to the sink. False: nothing is left to do."""
        until, name = time.monotonic() + CONNECT_SECONDS, f"p{self.processes.index(process)}"
        while name not in self.sink.greeted:
            if await self.waiting() == 0:
                return False
            assert time.monotonic() < until, f"no process has connected; see {self.folder}"
            await asyncio.sleep(0.05)
        return True

    async def waiting(self) -> int:
        """Count the emails that are planned for now or earlier and have not come to an end.

        A follow-up that waits for the previous email is due a little later than it is planned.
        """
        return await Send.filter(status__in=PENDING_STATUSES, planned_at__lte=system_clock()).count()

    async def finish(self) -> None:
        """Wait until nothing is due any more, then end the processes."""
        until, before = time.monotonic() + IDLE_SECONDS, (0, 0)
        while True:
            try:
                state = await self.waiting(), self.sink.total
                if state[0] == 0:
                    break
                if state != before:
                    until, before = time.monotonic() + IDLE_SECONDS, state
            except Exception:
                if time.monotonic() > until:
                    raise
            assert time.monotonic() < until, f"{before[0]} emails wait for ever; see {self.folder}"
            await asyncio.sleep(0.2)
        await self.end()

    async def end(self) -> None:
        """End every process in good order, or at once when it does not."""
        for process in self.processes:
            if process.returncode is None:
                process.terminate()
        for process in self.processes:
            try:
                await asyncio.wait_for(process.wait(), 30)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def count(self, into: Count) -> Count:
        """Hold the database against the sink."""
        now = system_clock()
        rows = await Send.filter(planned_at__lte=now).values_list("id", "status")
        status = {str(send_id): str(state) for send_id, state in rows}
        states, taken = Counter(status.values()), self.sink.received
        into.sends, into.sent, into.in_doubt = len(rows), states["SENT"], states["IN_DOUBT"]
        into.lost = sum(state not in {"SENT", "IN_DOUBT"} for state in status.values())
        into.lost += sum(state == "SENT" and not taken[send_id] for send_id, state in status.items())
        into.duplicates = sum(times - 1 for times in taken.values())
        if unknown := [send_id for send_id in taken if status.get(send_id) not in {"SENT", "IN_DOUBT"}]:
            into.wrong.append(f"{len(unknown)} arrived that the database takes for unsent")
        for state, kind in (("SENT", "EMAIL_SENT"), ("IN_DOUBT", "EMAIL_IN_DOUBT")):
            told = Counter(await Event.filter(kind=kind).values_list("send_id", flat=True))
            if unseen := [send_id for send_id, now in status.items() if now == state and told[send_id] != 1]:
                into.wrong.append(f"{len(unseen)} that are {state} do not stand in the feed just once")
        into.wrong += await wrong_threads(self.sink, now)
        return into


@asynccontextmanager
async def machines(
    url: str,
    emails: int,
    sink: Sink,
    fill: Callable[[int], Awaitable[None]] = author,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Machines]:
    """Open the database, fill it, and run the sink; end every process afterwards."""
    with _folder() as folder:
        await open_database(url)
        try:
            await fill(emails)
            async with sink.running():
                made = Machines(url, sink, folder, environment or {})
                try:
                    yield made
                finally:
                    for process in made.processes:
                        if process.returncode is None:
                            process.kill()
                            await process.wait()
        finally:
            await close_database()


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder for logs, which stays when something went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="touchline-faults-"))
    yield folder
    shutil.rmtree(folder)


def paced(rate: float, at_once: int, seed: int = 1) -> Sink:
    """Return a sink that takes about ``rate`` emails a second when so many are under way at once."""
    chance, mean = random.Random(seed), at_once / rate
    return Sink(lambda: chance.uniform(0, 2 * mean))


def spread(times: Sequence[float]) -> str:
    """Say the median and the longest of some durations."""
    ordered = sorted(times)
    return f"{ordered[len(ordered) // 2]:.1f} s (median), {ordered[-1]:.1f} s at most" if ordered else "none"
