"""Count days and working days, and convert wall times to instants.

Days are ordinals: day 3 is the third day. If weekends are skipped, they are not counted.

Daylight saving follows RFC 5545 and java.time. A wall time that does not exist becomes later by the length of the gap.
For a wall time that occurs twice, the first one counts.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from strategies.codes import StrategyCode
from strategies.errors import Refusal

SATURDAY = 5
DAYS_OF_WEEK = 7
WORKING_DAYS_OF_WEEK = 5


@lru_cache(maxsize=1024)
def zone_info(zone: str) -> ZoneInfo:
    """Return the zone of this IANA name. Raises Refusal INVALID_ZONE for any other text."""
    if zone in zone_names():
        with suppress(Exception):  # a damaged file raises, for example, ValueError, struct.error or OSError
            return ZoneInfo(zone)
    raise Refusal.of(StrategyCode.INVALID_ZONE, zone=zone[:60])


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return the names of all zones that are accepted.

    Some machines list two more that name no place: "localtime" is this machine's own setting, "Factory" a clock that
    was never set.
    """
    return frozenset(available_timezones() - {"localtime", "Factory"})


def known_zone(zone: str) -> str:
    """Return a stored zone, or UTC if the tz database has removed it, or its file is damaged.

    It is for sending and showing what was planned. Nothing new is planned in such a zone.
    """
    try:
        zone_info(zone)
    except Refusal:
        return "UTC"
    return zone


def aware(instant: datetime) -> datetime:
    """Return the instant in UTC. Raises ValueError for a datetime without a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return instant.astimezone(UTC)


def instant_of(day: date, wall: time, zone: str) -> datetime:
    """Return the UTC instant of a wall time on a date in a zone."""
    # fold=0 is the rule: before a gap it takes the old offset (moves forward), in an overlap the first.
    return datetime.combine(day, _both_folds(wall)[0], zone_info(zone)).astimezone(UTC)


@lru_cache(maxsize=4096, typed=True)
def _both_folds(wall: time) -> tuple[time, time]:
    """Return a wall time as the first and as the second of two. Equal ones are kept, because ``replace`` is slow."""
    return wall.replace(fold=0), wall.replace(fold=1)


def wall_exists(day: date, wall: time, zone: str) -> bool:
    """Say whether the clocks of the zone show this wall time on this date."""
    shown = instant_of(day, wall, zone).astimezone(zone_info(zone))
    return shown.date() == day and shown.time() == wall.replace(fold=0)


class Moment(NamedTuple):
    """A wall time on a date in a zone, with the effect of daylight saving."""

    instant: datetime
    """UTC."""
    zone: str
    skipped: bool
    """Whether the wall time does not exist, because the clocks go forward. The instant is later by the gap."""
    repeated: bool
    """Whether the wall time occurs twice. The instant is the first of the two."""
    wall: datetime
    """The wall time in the zone, with the offset from which ``instant`` is computed."""

    @property
    def offset(self) -> str:
        """The UTC offset of the instant, such as +02:00."""
        return self.wall.isoformat(timespec="seconds")[19:]


def moment_of(day: date, wall: time, zone: str) -> Moment:
    """Return the instant of a wall time, and whether the clocks skip or repeat it."""
    # As in instant_of; PEP 495: where both folds have one offset the wall time is shown once.
    info, (wall, other) = zone_info(zone), _both_folds(wall)
    at = datetime.combine(day, wall, info)
    first, second = at.utcoffset(), datetime.combine(day, other, info).utcoffset()
    if first is None or second is None:
        raise AssertionError  # every zone has an offset
    return Moment(datetime.combine(day, wall, UTC) - first, zone, first < second, first > second, at)


def local(instant: datetime, zone: str) -> datetime:
    """Return what the clocks of the zone show at an instant."""
    return aware(instant).astimezone(zone_info(zone))


def shown_minute(instant: datetime, zone: str) -> str:
    """Return what the clocks of the zone show at an instant, for a sentence: "2026-03-02 9:00 (Europe/Berlin)"."""
    zone = known_zone(zone)
    shown = local(instant, zone)
    return f"{shown:%Y-%m-%d} {shown.hour}:{shown:%M} ({zone})"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of one enrollment: its zone, and whether weekends count."""

    zone: str
    skip_weekends: bool

    def working(self, day: date) -> date:
        """Return the day itself, or the Monday after it where it falls on a skipped weekend."""
        if self.skip_weekends and day.weekday() >= SATURDAY:
            return day + timedelta(days=DAYS_OF_WEEK - day.weekday())
        return day

    def forward(self, day: date, days: int) -> date:
        """Return the day that lies this many counted days (0 or more) after the given one.

        With 0 it is the day itself, or the Monday after it if weekends are skipped: the same as ``working``.
        """
        if self.skip_weekends:
            day = self.working(day)
            weekday = day.weekday()
            weeks, rest = divmod(weekday + days, WORKING_DAYS_OF_WEEK)
            days = weeks * DAYS_OF_WEEK + rest - weekday
        return day + timedelta(days)

    def instant(self, day: date, wall: time) -> datetime:
        """Return the UTC instant of a wall time on a date in this calendar's zone."""
        return instant_of(day, wall, self.zone)

    def moment(self, day: date, wall: time) -> Moment:
        """Return the instant of a wall time in this calendar's zone, and whether its clocks skip or repeat it."""
        return moment_of(day, wall, self.zone)

    def local(self, instant: datetime) -> datetime:
        """Return what the clocks of this calendar's zone show at an instant."""
        return local(instant, self.zone)

    def start(self, instant: datetime) -> tuple[date, time, bool]:
        """Return date and wall time (to the second) of a start, and whether a skipped weekend moved it."""
        shown = self.local(instant)
        day = self.working(shown.date())
        return day, time(shown.hour, shown.minute, shown.second), day != shown.date()
