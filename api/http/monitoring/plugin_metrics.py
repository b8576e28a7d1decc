"""The gauges of packages' send options and channels on /metrics."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge

from api.services.plugin_health.health import PluginHealth
from api.states import PluginState

PLUGIN_GAUGES = {
    "plugin_up": "1 if the server uses the send option or channel of a package, 0 if it is paused because it failed "
    "too often.",
    "plugin_fault_seconds": "Time since the last fault of the send option or channel of a package, in seconds.",
}


def add_plugins(registry: CollectorRegistry, plugins: Sequence[tuple[str, PluginHealth]], now: datetime) -> None:
    """Add the gauges of each plugin of packages. One that has never failed has no time of a fault."""
    up, fault = (
        Gauge(f"touchline_{name}", description, ["kind", "key", "package"], registry=registry)
        for name, description in PLUGIN_GAUGES.items()
    )
    for kind, health in plugins:
        labels = kind.replace(" ", "_"), health.key, health.package
        up.labels(*labels).set(health.state is not PluginState.PAUSED)
        if health.fault_at is not None:
            fault.labels(*labels).set(max((now - health.fault_at).total_seconds(), 0.0))
