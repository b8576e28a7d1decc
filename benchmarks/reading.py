"""A list of campaigns with their steps over HTTP, against plain strawberry types over the same rows with loaders."""

import statistics
import time
from typing import Any

import httpx
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from api.clock import system_clock
from api.graphql.limits.budgets import Budgets
from api.graphql.schema import schema
from api.http.access.request_guard import RequestGuard
from api.http.graphql.graphql_endpoint import GraphQLEndpoint
from api.make_runtime import make_runtime
from api.models import Campaign, Step, Workspace
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.following.row_watch import RowWatch
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.tokens import issue_token
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings
from benchmarks.world import row
from plugins.loading.manager import load
from strategies import StepType

CAMPAIGNS, STEPS, REQUESTS = 50, 5, 150
UNLIMITED = 10**12
"""Points: no budget ends the benchmark."""
OURS = "{ campaigns(first: 50) { nodes { id name skipWeekends steps { id number day type sendOption subject } } } }"
PLAIN = "{ campaigns { id name skipWeekends steps { id number day type sendOption subject } } }"


@strawberry.type
class PlainStep:
    """A step as the documentation of strawberry would have it."""

    id: strawberry.ID
    number: int
    day: int
    type: str
    send_option: str | None
    subject: str | None


async def _steps(ids: list[str]) -> list[list[Step]]:
    found: dict[str, list[Step]] = {each: [] for each in ids}
    for step in await Step.filter(campaign_id__in=ids).order_by("number"):
        found[step.campaign_id].append(step)
    return [found[each] for each in ids]


@strawberry.type
class PlainCampaign:
    """A campaign likewise."""

    id: strawberry.ID
    name: str
    skip_weekends: bool

    @strawberry.field
    async def steps(self, info: strawberry.Info[Any, Any]) -> list[PlainStep]:
        """Load the steps of all campaigns at once."""
        return await info.context["steps"].load(self.id)


@strawberry.type
class PlainQuery:
    """The root."""

    @strawberry.field
    async def campaigns(self, info: strawberry.Info[Any, Any]) -> list[PlainCampaign]:
        """Return the workspace's campaigns."""
        rows = Campaign.filter(workspace_id=info.context["workspace"]).order_by("-id").limit(CAMPAIGNS)
        return await rows  # type: ignore[return-value]


class PlainApp(GraphQL[Any, Any]):
    """The peer's server."""

    workspace = ""

    async def get_context(self, request: Any, response: Any) -> Any:
        """Give each request its loader."""
        return {"workspace": self.workspace, "steps": DataLoader(load_fn=_steps)}


async def measure(times: int) -> None:
    """Print the requests a second of both."""
    workspace = await create_workspace("Reading", system_clock())
    installed = load({})
    runtime = make_runtime(Settings.read({}), installed)
    await fill(workspace, runtime)
    token = await issue_token(workspace, "reading", system_clock())
    endpoint = GraphQLEndpoint(
        schema, RequestGuard(runtime, RowWatch(), 1_000_000, True, Budgets(UNLIMITED, UNLIMITED))
    )
    plain = PlainApp(strawberry.Schema(PlainQuery), graphql_ide=None)
    plain.workspace = workspace.id
    mine = Starlette(routes=[Route("/graphql", endpoint.__call__, methods=["POST"])])
    ours, theirs = [], []
    for _ in range(times):
        ours.append(await _rate(mine, OURS, token))
        theirs.append(await _rate(plain, PLAIN, token))
    us, them = statistics.median(ours), statistics.median(theirs)
    what = f"GraphQL: {CAMPAIGNS} campaigns × {STEPS} steps"
    row(what, f"{us:.0f} requests a second", f"plain strawberry, ORM, loaders: {them:.0f}", us / them, "≥ 1.5")


async def fill(workspace: Workspace, runtime: Any) -> None:
    """Make the campaigns and their steps."""
    context = runtime.context(workspace)
    sender = await create_sender(context, name="G", email="g@example.com", zone="UTC", channel="record")
    template = await create_template(context, name="T", subject="Hi", html="<p>x</p>")
    for number in range(CAMPAIGNS):
        campaign = await create_campaign(context, name=f"C{number}", sender_id=sender.id)
        for day in range(1, STEPS + 1):
            option = {"send_option": "at_time", "config": {"at": "09:30"}}
            await add_step(context, campaign.id, day=day, step_type=StepType.EMAIL, template_id=template.id, **option)


async def _rate(app: Any, query: str, token: str) -> float:
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:

        async def ask() -> None:
            answer = (await client.post("/graphql", json={"query": query})).json()
            found = answer["data"]["campaigns"]
            nodes = found["nodes"] if isinstance(found, dict) else found
            assert len(nodes) == CAMPAIGNS
            assert all(len(node["steps"]) == STEPS for node in nodes)

        await ask()
        began = time.perf_counter()
        for _ in range(REQUESTS):
            await ask()
        return REQUESTS / (time.perf_counter() - began)
