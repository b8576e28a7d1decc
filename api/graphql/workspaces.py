"""The workspace of the caller."""

from datetime import datetime
from typing import Any, cast

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ACCOUNTS, DOMAINS, ERRORS
from api.services.dispatch.sandbox_clock import advance_clock
from api.services.workspaces import workspaces


@strawberry.type(description="The workspace that the token opens.")
class Workspace:
    """A row of api.models.Workspace."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="Name.")
    sandbox: bool = strawberry.field(description="Whether its clock is virtual and nothing leaves it.")

    @strawberry.field(description="What its clock shows: the real time, or a sandbox's virtual one. UTC.")
    def now(self, info: Request) -> datetime:
        """The scope's present."""
        return info.context.workspace_context.now

    @strawberry.field(
        metadata=cost(size=DOMAINS, plain_at=5),
        description="Domains to which nothing is sent, each with all its subdomains.",
    )
    def blocked_domains(self) -> list[str]:
        """The column, as a list."""
        return list(cast(Any, self).__dict__["blocked_domains"])

    accounts: list[str] | None = strawberry.field(
        metadata=cost(size=ACCOUNTS),
        description="The accounts of channels that its senders may use, such as `smtp` or `smtp:SALES`; null for all. "
        "The server's operator sets them: `touchline accounts allow`.",
    )


@strawberry.type
class WorkspaceQuery:
    """Queries on the workspace."""

    @strawberry.field(description="The workspace that the token opens.")
    def workspace(self, info: Request) -> Workspace:
        """The caller's."""
        return cast(Any, info.context.workspace_context.workspace)


@strawberry.type(description="The workspace, or why not.")
class WorkspacePayload:
    """Answer of the mutations on the workspace."""

    workspace: Workspace | None = strawberry.field(default=None, description="The workspace as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )


@strawberry.type(description="Where a sandbox's clock stands, or why it did not move.")
class ClockPayload:
    """Answer of advanceClock."""

    now: datetime | None = strawberry.field(default=None, description="What the clock shows. UTC.")
    dispatched: int = strawberry.field(default=0, description="Emails that were dispatched on the way.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it moved."
    )


@strawberry.type
class WorkspaceMutation:
    """Mutations on the workspace."""

    @strawberry.mutation(
        metadata=cost(5_000),
        description="Set the domains to which this workspace sends nothing. A domain includes its subdomains: "
        "`blocked.example` blocks `ann@mail.blocked.example`, and not `ann@notblocked.example`. Up to 10,000 "
        "domains, of 250,000 characters together. Launching is not "
        "refused, since tasks come all the same: `launchPreview` warns, and each email fails with `BLOCKED_DOMAIN`.",
    )
    @payload_of(WorkspacePayload)
    async def set_blocked_domains(self, info: Request, domains: list[str]) -> WorkspacePayload:
        """Block domains."""
        row = await workspaces.set_blocked_domains(info.context.workspace_context, domains)
        return WorkspacePayload(workspace=cast(Workspace, row))

    @strawberry.mutation(
        metadata=cost(20_000, once=3),
        description="Move a sandbox's clock forward. All that falls due on the way happens, in order. Refused in a "
        "workspace that runs in real time.",
    )
    @payload_of(ClockPayload)
    async def advance_clock(self, info: Request, to: datetime) -> ClockPayload:
        """Travel in time."""
        context = info.context
        dispatched = await advance_clock(context.workspace_context, context.runtime, to)
        return ClockPayload(now=context.workspace_context.now, dispatched=dispatched)
