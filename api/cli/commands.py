"""``touchline migrate``, ``schema`` and ``plugins``, and what all commands share."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from api.printable import printable
from api.settings import Settings, environment
from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.upgrade_report import collect_reports
from plugins.extension_points import EXTENSION_POINTS
from plugins.manager import load

console = Console()
log = logging.getLogger("touchline.service")

UNFOLDED_WIDTH = 10_000
"""Width in columns of output that is not a terminal, so that no line is folded."""


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[None]:
    """Open the migrated database for one command."""
    await open_database(settings.database_url)
    try:
        await migrate()
        yield
    finally:
        await close_database()


async def migrate_database(settings: Settings) -> int:
    """Apply the missing migrations and print their names."""
    await open_database(settings.database_url)
    try:
        with collect_reports() as reports:
            applied = await migrate()
    finally:
        await close_database()
    for sentence in reports:
        console.print(sentence, highlight=False, soft_wrap=True, markup=False)
    console.print(f"Applied: {', '.join(applied)}." if applied else "Nothing to do: the tables are up to date.")
    return 0


def print_schema(_settings: Settings) -> int:
    """Print the GraphQL schema."""
    from api.graphql.schema import schema_text  # takes longer than all that the other commands import

    sys.stdout.write(schema_text())
    return 0


def list_plugins(_settings: Settings) -> int:
    """List the packages that are loaded, and those that failed to load."""
    installed = load(environment())
    # Long keys are folded in a narrow terminal, and stay whole where a program reads them.
    titles = ("package", "version", "module", *(f"{point.noun}s" for point in EXTENSION_POINTS))
    table = Table(*(Column(title, overflow="fold") for title in titles))
    for package in installed.packages:
        keys = (", ".join(package.keys[point.hook]) for point in EXTENSION_POINTS)
        table.add_row(package.distribution, package.version, package.module, *keys)
    (console if console.is_terminal else Console(width=UNFOLDED_WIDTH)).print(table)
    for broken in installed.broken:
        console.print(
            Text.assemble(
                ("broken", "red"), printable(f" {broken.distribution} ({broken.entry_point}): {broken.error}")
            ),
            highlight=False,
            soft_wrap=True,
        )
    return 1 if installed.broken else 0
