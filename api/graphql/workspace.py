"""The workspace of the caller, and what is installed."""

from datetime import datetime
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from api.graphql.context import Request
from api.graphql.errors import UserError
from plugins.contract import Channel as Installed


@strawberry.type(description="The workspace that the token opens.")
class Workspace:
    """A row of api.models.Workspace."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="Name.")
    sandbox: bool = strawberry.field(description="Whether its clock is virtual and nothing leaves it.")

    @strawberry.field(description="What its clock shows: the real time, or a sandbox's virtual one. UTC.")
    def now(self, info: Request) -> datetime:
        """The scope's present."""
        return info.context.scope.now

    @strawberry.field(description="Domains to which nothing is sent, each with all its subdomains.")
    def blocked_domains(self) -> list[str]:
        """The column, as a list."""
        return list(cast(Any, self).__dict__["blocked_domains"])


@strawberry.type(description="The workspace, or why not.")
class WorkspacePayload:
    """Answer of the mutations on the workspace."""

    workspace: Workspace | None = strawberry.field(default=None, description="The workspace as it is now.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Empty when it was done.")


@strawberry.type(description="A way for emails to leave.")
class Channel:
    """An installed channel."""

    channel: strawberry.Private[Installed]

    @strawberry.field(description="Give it as a sender's `channel`.")
    def key(self) -> str:
        """The channel's key."""
        return self.channel.key

    @strawberry.field(description="Its name for people.")
    def label(self, language: str = "en") -> str:
        """The label in a language."""
        return self.channel.labels.get(language, self.channel.labels["en"])

    @strawberry.field(description="JSON Schema of a sender's `channelConfig` for it.")
    def config_schema(self) -> JSON:
        """The channel's schema."""
        return JSON(dict(self.channel.config_schema))
