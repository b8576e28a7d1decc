"""Read the health of the installed plugins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.services.common.request_context import WorkspaceContext
from api.services.plugin_health.breaker import Breaker
from api.states import PluginState
from api.store import plugin_health
from plugins.loading.extension_points import ExtensionPoint
from plugins.loading.manager import Installed
from strategies.registry import OWN_DISTRIBUTION

SEND_OPTION = "send_option:"
"""Begins the ids of send options in the table."""


@dataclass(frozen=True, slots=True)
class PluginHealth:
    """The health of one plugin. Times are real times, UTC.

    One that has never failed has no fault. A fault stays after the plugin works again, so that operators can read it.
    Touchline's own plugins are always OK.
    """

    key: str
    """The plugin's key."""
    package: str
    """The name of its distribution."""
    state: PluginState
    fault_code: str | None = None
    """The code of the last fault, such as a member of ``OptionFault``."""
    fault_sentence: str | None = None
    """The last fault in one sentence, for operators. It can contain the type of an exception, but no data of people."""
    fault_at: datetime | None = None
    """When the plugin last failed."""
    next_try_at: datetime | None = None
    """When the server uses the plugin again. None unless the state is PAUSED."""


async def health_of_options(installed: Installed, now: datetime) -> dict[str, PluginHealth]:
    """Return the health of each installed send option by its key, in the order of the options.

    ``now`` is real time (``context.clock()``), also in a sandbox.
    """
    options = installed.send_options
    others = not all(map(options.is_own, options))
    rows = await plugin_health.all_health() if others else {}
    return {key: health_of_row(key, options.distribution(key), rows.get(SEND_OPTION + key), now) for key in options}


async def health_of(context: WorkspaceContext, keys: Sequence[str]) -> list[PluginHealth]:
    """Return the health of installed send options, by their keys."""
    found = await health_of_options(context.installed, context.clock())
    return [found[key] for key in keys]


async def health_of_point(
    installed: Installed, point: ExtensionPoint[Any], prefix: str, now: datetime
) -> dict[str, PluginHealth]:
    """Return the health of each plugin of one kind by its key. ``prefix`` begins their ids in the table."""
    owners = {key: package.distribution for package in installed.packages for key in package.keys.get(point.hook, ())}
    others = any(owner != OWN_DISTRIBUTION for owner in owners.values())
    rows = await plugin_health.all_health() if others else {}
    return {
        key: health_of_row(key, owners.get(key, OWN_DISTRIBUTION), rows.get(prefix + key), now)
        for key in installed.of(point)
    }


async def breakers() -> dict[str, Breaker]:
    """Return the breakers of all send options that have failed, by key."""
    rows = await plugin_health.all_health()
    return {
        plugin.removeprefix(SEND_OPTION): breaker_of(row)
        for plugin, row in rows.items()
        if plugin.startswith(SEND_OPTION)
    }


def breaker_of(row: Mapping[str, Any] | None) -> Breaker:
    """Return the breaker of a plugin from its row."""
    if row is None:
        return Breaker()
    return Breaker(row["fault_at"], row["faults"], row["counted_from"], row["pauses"], row["paused_until"])


def health_of_row(key: str, package: str, row: Mapping[str, Any] | None, now: datetime) -> PluginHealth:
    """Return the health of a plugin from its row."""
    if row is None or package == OWN_DISTRIBUTION:
        return PluginHealth(key, package, PluginState.OK)
    breaker = breaker_of(row)
    return PluginHealth(
        key,
        package,
        breaker.state(now),
        row["fault_code"],
        row["fault_sentence"],
        row["fault_at"],
        breaker.paused_until,
    )
