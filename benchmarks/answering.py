"""How long a small query and a small mutation take while the server sends, launches, imports, advances a sandbox."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from api.clock import system_clock
from api.models import Campaign, Workspace
from api.services.launches.background import background_launch
from api.services.launches.launch import Choice
from api.services.workspaces.tokens import issue_token
from api.store.engine.database import close_database, is_postgres, migrate, open_database
from benchmarks.world import author, enroll_all, people, row
from tests.ports import free_port

SMALL_QUERY = "{ workspace { name } }"
SMALL_MUTATION = (
    "mutation($id: ID!, $title: String!) { updatePerson(id: $id, input: { title: $title }) { errors { message } } }"
)
"""It changes a person in the workspace of the launch."""
IDLE_REQUESTS = 500
PAUSE_SECONDS = 0.005
"""Between two queries."""


class Asker:
    """A client of one workspace."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, query: str, **variables: Any) -> Any:
        """Return the data of an answer without errors."""
        body = {"query": query, "variables": variables}
        answer = (await self._http.post("/graphql", json=body, headers=self._headers)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def query_times(self, done: Callable[[], bool]) -> list[float]:
        """Ask the small query again and again. Returns the milliseconds of each answer."""
        return await self._times(done, lambda number: self.ask(SMALL_QUERY))

    async def mutation_times(self, done: Callable[[], bool], person_id: str) -> list[float]:
        """Change a person again and again. Returns the milliseconds of each answer."""

        async def change(number: int) -> None:
            answer = await self.ask(SMALL_MUTATION, id=person_id, title=f"Title {number}")
            assert not answer["updatePerson"]["errors"], answer

        return await self._times(done, change)

    async def _times(self, done: Callable[[], bool], ask: Callable[[int], Awaitable[Any]]) -> list[float]:
        found: list[float] = []
        while not done():
            began = time.perf_counter()
            await ask(len(found))
            found.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(PAUSE_SECONDS)
        return found


class _Times(NamedTuple):
    """The milliseconds of each answer."""

    queries: list[float]
    mutations: list[float]


class _Small:
    """Two clients side by side: one asks the small query, the other changes one person."""

    def __init__(self, asker: Asker, changer: Asker, person_id: str) -> None:
        self._asker = asker
        self._changer = changer
        self._person_id = person_id

    async def during(self, work: Awaitable[None]) -> _Times:
        """Measure until the work is done."""
        task = asyncio.ensure_future(work)
        found = await self._until(task.done, task.done)
        await task
        return found

    async def idle(self) -> _Times:
        """Measure IDLE_REQUESTS of each."""
        queries, mutations = iter(range(IDLE_REQUESTS)), iter(range(IDLE_REQUESTS))
        return await self._until(lambda: next(queries, None) is None, lambda: next(mutations, None) is None)

    async def _until(self, asked: Callable[[], bool], changed: Callable[[], bool]) -> _Times:
        return _Times(
            *await asyncio.gather(
                self._asker.query_times(asked), self._changer.mutation_times(changed, self._person_id)
            )
        )


@contextmanager
def server(url: str, log: Path, *options: str) -> Iterator[str]:
    """Run ``touchline serve``, with its tick loop unless an option says otherwise, on a free port. Yields its address."""
    port = free_port()
    environment = {**os.environ, "TOUCHLINE_DATABASE_URL": url, "TOUCHLINE_PORT": str(port), "TOUCHLINE_LOG_LEVEL": "WARNING",
                   "TOUCHLINE_MINUTE_COST": "1000000000"}  # fmt: skip
    with log.open("w") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "api", "serve", *options], env=environment, stdout=lines, stderr=lines
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def measure(url: str, emails: int, crowd: int, sandbox: int, folder: Path) -> None:
    """Print the 50th and 99th percentile of a small query during each kind of work."""
    await open_database(url)
    await migrate()
    kind = "PostgreSQL" if is_postgres() else "SQLite"
    (runtime, sending), (_, launching), (_, importing), (_, playing) = [await author("record", 2) for _ in range(4)]
    for campaign, number in ((sending, emails), (launching, crowd), (playing, sandbox)):
        await people(campaign.workspace_id, number)
    now = system_clock().replace(microsecond=0)
    await Workspace.filter(id=playing.workspace_id).update(sandbox=True, virtual_now=now)
    for campaign, choice in ((sending, Choice("NOW")), (playing, Choice(now + timedelta(hours=1)))):
        context = runtime.context(await Workspace.get(id=campaign.workspace_id))
        await enroll_all(await background_launch.start_launch(context, campaign.id, None, choice), runtime)
    campaigns = {"sending": sending, "launching": launching, "importing": importing, "playing": playing}
    tokens = {name: await _token(campaign) for name, campaign in campaigns.items()}
    await close_database()
    with server(url, folder / "server.log") as address:
        async with httpx.AsyncClient(base_url=address, timeout=120) as http:
            await _ready(http, folder / "server.log")
            clients = {name: Asker(http, token) for name, token in tokens.items()}
            small = _Small(clients["importing"], clients["launching"], f"per_{launching.workspace_id}1")
            busy = {f"dispatch of {emails:,}": await small.during(_sent(clients["sending"]))}
            idle = await small.idle()
            busy[f"a launch of {crowd:,}"] = await small.during(_launch(clients["launching"], launching.id))
            busy[f"an import of {crowd:,}"] = await small.during(_import(clients["importing"], crowd))
            busy[f"a sandbox of {sandbox:,} emails"] = await small.during(_advance(clients["playing"], now))
    for what, found in busy.items():
        for name, times, alone in (
            ("query", found.queries, idle.queries),
            ("mutation", found.mutations, idle.mutations),
        ):
            row(f"{kind}: small {name} during {what}", _percentiles(times), f"idle: {_percentiles(alone)}",
                _p99(times) / _p99(alone), "p99 ≤ 50 ms")  # fmt: skip


