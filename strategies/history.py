"""The results of a workspace's emails, counted by the hour of the week in which they were sent."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

DAYS = range(7)
"""0 is Monday, as in ``date.weekday()``."""
HOURS = range(24)


class HourCounts(NamedTuple):
    """The emails that were sent in one hour of the week. Each is counted once in each field, at its sending time."""

    sent: int = 0
    opened: int = 0
    """Emails that were opened at least once, whenever that was. Opens by machines do not count."""
    clicked: int = 0
    """Emails of which a link was clicked at least once. Clicks by machines do not count."""
    replied: int = 0
    """Emails that were answered. Automatic replies do not count."""


NO_COUNTS = HourCounts()


@dataclass(frozen=True, slots=True)
class History:
    """The campaign emails that the workspace has sent in 365 days, by weekday and hour of their local sending time.

    The local time is the one in the zone that the email was planned in. An open, click or reply counts at the hour at
    which its email was sent. The server counts once a day of the workspace's clock. The numbers are the same for all
    people of one launch, also when their emails are calculated again later. For example, the hour with the most replies
    for each email sent::

        hour = max(range(24), key=lambda hour: step.history.hour(hour).replied / max(1, step.history.hour(hour).sent))

    A test makes one: here four of nine emails of Tuesday, 10:00 to 10:59, were answered::

        counts = list(History().counts)
        counts[1 * 24 + 10] = HourCounts(sent=9, opened=6, replied=4)
        facts = Facts(history=History(tuple(counts), counted_at=datetime(2026, 3, 2, tzinfo=UTC)))
    """

    counts: tuple[HourCounts, ...] = (NO_COUNTS,) * (len(DAYS) * len(HOURS))
    """One for each hour of the week, from Monday 0:00."""
    counted_at: dt.datetime | None = None
    """When the server counted (UTC). None: it has not counted yet. If a later count is equal, the first one stays."""

    def __post_init__(self) -> None:
        """Check that there is one for each hour."""
        if len(self.counts) != len(DAYS) * len(HOURS):
            raise ValueError(f"a history has {len(DAYS) * len(HOURS)} hours, not {len(self.counts)}")

    def at(self, weekday: int, hour: int) -> HourCounts:
        """Return the counts of one hour of the week: ``weekday`` from 0 (Monday) to 6, ``hour`` from 0 to 23."""
        if weekday not in DAYS or hour not in HOURS:
            raise ValueError(f"there is no hour {hour} on a weekday {weekday}")
        return self.counts[weekday * len(HOURS) + hour]

    def weekday(self, weekday: int) -> HourCounts:
        """Return the sum of one day of the week, from 0 (Monday) to 6."""
        return _sum(self.at(weekday, hour) for hour in HOURS)

    def hour(self, hour: int) -> HourCounts:
        """Return the sum of one hour of the day, from 0 to 23, over all days of the week."""
        return _sum(self.at(weekday, hour) for weekday in DAYS)

    @property
    def total(self) -> HourCounts:
        """The sum of all hours."""
        return _sum(self.counts)


def _sum(counts: Iterable[HourCounts]) -> HourCounts:
    return HourCounts(*map(sum, zip(*counts, strict=True)))


NO_HISTORY = History()
"""The history of a workspace whose emails have not been counted."""
