"""The retry policy of deferred emails: how long each retry waits, and when retries are used up."""

from datetime import datetime, timedelta

FIRST_RETRY_WAITS = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
)
LATER_RETRY_WAIT = timedelta(hours=4)
MAX_RETRY_TIME = timedelta(days=4)
MAX_JITTER = 0.1
"""The largest random share that is added to the wait before a retry, so that retries are spread."""


def retry_wait(attempts: int) -> timedelta:
    """Return how long a deferred email waits that was deferred this many times before."""
    return FIRST_RETRY_WAITS[attempts] if attempts < len(FIRST_RETRY_WAITS) else LATER_RETRY_WAIT


def retries_exhausted(attempts: int) -> bool:
    """Say whether the wait before the next retry would exceed the total time for retries.

    The time counts from the first attempt, so that an email whose first attempt is late gets the full time as well.
    """
    return sum(map(retry_wait, range(attempts + 1)), timedelta()) > MAX_RETRY_TIME


def next_retry_at(now: datetime, attempts: int, jitter: float) -> datetime:
    """Return when (UTC) a deferred email is tried again. ``jitter`` (0 to 1) adds up to a tenth of the wait."""
    return now + retry_wait(attempts) * (1 + MAX_JITTER * jitter)
