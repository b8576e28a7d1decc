"""Replaces the clock of this process by one that can be wrong. Imported before the modules that use the clock."""

from datetime import datetime, timedelta

import api.clock

_right = api.clock.system_clock
_skew = timedelta()


def _wrong() -> datetime:
    return _right() + _skew


def skew_by(seconds: float) -> None:
    """Set how far ahead the clock is."""
    global _skew  # noqa: PLW0603 - the clock of the whole process
    _skew = timedelta(seconds=seconds)


api.clock.system_clock = _wrong
