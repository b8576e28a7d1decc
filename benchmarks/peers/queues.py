"""Dispatch to the null channel, beside job queues on the same PostgreSQL whose jobs do nothing."""

import asyncio
import shutil
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path

from api.store.engine.sql import execute
from benchmarks import dispatching
from benchmarks.peers.node import CannotInstallError, Installed, installed
from benchmarks.world import row, spread

GRAPHILE_WORKER = "graphile-worker@0.18.0"
SCRIPT = Path(__file__).with_name("graphile_worker.mjs")


async def measure(url: str, sends: int, jobs: int, times: int) -> None:
    """Print emails a second, beside jobs a second of each queue, and beside the hand-written loop."""
    with ExitStack() as stack:
        peers: dict[str, Callable[[], Awaitable[float]]] = {
            f"procrastinate {version('procrastinate')}": partial(procrastinate, url, max(1_000, jobs // 20)),
            f"pgqueuer {version('pgqueuer')}": partial(pgqueuer, url, jobs),
        }
        try:
            package = stack.enter_context(installed(GRAPHILE_WORKER))
            peers[GRAPHILE_WORKER.replace("@", " ")] = partial(graphile_worker, package, url, jobs)
        except CannotInstallError as problem:
            print(f"graphile-worker is left out: {problem}.", file=sys.stderr)
        ours, floors = list[float](), list[float]()
        theirs: dict[str, list[float]] = {name: [] for name in peers}
        for _ in range(times):
            ours.append(await dispatching.dispatch("record", sends))
            for name, peer in peers.items():
                theirs[name].append(await peer())
            floors.append(await dispatching.floor(url, sends))
    what, rate, median = (
        f"dispatch {sends:,}, null channel, one process",
        f"{spread(ours)} a second",
        statistics.median(ours),
    )
    for name, rates in theirs.items():
        bar = "≥ 10" if name.startswith("procrastinate") else "none: it does less"
        row(what, rate, f"{name}, no-op jobs: {spread(rates)}", median / statistics.median(rates), bar)
        what = "the same"
    row("the same", rate, f"asyncpg loop, same SQL, no email: {spread(floors)}", median / statistics.median(floors),
        "the minimum")  # fmt: skip


async def procrastinate(url: str, count: int) -> float:
    """Return no-op jobs a second of one worker, with the settings that were the fastest here."""
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=url, min_size=5, max_size=20))

    @app.task(name="noop")
    async def noop() -> None:
        return

    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        await noop.batch_defer_async(*[{} for _ in range(count)])
        await execute("VACUUM ANALYZE")  # as after a launch
        began = time.perf_counter()
        await app.run_worker_async(
            wait=False, concurrency=100, install_signal_handlers=False, delete_jobs="always", listen_notify=False
        )
        return count / (time.perf_counter() - began)


async def pgqueuer(url: str, count: int) -> float:
    """Return no-op jobs a second of one process, on uvloop."""
    return await _printed([sys.executable, "-m", "benchmarks.peers.pgqueuer_worker", url, str(count)])


async def graphile_worker(package: Installed, url: str, count: int) -> float:
    """Return no-op jobs a second of one process of Node.js."""
    shutil.copy(SCRIPT, package.folder)
    return await _printed(package.command(SCRIPT.name, url, str(count)), package.environment)


async def _printed(command: list[str], environment: dict[str, str] | None = None) -> float:
    """Run a program to its end and return the number that it prints."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    output, _ = await process.communicate()
    if process.returncode:
        raise ChildProcessError(f"{command[1]} ended with {process.returncode}")
    return float(output)
