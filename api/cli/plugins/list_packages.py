"""``touchline plugins``: list the installed packages."""

import textwrap
from collections.abc import Iterator

from rich.text import Text

from api.cli.common import console
from api.cli.plugins.plugin_health import print_health
from api.printable import printable
from api.settings import Settings, environment
from plugins.loading.extension_points import EXTENSION_POINTS
from plugins.loading.manager import Installed, load


async def list_plugins(settings: Settings) -> int:
    """List the packages that are loaded, the faults of their send options, and those that failed to load."""
    installed = load(environment())
    for line in _lines(installed):
        # Keys stay whole. Where a program reads the lines, they stay whole as well.
        folded = textwrap.wrap(
            printable(line),
            console.width if console.is_terminal else len(line) + 1,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        console.print(Text("\n".join(folded)), highlight=False, soft_wrap=True)
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


def _lines(installed: Installed) -> Iterator[str]:
    """Yield a line for each package, one for each kind of plugins that it adds, and one for what each option reads."""
    found: dict[str, dict[str, list[str]]] = {}
    for package in installed.packages:
        title = f"{package.distribution} {package.version} (contract {package.contract})"
        added = found.setdefault(title, {})
        for point in EXTENSION_POINTS:
            if keys := package.keys[point.hook]:
                added.setdefault(point.title, []).extend(keys)
    options = installed.send_options
    for title, added in found.items():
        yield title
        for kind, names in added.items():
            yield f"  {kind}: {', '.join(names)}"
    for key, option in options.items():
        if option.reads:
            yield f"{key} ({options.distribution(key)}) reads {', '.join(sorted(option.reads))}"
