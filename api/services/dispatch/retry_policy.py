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


MIN_REQUESTED_WAIT = timedelta(seconds=10)
"""The shortest wait that a server can ask for."""


def requested_wait(retry_after: float | datetime | None, now: datetime) -> timedelta | None:
    """Return the wait that a server asks for: in seconds, or until an instant. None if it asks for none."""
    if retry_after is None:
        return None
    seconds = (retry_after - now).total_seconds() if isinstance(retry_after, datetime) else retry_after
    return timedelta(seconds=min(max(seconds, 0.0), MAX_RETRY_TIME.total_seconds()))


def retry_wait(attempts: int) -> timedelta:
    """Return how long a deferred email waits that was deferred this many times before."""
    return FIRST_RETRY_WAITS[attempts] if attempts < len(FIRST_RETRY_WAITS) else LATER_RETRY_WAIT


def retries_exhausted(attempts: int) -> bool:
    """Say whether the wait before the next retry would exceed the total time for retries.

    The time counts from the first attempt, so that an email whose first attempt is late gets the full time as well.
    """
    return sum(map(retry_wait, range(attempts + 1)), timedelta()) > MAX_RETRY_TIME


def next_retry_at(now: datetime, attempts: int, jitter: float, requested: timedelta | None = None) -> datetime:
    """Return when (UTC) a deferred email is tried again. ``jitter`` (0 to 1) adds up to a tenth of the wait.

    ``requested`` is the wait that the server asks for. It replaces the own wait, and the email is never tried earlier.
    """
    wait = retry_wait(attempts) if requested is None else min(max(requested, MIN_REQUESTED_WAIT), MAX_RETRY_TIME)
    return now + wait * (1 + MAX_JITTER * jitter)


def retries_used(attempts: int, jitter: float, requested: timedelta | None) -> int:
    """Return how many of the retries a deferral uses up.

    Touchline's own waits end after four days in total. A wait that the server requests uses up the retries whose own
    waits fit into it. It uses up one more with a probability that is the remainder's share of the next own wait;
    ``jitter`` (0 to 1) is the random number. The first deferral always counts.
    """
    if requested is None:
        return 1
    used, left = 0, max(requested, MIN_REQUESTED_WAIT)
    while left >= (own_wait := retry_wait(attempts + used)):
        used, left = used + 1, left - own_wait
    used += left > own_wait * jitter
    return used if attempts else max(used, 1)
