"""The only place that reads the time. Everything else takes ``now`` as an argument."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present instant, UTC."""
    return datetime.now(UTC)
