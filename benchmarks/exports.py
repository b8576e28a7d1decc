"""How much memory a server needs for CSV exports of few and of many rows."""

import asyncio
import time
from asyncio.subprocess import Process
from pathlib import Path

import httpx

from api.clock import system_clock
from api.services.workspaces.tokens import issue_token
from api.store.engine.database import close_database, is_postgres, migrate, open_database
from benchmarks.feed import ready, serve
from benchmarks.populated import STEPS, Size, populate, refresh_statistics
from benchmarks.world import row
from tests.ports import free_port

LISTS = {
    "emails": "id,status,dueAt,sentAt,reason,person.email",
    "people": "id,email,firstName,lastName,company,createdAt",
    "enrollments": "id,status,launchedAt,person.email",
    "events": "id,kind,at,person.email",
}
"""The lists that are exported, with their columns. There are as many people, enrollments and events as a fifth of the
emails."""
HOST = "127.0.0.1"
SETTLED_SECONDS = 1.0


async def measure(url: str, sizes: list[int]) -> None:
    """Print the peak of the memory for the export of each list, with so many emails, compared with the first size."""
    tokens = {}
    await open_database(url)
    await migrate()
    for number, emails in enumerate(sizes):
        workspace = await populate(Size(emails), "efgh"[number])
        tokens[emails] = await issue_token(workspace, "exports", system_clock())
    await refresh_statistics()
    kind = "PostgreSQL" if is_postgres() else "SQLite"
    await close_database()
    for name in LISTS:
        peaks: dict[int, float] = {}
        for emails in sizes:
            rows, seconds, peaks[emails] = await _exported(url, tokens[emails], name)
            assert rows == (emails if name == "emails" else emails // STEPS), rows
            row(f"{kind}: {name}.csv, {rows:,} rows", f"peak of {peaks[emails]:.0f} MB, {rows / seconds:,.0f} rows a second",
                f"{peaks[sizes[0]]:.0f} MB for the fewest rows", peaks[emails] / peaks[sizes[0]], "≤ 1.2")  # fmt: skip


async def _exported(url: str, token: str, name: str) -> tuple[int, float, float]:
    """Export a list from a new server. Returns the number of rows, the seconds, and the peak of its memory in MB."""
    port = free_port()
    server = await serve(url, port)
    try:
        await ready(port)
        await asyncio.sleep(SETTLED_SECONDS)
        headers, lines, began = {"Authorization": f"Bearer {token}"}, 0, time.monotonic()
        columns = {"columns": LISTS[name]}
        async with (
            httpx.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=None) as client,
            client.stream("GET", f"/export/{name}.csv", params=columns, headers=headers) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            async for part in answer.aiter_bytes():
                lines += part.count(b"\n")
        return lines - 1, time.monotonic() - began, _peak(server)
    finally:
        server.kill()
        await server.wait()


def _peak(process: Process) -> float:
    """Return the most memory that a process had, in MB, as Linux knows it."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1_000
