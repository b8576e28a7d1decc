"""Replace the send options of packages with questions to worker processes."""

from dataclasses import replace
from types import MappingProxyType

from api.clock import Clock
from api.services.common.metrics import Metrics
from api.services.option_calls.asker import OptionAsker
from plugins.loading.extension_points import SEND_OPTIONS
from plugins.loading.manager import Installed
from strategies.package_options.isolated_option import isolate


def isolated(installed: Installed, clock: Clock, metrics: Metrics) -> Installed:
    """Return the packages with the send options of others in worker processes. Touchline's own stay in this process.

    ``clock`` gives real time.
    """
    options = installed.send_options
    asker = OptionAsker(options, clock, metrics)
    registries = {**installed.registries, SEND_OPTIONS.hook: isolate(options, asker)}
    return replace(installed, registries=MappingProxyType(registries))