async def _token(campaign: Campaign) -> str:
    return await issue_token(await Workspace.get(id=campaign.workspace_id), "bench", system_clock())


async def _ready(http: httpx.AsyncClient, log: Path) -> None:
    """Wait until the server can answer, half a minute at most."""
    for _ in range(600):
        try:
            if (await http.get("/ready")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.05)
    raise TimeoutError(_text(log))


def _text(log: Path) -> str:
    return log.read_text()


async def _sent(client: Asker) -> None:
    """Wait until the first email of each person is sent. The second one is due tomorrow."""
    while (numbers := await _by_folder(client))["SENT"] < numbers["PENDING"]:
        await asyncio.sleep(0.5)


async def _by_folder(client: Asker) -> dict[str, int]:
    folders = (await client.ask("{ emailFolders { folder emails } }"))["emailFolders"]
    return {each["folder"]: each["emails"] for each in folders}


async def _launch(client: Asker, campaign_id: str) -> None:
    start = (
        "mutation($id: ID!, $at: DateTime!) { startLaunch(input: { campaignId: $id, everyone: true, sendAt: $at })"
        " { errors { message } launch { id } } }"
    )
    started = (await client.ask(start, id=campaign_id, at="2099-01-01T08:00:00Z"))["startLaunch"]
    assert not started["errors"], started
    progress = "query($id: ID!) { launch(id: $id) { status } }"
    while (await client.ask(progress, id=started["launch"]["id"]))["launch"]["status"] == "RUNNING":
        await asyncio.sleep(0.5)


async def _import(client: Asker, count: int) -> None:
    lines = "\n".join(f"n{number}@example.org,Ada,Lovelace" for number in range(count))
    start = "mutation($csv: String!) { importPeople(csv: $csv) { errors { message } peopleImport { id } } }"
    started = (await client.ask(start, csv=f"email,first_name,last_name\n{lines}"))["importPeople"]
    assert not started["errors"], started
    progress = "query($id: ID!) { peopleImport(id: $id) { status } }"
    while (await client.ask(progress, id=started["peopleImport"]["id"]))["peopleImport"]["status"] == "RUNNING":
        await asyncio.sleep(0.5)


async def _advance(client: Asker, now: Any) -> None:
    to = (now + timedelta(hours=2)).isoformat()
    advance = "mutation($to: DateTime!) { advanceClock(to: $to) { errors { message } dispatched } }"
    answer = await client.ask(advance, to=to)
    assert answer["advanceClock"]["dispatched"], answer


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[98]


def _percentiles(times: list[float]) -> str:
    return f"{statistics.median(times):.1f} ms p50, {_p99(times):.1f} ms p99, {max(times):.0f} ms max"
