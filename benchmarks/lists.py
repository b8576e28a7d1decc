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
from api.store.engine.database import close_database, migrate, open_database
from benchmarks.bulk_filling import bulk_filling
from benchmarks.list_queries import queries
from benchmarks.populated import Size, populate, refresh_statistics
from benchmarks.populated_lists import populate_lists
from benchmarks.world import row
from plugins.loading.manager import load

TIMES = 20
TURNS = 2
QUERIES_IN_A_TURN = 10
MAX_MILLISECONDS = 3_000
"""When a query has taken so long in one turn, it is not asked again."""
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
    return {what: statistics.median(each) for what, each in (await _each_time(workspace, queries, TIMES)).items()}


async def _each_time(workspace: Workspace, queries: dict[str, str], times: int) -> dict[str, list[float]]:
    """Return the milliseconds of each query over HTTP, up to so many times. The first answer fills caches."""
    found = {}
    async with client_of(workspace) as client:

        async def ask(query: str) -> Any:
            answer = (await client.post("/graphql", json={"query": f"{{ {query} }}"})).json()
            assert "errors" not in answer, answer
            return answer["data"]

        for what, query in queries.items():
            await ask(query)
            each: list[float] = []
            while len(each) < times and sum(each) < MAX_MILLISECONDS:
                began = time.perf_counter()
                await ask(query)
                each.append((time.perf_counter() - began) * 1000)
            found[what] = each
    return found


async def measure(small_url: str, url: str, small: int, large: int) -> None:
    """Print the time of each list at both sizes, and in a workspace that joined the large one later.

    The small workspace has a database of its own. The databases take turns, so that a slow minute meets both.
    """
    sizes = {"a": Size(small), "b": Size(large), "c": Size(LATE)}
    workspaces: dict[str, Workspace] = {}
    for place, marks in ((small_url, "a"), (url, "bc")):
        async with _opened(place):
            await migrate()
            for mark in marks:
                workspaces[mark] = await _filled(sizes[mark], mark)
    asked = {mark: queries(mark, size) for mark, size in sizes.items()}
    names = list(asked["a"])
    found: dict[tuple[str, str], list[float]] = {}
    for start in range(0, len(names), QUERIES_IN_A_TURN):
        for place, marks in ((small_url, "a"), (url, "bc")) * TURNS:
            async with _opened(place):
                for mark in marks:
                    some = {name: asked[mark][name] for name in names[start : start + QUERIES_IN_A_TURN]}
                    for name, each in (await _each_time(workspaces[mark], some, TIMES // TURNS)).items():
                        found.setdefault((mark, name), []).extend(each)
    kind, most = ("SQLite", 50) if url.startswith("sqlite") else ("PostgreSQL", 20)
    for name in names:
        fast, slow, joined = (statistics.median(found[mark, name]) for mark in "abc")
        row(f"{kind}: {name}", f"{slow:.1f} ms at {large:,} emails, {joined:.1f} ms for who joined later",
            f"{fast:.1f} ms at {small:,}", max(slow, joined) / fast, f"≤ 2, ≤ {most} ms")  # fmt: skip


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[None]:
    await open_database(url)
    try:
        yield
    finally:
        await close_database()


async def _filled(size: Size, mark: str) -> Workspace:
    async with bulk_filling() if size.emails > LATE else nullcontext():
        workspace = await populate(size, mark)
        await populate_lists(size, mark, workspace.id)
    await refresh_statistics()
    return workspace
