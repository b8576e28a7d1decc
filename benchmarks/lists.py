"""How long the lists and counts of the GraphQL API take beside many emails, in a workspace that has them and in one
that joined later."""

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from api.clock import system_clock
from api.graphql.limits.budgets import Budgets
from api.graphql.schema import schema
from api.http.graphql_endpoint import GraphQLEndpoint
from api.http.request_guard import RequestGuard
from api.make_runtime import make_runtime
from api.models import Workspace
from api.services.launches.launch_progress import LaunchWatch
from api.services.workspaces.workspaces import issue_token
from api.settings import Settings
from api.store.engine.database import is_postgres
from benchmarks.populated import Size, populate, refresh_statistics
from benchmarks.world import row
from plugins.manager import load

TIMES = 20
UNLIMITED = 10**12
LATE = 50_000
"""Emails of the workspace that joined later."""


def queries(mark: str, size: Size) -> dict[str, str]:
    """Return the measured lists and counts, by what they are."""

    def made(prefix: str, number: int) -> str:
        return f'"{prefix}_{mark}{number:025d}"'

    folders = ("SENT", "DELIVERED", "ARCHIVED", "PENDING", "SCHEDULED", "IN_PROGRESS", "UNDELIVERED", "FAILED")
    last = size.people
    found = {"emails": "emails(first: 50) { nodes { id } }"}
    found |= {f"emails {folder}": f"emails(first: 50, folder: {folder}) {{ nodes {{ id }} }}" for folder in folders}
    found |= {
        "emails, 1,000 pages in": f"emails(first: 50, after: {made('snd', 50_000)}) {{ nodes {{ id }} }}",
        "emails ARCHIVED, 1,000 pages in": (
            f"emails(first: 50, folder: ARCHIVED, after: {made('snd', min(500_000, size.emails // 2))})"
            " { nodes { id } }"
        ),
        "emails counted": "emails(first: 1) { totalCount }",
        "emails PENDING counted": "emails(first: 1, folder: PENDING) { totalCount }",
        "emails ARCHIVED counted": "emails(first: 1, folder: ARCHIVED) { totalCount }",
        "tasks": "tasks(first: 50) { nodes { id } }",
        "tasks OPEN": "tasks(first: 50, status: OPEN) { nodes { id } }",
        "tasks OPEN, due TODAY": "tasks(first: 50, status: OPEN, due: TODAY) { nodes { id } }",
        "tasks OVERDUE": "tasks(first: 50, due: OVERDUE) { nodes { id } }",
        "tasks OVERDUE counted": "tasks(first: 1, due: OVERDUE) { totalCount }",
        "tasks of the next seven days": "tasks(first: 50, due: NEXT_SEVEN_DAYS) { nodes { id } }",
        "tasks OPEN, CALL": "tasks(first: 50, filter: {status: [OPEN], type: [CALL]}) { nodes { id } totalCount }",
        "tasks, no hits": "tasks(first: 50, filter: {type: [INMAIL], priority: HIGH}) { nodes { id } totalCount }",
        "tasks by hand": "tasks(first: 50, filter: {byHand: true}) { nodes { id } totalCount }",
        "tasks of an assignee, due TODAY": (
            f"tasks(first: 50, filter: {{status: [OPEN], due: TODAY, assigneeId: {made('sdr', 1)}}})"
            " { nodes { id } totalCount }"
        ),
        "tasks of a campaign": (
            f"tasks(first: 50, filter: {{campaignId: {made('cmp', 1)}, type: [CALL, EMAIL]}})"
            " { nodes { id } totalCount }"
        ),
        "tasks of a person": f"tasks(first: 50, filter: {{personId: {made('per', last)}}}) {{ nodes {{ id }} totalCount }}",
        "tasks in a range of dates": (
            'tasks(first: 50, filter: {status: [OPEN], dueFrom: "2026-01-01", dueTo: "2026-12-31"})'
            " { nodes { id } totalCount }"
        ),
        "tasks counted by filter": (
            "taskCounts(filters: [{status: [OPEN], due: TODAY}, {due: OVERDUE}, {type: [CALL]}, {byHand: true},"
            f" {{status: [OPEN], type: [EMAIL, CALL], assigneeId: {made('sdr', 1)}}}]) {{ count isExact }}"
        ),
        "enrollments": "enrollments(first: 50) { nodes { id } }",
        "enrollments ACTIVE": "enrollments(first: 50, status: ACTIVE) { nodes { id } }",
        "enrollments ACTIVE counted": "enrollments(first: 1, status: ACTIVE) { totalCount }",
        "enrollments ACTIVE of a campaign": (
            f"enrollments(first: 50, status: ACTIVE, campaignId: {made('cmp', 1)}) {{ nodes {{ id }} }}"
        ),
        "enrollments of a person": f"enrollments(first: 50, personId: {made('per', last)}) {{ nodes {{ id }} }}",
        "people": "people(first: 50) { nodes { id } }",
        "people counted": "people(first: 1) { totalCount }",
        "people, few hits": f'people(first: 50, email: "p{last - 1}") {{ nodes {{ id }} }}',
        "people, many hits": 'people(first: 50, email: "p1") { nodes { id } totalCount }',
        "events": "events(first: 50) { nodes { id } }",
        "campaigns": "campaigns(first: 50) { nodes { id } }",
    }
    return found


@asynccontextmanager
async def client_of(workspace: Workspace) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a workspace that no budget stops."""
    runtime = make_runtime(Settings.read({}), load({}))
    token = await issue_token(workspace, "lists", system_clock())
    guard = RequestGuard(runtime, LaunchWatch(), 1_000_000, True, Budgets(UNLIMITED, UNLIMITED))
    app = Starlette(routes=[Route("/graphql", GraphQLEndpoint(schema, guard).__call__, methods=["POST"])])
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers) as client:
        yield client


async def _times(workspace: Workspace, queries: dict[str, str]) -> dict[str, float]:
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
    fast = await _times(few, queries("a", before))
    many = await _filled(size, "b")
    late = await _filled(Size(LATE), "c")
    slow, joined = await _times(many, queries("b", size)), await _times(late, queries("c", Size(LATE)))
    kind, most = ("PostgreSQL", 20) if is_postgres() else ("SQLite", 50)
    for what, milliseconds in fast.items():
        row(f"{kind}: {what}", f"{slow[what]:.1f} ms at {large:,} emails, {joined[what]:.1f} ms for who joined later",
            f"{milliseconds:.1f} ms at {small:,}", max(slow[what], joined[what]) / milliseconds,
            f"≤ 2, ≤ {most} ms")  # fmt: skip


async def _filled(size: Size, mark: str) -> Workspace:
    workspace = await populate(size, mark)
    await refresh_statistics()
    return workspace
