"""How many emails of an account to claim ahead."""

import time

MAX_EMAILS_AHEAD = 2_000
MIN_EMAILS_AHEAD = 50
PACE_SPAN_SECONDS = 0.25
"""The time over which an account's pace is measured."""


class ClaimAhead:
    """Measures an account's pace, to claim the emails of about one second.

    More would leave other processes less and a crash more to recover; fewer would make sessions wait for claims.
    Sessions call ``finished_one``; the account worker reads ``limit``.
    """

    def __init__(self) -> None:
        self._finished = 0
        self._emails_per_second = 0.0
        self._measured_at = time.monotonic()

    def finished_one(self) -> None:
        """Count an email that a session has finished."""
        self._finished += 1

    def limit(self, sessions: int) -> int:
        """Return how many emails of the account to hold at most, for so many sessions."""
        span = time.monotonic() - self._measured_at
        if span >= PACE_SPAN_SECONDS:
            self._emails_per_second = self._finished / span
            self._finished, self._measured_at = 0, time.monotonic()
        return min(max(int(self._emails_per_second), 2 * sessions, MIN_EMAILS_AHEAD), MAX_EMAILS_AHEAD)
