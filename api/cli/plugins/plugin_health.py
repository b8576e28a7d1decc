"""The faults of packages' send options, channels and webhooks, as ``touchline plugins`` prints them below its list."""

from pathlib import Path

from rich.text import Text
from tortoise.exceptions import OperationalError

from api.cli.common import console
from api.clock import system_clock
from api.printable import printable
from api.services.plugin_health.channels import health_of_packages
from api.services.plugin_health.health import PluginHealth
from api.settings import Settings
from api.states import PluginState
from api.store.engine.database import close_database, open_database
from api.store.engine.opening.database_url import connection_settings
from plugins.loading.manager import Installed
from strategies.registry import OWN_DISTRIBUTION

STYLES = {PluginState.OK: "green", PluginState.FAILING: "yellow", PluginState.PAUSED: "red"}


async def print_health(settings: Settings, installed: Installed) -> None:
    """Print a line for each plugin of packages that has failed. Creates and changes no database."""
    own = all(package.distribution == OWN_DISTRIBUTION for package in installed.packages)
    if own or not _exists(settings.database_url):
        return
    try:
        await open_database(settings.database_url)
        try:
            found = await health_of_packages(installed, system_clock())
        finally:
            await close_database()
    except (ConnectionError, OperationalError) as problem:
        text = f"The health of the packages is unknown: {problem}"
        console.print(Text(printable(text)), highlight=False, soft_wrap=True)
        return
    for _, health in found:
        if health.fault_at is not None:
            state = (health.state.lower(), STYLES[health.state])
            console.print(Text.assemble(state, printable(f" {_line(health)}")), highlight=False, soft_wrap=True)


def _exists(url: str) -> bool:
    """Say whether there can be a database. To open a file that does not exist would create it."""
    path = connection_settings(url)["credentials"].get("file_path")
    return path is None or Path(path).exists()


def _line(health: PluginHealth) -> str:
    again = f" The server uses it again at {health.next_try_at:%Y-%m-%d %H:%M:%S} UTC." if health.next_try_at else ""
    at = f"{health.fault_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{health.key} ({health.package}): {health.fault_code} at {at}. {health.fault_sentence}{again}"
