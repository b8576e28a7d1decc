"""The times that a package hands over, as both databases can store them."""

from datetime import UTC, datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def storable_instant(name: str, instant: datetime) -> datetime:
    """Return a time from EARLIEST to LATEST: the nearest one to a time outside. Raises ValueError without a zone.

    Programs write the year 1 or 9999 for a time that they do not know. PostgreSQL's driver takes them for infinity.
    """
    if instant.utcoffset() is None:
        raise ValueError(f"{name} has no time zone")
    return min(max(instant, EARLIEST), LATEST)
