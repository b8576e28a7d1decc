"""Decide how many emails of an account are claimed before sessions need them."""

import time

MAX_EMAILS_AHEAD = 2_000
MIN_EMAILS_AHEAD = 50
RATE_SPAN_SECONDS = 0.25
"""The time over which the rate of an account is measured."""


class ClaimAhead:
    """Measures the rate of an account, so that about one second's emails are claimed.

    With more emails, other processes would have less work, and a crash would leave more to recover. With fewer,
    sessions would wait for claims. Sessions call ``finished_one``. The account worker calls ``emails``.
    """

    def __init__(self) -> None:
        self._finished = 0
        self._emails_per_second = 0.0
        self._measured_at = time.monotonic()

    def finished_one(self) -> None:
        """Count an email that a session has finished."""
        self._finished += 1

    def emails(self, at_once: int) -> int:
        """Return how many emails may wait for the sessions of an account, which send so many at once."""
        span = time.monotonic() - self._measured_at
        if span >= RATE_SPAN_SECONDS:
            self._emails_per_second = self._finished / span
            self._finished, self._measured_at = 0, time.monotonic()
        return min(max(int(self._emails_per_second), at_once, MIN_EMAILS_AHEAD), MAX_EMAILS_AHEAD)
