"""One change of a launch reaches many followers over websockets, while other clients ask over HTTP."""

import asyncio
import gc
import json
import socket
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from api.clock import system_clock
from api.graphql.limits.budgets import Budgets
from api.graphql.schema import schema
from api.http.access.request_guard import RequestGuard
from api.http.access.workspace_limits import MessageRateLimit
from api.http.graphql.graphql_endpoint import GraphQLEndpoint
from api.http.graphql.websocket_endpoint import WebSocketEndpoint
from api.make_runtime import make_runtime
from api.models import Launch, Workspace
from api.server.limits import ServerLimits
from api.server.options import server_options
from api.server.server import Server
from api.services.following.row_watch import RowWatch
from api.services.launches.background import background_launch
from api.services.launches.launch import Choice
from api.services.workspaces.tokens import issue_token
from api.settings import Settings
from benchmarks.launching import memory
from benchmarks.world import author, empty, people, row
from plugins.loading.manager import load

CHANGES = 10
UNLIMITED = 10**12
QUERY = "subscription($id: ID!) { launchProgress(id: $id) { status processed enrolled leftOut progress campaign { name } } }"
QUIET_SECONDS = 3.0
"""How long the idle server is measured, and how long it rests between two changes: the poll must come again."""


async def measure(number: int) -> None:
    """Print how soon all followers have a change, what it costs, and how late others get their answers meanwhile."""
    limits = ServerLimits(connections=number + 100, connections_per_address=number + 100, ping_seconds=600.0)
    _, campaign = await author("record", 1)
    await people(campaign.workspace_id, 1_000)
    runtime = make_runtime(Settings.read({}), load({}))
    workspace = await Workspace.get(id=campaign.workspace_id)
    launch = await background_launch.start_launch(runtime.context(workspace), campaign.id, None, Choice("NOW"))
    token = await issue_token(workspace, "fanout", system_clock())
    async with _serving(runtime, limits) as port, _client(port=port, token=token) as probe:
        _, idle = await _idle(probe)
        gc.collect()
        before = memory("VmRSS")
        given = {"launch": launch.id, "query": QUERY, "number": number}
        async with _client(port=port, token=token, **given) as followers:
            await _line(followers)
            gc.collect()
            kilobytes = (memory("VmRSS") - before) * 1024 / number
            following_cpu, _ = await _idle(probe)
            seconds, cpu, latencies = [], [], list[float]()
            for processed in range(1, CHANGES + 1):
                await _times(probe)
                used, began = time.process_time(), time.monotonic()
                await Launch.filter(id=launch.id).update(processed=processed, enrolled=processed)
                reached = (await _line(followers))["at"] - began
                seconds.append(reached)
                cpu.append(time.process_time() - used - following_cpu * (time.monotonic() - began))
                latencies += await _times(probe)
                await asyncio.sleep(QUIET_SECONDS / 2)
    await empty()
    what, each = f"a change to {number:,} followers", statistics.median(cpu) / number * 1000
    row(what, f"the last has it {statistics.median(seconds):.2f} s ({min(seconds):.2f}–{max(seconds):.2f}) later",
        "one second", statistics.median(seconds), "≤ 1")  # fmt: skip
    row("small query meanwhile, p99", f"{_p99(latencies):.1f} ms (at most {max(latencies):.1f})",
        f"idle: {_p99(idle):.1f} ms", _p99(latencies) / _p99(idle), "≤ 50 ms")  # fmt: skip
    row("CPU for each follower and change", f"{each:.3f} ms", "0.85 ms if each executes", each / 0.85, "")
    row("memory for each follower, with its connection", f"{kilobytes:.1f} KiB", "40 KiB", kilobytes / 40, "≤ 1")


@asynccontextmanager
async def _serving(runtime: Any, limits: ServerLimits) -> AsyncIterator[int]:
    """Run the server in this process, on the open database. Gives its port."""
    watch = RowWatch()
    pace = MessageRateLimit(per_second=10**6, burst=10**6)
    guard = RequestGuard(runtime, watch, 1_000_000, True, Budgets(UNLIMITED, UNLIMITED), message_rate=pace)
    endpoint = GraphQLEndpoint(schema, guard)
    http = Route("/graphql", endpoint.__call__, methods=["POST"])
    app = Starlette(routes=[http, WebSocketRoute("/graphql", WebSocketEndpoint(schema, guard, ()))])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio sets this on sockets that it makes itself. Without it each answer waits 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        options = server_options(Settings.read({}), limits)
        server = Server(uvicorn.Config(app, log_config=None, lifespan="off", **options))
        serving = asyncio.create_task(server._serve(sockets=[listener]))
        yield int(listener.getsockname()[1])
        server.should_exit = server.force_exit = True
        await serving
    await watch.close()


@asynccontextmanager
async def _client(**given: Any) -> AsyncIterator[Process]:
    """Run a client in a process of its own, so that its work does not delay the server."""
    command = (sys.executable, "-m", "benchmarks", "--client", json.dumps(given))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=10**7)
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def _line(process: Process) -> Any:
    assert process.stdout is not None
    return json.loads(await process.stdout.readline())


async def _times(probe: Process) -> list[float]:
    """Return the milliseconds of the small queries since the last call."""
    assert probe.stdin is not None
    probe.stdin.write(b"\n")
    found: list[float] = await _line(probe)
    return found


async def _idle(probe: Process) -> tuple[float, list[float]]:
    """Return the CPU seconds of each second, and the milliseconds of the small queries, without a change."""
    await asyncio.sleep(0.5)
    await _times(probe)
    used, began = time.process_time(), time.monotonic()
    await asyncio.sleep(QUIET_SECONDS)
    return (time.process_time() - used) / (time.monotonic() - began), await _times(probe)


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]
