"""Rows that a background job fails on and cannot set aside in the database: they wait, and hold up no others."""

from collections.abc import Iterable
from datetime import datetime

from api.services.jobs.halving import FIRST_WAIT, LONGEST_WAIT


class PutOff:
    """Ids of rows that wait, in the memory of one process; longer after each further failure.

    All instants are real time, UTC. After a restart each is tried at once, and waits again where it fails.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[datetime, int]] = {}

    def add(self, row_id: str, now: datetime) -> datetime:
        """Let a row wait that has failed: 10 seconds, twice as long each time, up to an hour. Returns until when."""
        failures = self._rows[row_id][1] + 1 if row_id in self._rows else 1
        until: datetime = now + min(FIRST_WAIT * 2 ** min(failures - 1, 10), LONGEST_WAIT)
        self._rows[row_id] = until, failures
        return until

    def waiting(self, now: datetime) -> list[str]:
        """Return the ids of the rows that wait at ``now``."""
        if not self._rows:
            return []
        # What was not tried again long after its time has come to its end elsewhere.
        self._rows = {key: row for key, row in self._rows.items() if now < row[0] + 2 * LONGEST_WAIT}
        return [key for key, row in self._rows.items() if _waits(row[0], now)]

    def until(self, row_ids: Iterable[str], now: datetime) -> datetime | None:
        """Return when the first of these rows is tried again; None where none of them waits."""
        found = [self._rows[key][0] for key in row_ids if key in self._rows]
        return min((until for until in found if _waits(until, now)), default=None)


def _waits(until: datetime, now: datetime) -> bool:
    """Say whether a wait holds. One that is longer than any began before the clock was set back, and is over."""
    return now < until <= now + LONGEST_WAIT
