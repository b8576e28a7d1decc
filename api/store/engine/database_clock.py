"""The database's time: what machines that share one agree on, whatever their own clocks show."""

import time
from datetime import datetime, timedelta

from api.clock import Clock, system_clock
from api.store.engine.database import is_postgres
from api.store.engine.sql import instant, run

SYNC_INTERVAL_SECONDS = 10.0


class DatabaseClock:
    """A clock that is set by PostgreSQL and goes on by the machine's monotonic clock. On SQLite, the system's."""

    def __init__(self, system: Clock = system_clock) -> None:
        self._system = system
        self._set: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """Return the present instant, UTC."""
        if self._set is None:
            return self._system()
        shown, at = self._set
        return shown + timedelta(seconds=time.monotonic() - at)

    async def sync(self) -> None:
        """Set the clock, unless that was done a moment ago."""
        if not is_postgres() or (self._set is not None and time.monotonic() - self._set[1] < SYNC_INTERVAL_SECONDS):
            return
        (row,) = await run("SELECT clock_timestamp() AS shown")
        self._set = (instant(row["shown"]), time.monotonic())


async def sync_clock(clock: Clock) -> None:
    """Set a clock by the database's time, where it is one that goes by it."""
    if isinstance(clock, DatabaseClock):
        await clock.sync()
