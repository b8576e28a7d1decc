"""``touchline plugins``: list the installed packages."""

from rich.table import Column, Table
from rich.text import Text

from api.cli.common import UNFOLDED_WIDTH, OutputConsole, console
from api.cli.plugins.plugin_health import print_health
from api.printable import printable
from api.settings import Settings, environment
from plugins.loading.extension_points import EXTENSION_POINTS
from plugins.loading.manager import load


async def list_plugins(settings: Settings) -> int:
    """List the packages that are loaded, the faults of their send options, and those that failed to load."""
    installed = load(environment())
    # Long keys are folded in a narrow terminal, and stay whole where a program reads them.
    titles = ("package", "version", "contract", "module", *(point.title for point in EXTENSION_POINTS))
    table = Table(*(Column(title, overflow="fold") for title in titles))
    for package in installed.packages:
        keys = (", ".join(package.keys[point.hook]) for point in EXTENSION_POINTS)
        table.add_row(package.distribution, package.version, package.contract, package.module, *keys)
    (console if console.is_terminal else OutputConsole(width=UNFOLDED_WIDTH)).print(table)
    for key, option in installed.send_options.items():
        if option.reads:
            facts = ", ".join(sorted(option.reads))
            text = f"{key} ({installed.send_options.distribution(key)}) reads {facts}"
            console.print(Text(printable(text)), highlight=False, soft_wrap=True)
    await print_health(settings, installed)
    for broken in installed.broken:
        console.print(
            Text.assemble(
                ("broken", "red"),
                printable(f" {broken.distribution} {broken.version} ({broken.entry_point}): {broken.error}"),
            ),
            highlight=False,
            soft_wrap=True,
        )
    return 1 if installed.broken else 0
