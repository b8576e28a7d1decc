"""Installed channels."""

import strawberry
from strawberry.scalars import JSON

from api.graphql.engine.graphql_context import Request
from api.graphql.engine.language import Language
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import CHANNELS
from api.graphql.plugins.plugin_health import PluginHealth
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

    @strawberry.field(
        description="Whether the channel sends emails with CC and BCC. Otherwise `createEmail` refuses them for its "
        "senders."
    )
    def supports_copies(self) -> bool:
        return self.channel.supports_copies

    @strawberry.field(
        metadata=cost(10), description="Whether the channel works. Touchline's own channels are always OK."
    )
    async def health(self, info: Request) -> PluginHealth:
        return from_row(PluginHealth, await info.context.channel_health.load(self.channel.key))

    @strawberry.field(description="JSON Schema of a sender's `channelConfig` for this channel.")
    def config_schema(self) -> JSON:
        return JSON(dict(self.channel.config_schema))


@strawberry.type
class ChannelQuery:
    @strawberry.field(metadata=cost(size=CHANNELS), description="All channels that are installed on the server.")
    def channels(self, info: Request) -> list[Channel]:
        return [Channel(channel=channel) for channel in info.context.workspace_context.installed.channels.values()]
