"""The console of all commands, and the migrated database for one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console

from api.settings import Settings
from api.store.engine.database import close_database, migrate, open_database


class OutputConsole(Console):
    """A console that raises BrokenPipeError if nobody reads its output any more, as ``print`` does."""

    def on_broken_pipe(self) -> None:
        """Raise the error that is being handled, instead of ending the process."""
        raise BrokenPipeError


console = OutputConsole()

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
