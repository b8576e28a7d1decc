"""A clock that follows the database, so that all machines agree on the time. New identifiers follow it as well."""

import time
from datetime import datetime, timedelta

from api.clock import Clock, system_clock
from api.ids import correct_clock
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, instant

SYNC_INTERVAL_SECONDS = 10.0
"""How often the clock is set by the database."""


class DatabaseClock:
    """A clock set by PostgreSQL that advances with the machine's monotonic clock. On SQLite it is the system clock."""

    def __init__(self, system: Clock = system_clock) -> None:
        self._system = system
        self._set: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """Return the present time, UTC."""
        if self._set is None:
            return self._system()
        database_now, set_at = self._set
        return database_now + timedelta(seconds=time.monotonic() - set_at)

    async def sync(self) -> None:
        """Set the clock, unless it was set in the last SYNC_INTERVAL_SECONDS."""
        if not is_postgres() or (self._set is not None and time.monotonic() - self._set[1] < SYNC_INTERVAL_SECONDS):
            return
        (row,) = await execute("SELECT clock_timestamp() AS now")
        self._set = (instant(row["now"]), time.monotonic())
        correct_clock(self._set[0])


async def sync_clock(clock: Clock) -> None:
    """Sync a clock with the database if it is a DatabaseClock."""
    if isinstance(clock, DatabaseClock):
        await clock.sync()
