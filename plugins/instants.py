"""The times that a package hands over, as both databases can store them."""

from datetime import UTC, date, datetime, time, timezone
from zoneinfo import ZoneInfo

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def storable_instant(name: str, instant: datetime) -> datetime:
    """Return a time from EARLIEST to LATEST: the nearest one to a time outside. Raises ValueError without a zone.

    Programs write the year 1 or 9999 for a time that they do not know. PostgreSQL's driver takes them for infinity.
    A subclass of datetime becomes a datetime, because its methods could raise later. Raises TypeError for other types.
    """
    if not isinstance(instant, datetime):
        raise TypeError(f"{name} is a {type(instant).__name__}, not a datetime")
    offset = instant.utcoffset()
    if offset is None:
        raise ValueError(f"{name} has no time zone")
    if type(instant) is not datetime or type(instant.tzinfo) not in {timezone, ZoneInfo}:
        wall = time(instant.hour, instant.minute, instant.second, instant.microsecond)
        instant = datetime.combine(date.fromordinal(instant.toordinal()), wall, timezone(offset))
    return min(max(instant, EARLIEST), LATEST)
