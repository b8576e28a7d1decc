"""A list of campaigns with their steps over HTTP, against PostGraphile on the same tables.

Both servers run in processes of their own and answer the same client. ``touchline serve`` also checks the token and the
cost of each request. PostGraphile runs by its own command with its preset Amber, in production mode, for everybody.
"""

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from api.clock import system_clock
from api.make_runtime import make_runtime
from api.services.workspaces.tokens import issue_token
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings
from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.sql import execute
from benchmarks import answering, reading
from benchmarks.peers.node import CannotInstallError, Installed, installed
from benchmarks.world import row, spread
from plugins.loading.manager import load
from tests.ports import free_port

POSTGRAPHILE = "postgraphile@5.1.5"
CLI = Path("node_modules", "postgraphile", "dist", "cli-run.js")
THEIRS = (
    "query($workspace: String!) { allCampaigns(first: 50, orderBy: PRIMARY_KEY_ASC, condition: { workspaceId: $workspace })"
    " { nodes { id: rowId name skipWeekends stepsByCampaignId(orderBy: NUMBER_ASC)"
    " { nodes { id: rowId number day type sendOption subject } } } } }"
)
WARM_UP = 100
"""Requests before the first measurement, so that both servers have compiled and cached what they can."""
START_SECONDS = 60


@dataclass
class Server:
    """A running server, with what a client sends to it."""

    port: int
    query: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, connections: int, requests: int) -> tuple[float, Any]:
        """Return requests a second and the data of the first answer."""
        given = {"port": self.port, "headers": self.headers, "query": self.query}
        argument = json.dumps(given | {"connections": connections, "requests": requests})
        command = (sys.executable, "-m", "benchmarks.peers.http_load", argument)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        assert process.returncode == 0, "the client failed"
        printed = json.loads(output)
        assert "errors" not in printed["answer"], printed["answer"]
        return requests / printed["seconds"], printed["answer"]["data"]


async def measure(url: str, requests: int, times: int, connections: list[int], folder: Path) -> None:
    """Print requests a second of both, for each number of connections."""
    try:
        with installed(POSTGRAPHILE) as package:
            await _compare(package, url, requests, times, connections, folder)
    except CannotInstallError as problem:
        print(f"PostGraphile is left out: {problem}.", file=sys.stderr)


async def _compare(
    package: Installed, url: str, requests: int, times: int, connections: list[int], folder: Path
) -> None:
    workspace, token = await _campaigns(url)
    headers = {"Authorization": f"Bearer {token}"}
    with answering.server(url, folder / "server.log", "--no-tick") as address:
        ours = Server(httpx.URL(address).port or 0, {"query": reading.OURS}, headers)
        async with _postgraphile(package, url) as port:
            theirs = Server(port, {"query": THEIRS, "variables": {"workspace": workspace}})
            await _answers(address, "/ready", "touchline serve")
            _, our_data = await ours.ask(1, WARM_UP)
            _, their_data = await theirs.ask(1, WARM_UP)
            assert our_data["campaigns"]["nodes"] == _as_ours(their_data), "the answers differ"
            for number in connections:
                rates, their_rates = list[float](), list[float]()
                for _ in range(times):
                    rates.append((await ours.ask(number, requests))[0])
                    their_rates.append((await theirs.ask(number, requests))[0])
                over = "1 connection" if number == 1 else f"{number} connections"
                row(
                    f"GraphQL over HTTP: {reading.CAMPAIGNS} campaigns × {reading.STEPS} steps, {over}",
                    f"{spread(rates)} requests a second",
                    f"{POSTGRAPHILE.replace('@', ' ')}: {spread(their_rates)}",
                    statistics.median(rates) / statistics.median(their_rates),
                    "≥ 1",
                )


async def _campaigns(url: str) -> tuple[str, str]:
    """Make the campaigns. Returns the id of their workspace and a token for it."""
    await open_database(url)
    await migrate()
    workspace = await create_workspace("Reading", system_clock())
    await reading.fill(workspace, make_runtime(Settings.read({}), load({})))
    token = await issue_token(workspace, "reading", system_clock())
    await execute("VACUUM ANALYZE")
    await close_database()
    return workspace.id, token


@asynccontextmanager
async def _postgraphile(package: Installed, url: str) -> AsyncIterator[int]:
    """Run the command ``postgraphile`` on a free port. Yields the port."""
    port = free_port()
    options = ("--preset", "postgraphile/presets/amber", "--schema", "public", "--connection", url)
    command = package.command(CLI, *options, "--host", "127.0.0.1", "--port", str(port))
    environment = package.environment
    process = subprocess.Popen(command, cwd=package.folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        await _answers(f"http://127.0.0.1:{port}", "/graphql", "PostGraphile")
        yield port
    finally:
        process.terminate()
        process.wait()


async def _answers(address: str, path: str, name: str) -> None:
    """Wait until a server answers."""
    async with httpx.AsyncClient(base_url=address) as client:
        for _ in range(START_SECONDS * 10):
            try:
                if (await client.get(path)).status_code < 500:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise TimeoutError(f"{name} did not start within {START_SECONDS} seconds")


def _as_ours(data: Any) -> list[dict[str, Any]]:
    """Return PostGraphile's campaigns in the form of ours."""
    return [
        {name: value for name, value in node.items() if name != "stepsByCampaignId"}
        | {"steps": node["stepsByCampaignId"]["nodes"]}
        for node in data["allCampaigns"]["nodes"]
    ]
