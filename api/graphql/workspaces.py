"""The workspace of the caller."""

from datetime import datetime
from typing import Any

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ACCOUNTS, DOMAINS
from api.services.dispatch.sandbox_clock import advance_clock
from api.services.workspaces import workspaces


@strawberry.type(description="The workspace that the token opens.")
class Workspace:
    """A row of api.models.Workspace."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="Name.")
    blocked_domains: strawberry.Private[Any]
    sandbox: bool = strawberry.field(description="Whether its clock is virtual and nothing leaves it.")

    @strawberry.field(description="What its clock shows: the real time, or a sandbox's virtual one. UTC.")
    def now(self, info: Request) -> datetime:
        return info.context.workspace_context.now

    @strawberry.field(
        name="blockedDomains",
        metadata=cost(size=DOMAINS, plain_at=5),
        description="Domains to which nothing is sent, each with all its subdomains.",
    )
    def list_blocked_domains(self) -> list[str]:
        return list(self.blocked_domains)

    accounts: list[str] | None = strawberry.field(
        metadata=cost(size=ACCOUNTS),
        description="The accounts of channels that its senders may use, such as `smtp` or `smtp:SALES`; null for all. "
        "The server's operator sets them: `touchline accounts allow`.",
    )


@strawberry.type
class WorkspaceQuery:
    @strawberry.field(description="The workspace that the token opens.")
    def workspace(self, info: Request) -> Workspace:
        return from_row(Workspace, info.context.workspace_context.workspace)


@strawberry.type(description="The workspace, or why not.")
class WorkspacePayload(Payload):
    workspace: Workspace | None = strawberry.field(default=None, description="The workspace as it is now.")


@strawberry.type(description="Where a sandbox's clock stands, or why it did not move.")
class ClockPayload(Payload):
    now: datetime | None = strawberry.field(default=None, description="What the clock shows. UTC.")
    dispatched: int = strawberry.field(default=0, description="Emails that were dispatched on the way.")


@strawberry.type
class WorkspaceMutation:
    @mutation(
        metadata=cost(5_000),
        description="Set the domains to which this workspace sends nothing. A domain includes its subdomains: "
        "`blocked.example` blocks `ann@mail.blocked.example`, and not `ann@notblocked.example`. Up to 10,000 "
        "domains, of 250,000 characters together. Launching is not "
        "refused, since tasks come all the same: `launchPreview` warns, and each email fails with `BLOCKED_DOMAIN`.",
    )
    async def set_blocked_domains(self, info: Request, domains: list[str]) -> WorkspacePayload:
        row = await workspaces.set_blocked_domains(info.context.workspace_context, domains)
        return WorkspacePayload(workspace=from_row(Workspace, row))

    @mutation(
        metadata=cost(20_000, once=3),
        description="Move a sandbox's clock forward. All that falls due on the way happens, in order. Refused in a "
        "workspace that runs in real time.",
    )
    async def advance_clock(self, info: Request, to: datetime) -> ClockPayload:
        context = info.context
        dispatched = await advance_clock(context.workspace_context, context.runtime, to)
        return ClockPayload(now=context.workspace_context.now, dispatched=dispatched)
