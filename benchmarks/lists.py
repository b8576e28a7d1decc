"""How long the lists and counts of the GraphQL API take beside many emails, in a workspace that has them and in one
that joined later."""

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from api.clock import system_clock
from api.graphql.limits.budgets import Budgets
from api.graphql.schema import schema
from api.http.access.request_guard import RequestGuard
from api.http.graphql.graphql_endpoint import GraphQLEndpoint
from api.make_runtime import make_runtime
from api.models import Workspace
from api.services.following.row_watch import RowWatch
from api.services.workspaces.tokens import issue_token
from api.settings import Settings
from api.store.engine.database import is_postgres
from benchmarks.bulk_filling import bulk_filling
from benchmarks.list_queries import queries
from benchmarks.populated import Size, populate, refresh_statistics
from benchmarks.populated_lists import populate_lists
from benchmarks.world import row
from plugins.loading.manager import load

TIMES = 20
UNLIMITED = 10**12
LATE = 50_000
"""Emails of the workspace that joined later."""


@asynccontextmanager
async def client_of(workspace: Workspace) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a workspace that no budget stops."""
    runtime = make_runtime(Settings.read({}), load({}))
    token = await issue_token(workspace, "lists", system_clock())
    guard = RequestGuard(runtime, RowWatch(), 1_000_000, True, Budgets(UNLIMITED, UNLIMITED))
    app = Starlette(routes=[Route("/graphql", GraphQLEndpoint(schema, guard).__call__, methods=["POST"])])
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers) as client:
        yield client


async def times(workspace: Workspace, queries: dict[str, str]) -> dict[str, float]:
    """Return the median milliseconds of each query over HTTP."""
    found = {}
    async with client_of(workspace) as client:

        async def ask(query: str) -> Any:
            answer = (await client.post("/graphql", json={"query": f"{{ {query} }}"})).json()
            assert "errors" not in answer, answer
            return answer["data"]

        for what, query in queries.items():
            await ask(query)
            each = []
            for _ in range(TIMES):
                began = time.perf_counter()
                await ask(query)
                each.append((time.perf_counter() - began) * 1000)
                if sum(each) > 3000:
                    break
            found[what] = statistics.median(each)
    return found


async def measure(small: int, large: int) -> None:
    """Print the time of each list at both sizes. The small workspace comes first, then the large, then a late one."""
    before, size = Size(small), Size(large)
    few = await _filled(before, "a")
    fast = await times(few, queries("a", before))
    many = await _filled(size, "b")
    late = await _filled(Size(LATE), "c")
    slow, joined = await times(many, queries("b", size)), await times(late, queries("c", Size(LATE)))
    kind, most = ("PostgreSQL", 20) if is_postgres() else ("SQLite", 50)
    for what, milliseconds in fast.items():
        row(f"{kind}: {what}", f"{slow[what]:.1f} ms at {large:,} emails, {joined[what]:.1f} ms for who joined later",
            f"{milliseconds:.1f} ms at {small:,}", max(slow[what], joined[what]) / milliseconds,
            f"≤ 2, ≤ {most} ms")  # fmt: skip


async def _filled(size: Size, mark: str) -> Workspace:
    async with bulk_filling() if size.emails > LATE else nullcontext():
        workspace = await populate(size, mark)
        await populate_lists(size, mark, workspace.id)
    await refresh_statistics()
    return workspace
