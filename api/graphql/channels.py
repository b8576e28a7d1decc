"""Installed channels."""

import strawberry
from strawberry.scalars import JSON

from api.graphql.engine.context import Request
from api.graphql.engine.language import Language
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import CHANNELS
from plugins.contract import Channel as Installed


@strawberry.type(description="An installed channel, by which emails are delivered.")
class Channel:
    channel: strawberry.Private[Installed]

    @strawberry.field(description="Key of the channel, such as `smtp`. Use it as a sender's `channel`.")
    def key(self) -> str:
        return self.channel.key

    @strawberry.field(description="Name of the channel for people, such as `SMTP`.")
    def label(self, language: Language = "en") -> str:
        return self.channel.labels.get(language, self.channel.labels["en"])

    @strawberry.field(description="JSON Schema of a sender's `channelConfig` for this channel.")
    def config_schema(self) -> JSON:
        return JSON(dict(self.channel.config_schema))


@strawberry.type
class ChannelQuery:
    @strawberry.field(metadata=cost(size=CHANNELS), description="All channels that are installed on the server.")
    def channels(self, info: Request) -> list[Channel]:
        return [Channel(channel=channel) for channel in info.context.workspace_context.installed.channels.values()]
