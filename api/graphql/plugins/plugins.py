"""Installed packages: what each registered, and why one was left out."""

from collections.abc import Iterable
from enum import Enum

import strawberry

from api.graphql.engine.enums.table_enums import describe
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import PLUGIN_ENTRIES, PLUGINS
from api.graphql.plugins.plugin_health import PluginHealth
from plugins.loading.contract_version import CONTRACT_VERSION
from plugins.loading.extension_points import EXTENSION_POINTS
from plugins.loading.manager import Broken, Installed, Package


class PluginState(Enum):
    """Whether a package is used."""

    LOADED = "LOADED"
    LEFT_OUT = "LEFT_OUT"


class PluginKind(Enum):
    """What a package can register: the extension points, by their nouns."""

    SEND_OPTION = "send option"
    CHANNEL = "channel"
    MAILBOX = "mailbox"
    WEBHOOK = "webhook"
    CRM = "CRM"


describe(
    PluginState,
    "Whether the server uses a package.",
    {
        "LOADED": "The server uses all that it registered.",
        "LEFT_OUT": "The server cannot use it, and uses nothing of it. `reason` says why.",
    },
)
describe(
    PluginKind,
    "What a package can register.",
    {
        "SEND_OPTION": "A send option: when an email step is sent. See `sendOptions`.",
        "CHANNEL": "A channel, by which emails are delivered. See `channels`.",
        "MAILBOX": "A mailbox in which replies and bounces arrive.",
        "WEBHOOK": "A webhook, by which a provider reports bounces, replies and opens.",
        "CRM": "A CRM with which tasks and people are synchronized. See `crms`.",
    },
)


@strawberry.type(description="Something that a package registered.")
class PluginEntry:
    kind: PluginKind = strawberry.field(description="What it is.")
    key: str = strawberry.field(description="Its key, such as `at_time`. It is unique among those of its kind.")

    @strawberry.field(
        metadata=cost(10),
        description="Whether a send option, a channel or a webhook works. Null for other kinds: see `mailboxes` and "
        "`crmConnection`.",
    )
    async def health(self, info: Request) -> PluginHealth | None:
        if self.kind is PluginKind.CHANNEL:
            return from_row(PluginHealth, await info.context.channel_health.load(self.key))
        if self.kind is PluginKind.WEBHOOK:
            return from_row(PluginHealth, await info.context.webhook_health.load(self.key))
        if self.kind is not PluginKind.SEND_OPTION:
            return None
        return from_row(PluginHealth, await info.context.option_health.load(self.key))


@strawberry.type(description="An installed package, or a module of one: each entry point is listed separately.")
class Plugin:
    package: str = strawberry.field(description="Name of the Python package, such as `touchline-lunch`.")
    version: str = strawberry.field(description="Version of the package, such as `1.0.0`.")
    module: str = strawberry.field(description="The module that its entry point names, such as `touchline_lunch`.")
    contract: str | None = strawberry.field(
        description="Version of the contract for which it was written, such as `1.0`. Null if it could not be read. "
        "`contractVersion` has the server's."
    )
    state: PluginState = strawberry.field(description="Whether the server uses it.")
    reason: str | None = strawberry.field(
        description=(
            "Why the package was left out, in a sentence for operators. `touchline plugins` on the server may say "
            "more. Null if it is used."
        )
    )
    registered: list[PluginEntry] = strawberry.field(
        metadata=cost(size=PLUGIN_ENTRIES), description="What the package registered. Empty if it was left out."
    )


@strawberry.type
class PluginQuery:
    @strawberry.field(
        metadata=cost(size=PLUGINS),
        description="All installed packages as the server that answers found them at its start: Touchline's own "
        "modules first, then those of others by name, then those that were left out.",
    )
    def plugins(self, info: Request) -> list[Plugin]:
        return plugins_of(info.context.workspace_context.installed)

    @strawberry.field(
        description="Version of the contract between this server and packages, such as `1.0`. A package for the same "
        "major version works if its minor version is not newer."
    )
    def contract_version(self) -> str:
        return CONTRACT_VERSION


def plugins_of(installed: Installed) -> list[Plugin]:
    """Return the packages that are used, then those that were left out."""
    return [*map(_loaded, installed.packages), *map(_left_out, installed.broken)]


def _loaded(package: Package) -> Plugin:
    return Plugin(
        package=package.distribution,
        version=package.version,
        module=package.module,
        contract=package.contract,
        state=PluginState.LOADED,
        reason=None,
        registered=list(_entries(package)),
    )


def _left_out(package: Broken) -> Plugin:
    return Plugin(
        package=package.distribution,
        version=package.version,
        module=package.module,
        contract=package.contract,
        state=PluginState.LEFT_OUT,
        reason=package.reason,
        registered=[],
    )


def _entries(package: Package) -> Iterable[PluginEntry]:
    for point in EXTENSION_POINTS:
        for key in package.keys[point.hook]:
            yield PluginEntry(kind=PluginKind(point.noun), key=key)
