"""Installed channels."""

import strawberry
from strawberry.scalars import JSON

from api.graphql.engine.context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import CHANNELS
from plugins.contract import Channel as Installed


@strawberry.type(description="A way for emails to leave.")
class Channel:
    channel: strawberry.Private[Installed]

    @strawberry.field(description="Give it as a sender's `channel`.")
    def key(self) -> str:
        return self.channel.key

    @strawberry.field(description="Its name for people.")
    def label(self, language: str = "en") -> str:
        return self.channel.labels.get(language, self.channel.labels["en"])

    @strawberry.field(description="JSON Schema of a sender's `channelConfig` for it.")
    def config_schema(self) -> JSON:
        return JSON(dict(self.channel.config_schema))


@strawberry.type
class ChannelQuery:
    @strawberry.field(metadata=cost(size=CHANNELS), description="The installed channels.")
    def channels(self, info: Request) -> list[Channel]:
        return [Channel(channel=channel) for channel in info.context.workspace_context.installed.channels.values()]
