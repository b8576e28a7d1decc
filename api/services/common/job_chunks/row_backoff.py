"""Postpone rows on which a background job fails, so that they do not delay other rows."""

from collections.abc import Iterable
from datetime import datetime

from api.services.common.job_chunks.bisection import FIRST_WAIT, LONGEST_WAIT


class Backoff:
    """Ids of postponed rows. Each further failure doubles the delay.

    The ids are in the memory of one process, because the failing rows cannot be marked in the database. After a restart
    each row is tried at once. All times are real time (UTC), also for sandboxes.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[datetime, int]] = {}

    def add(self, row_id: str, now: datetime) -> datetime:
        """Postpone a failed row: by 10 seconds, then twice as long each time, up to an hour. Returns until when."""
        failures = self._rows[row_id][1] + 1 if row_id in self._rows else 1
        until: datetime = now + min(FIRST_WAIT * 2 ** min(failures - 1, 10), LONGEST_WAIT)
        self._rows[row_id] = until, failures
        return until

    def waiting(self, now: datetime) -> list[str]:
        """Return the ids of the rows that are postponed at ``now``."""
        if not self._rows:
            return []
        # Drop rows whose delay ended long ago without another attempt: another process has processed them.
        self._rows = {key: row for key, row in self._rows.items() if now < row[0] + 2 * LONGEST_WAIT}
        return [key for key, row in self._rows.items() if _waits(row[0], now)]

    def until(self, row_ids: Iterable[str], now: datetime) -> datetime | None:
        """Return when the first of these rows is tried again. None if none of them is postponed."""
        found = [self._rows[key][0] for key in row_ids if key in self._rows]
        return min((until for until in found if _waits(until, now)), default=None)


def _waits(until: datetime, now: datetime) -> bool:
    """Say whether a delay still runs. A delay longer than LONGEST_WAIT does not: the clock was set back."""
    return now < until <= now + LONGEST_WAIT
