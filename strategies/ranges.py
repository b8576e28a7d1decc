"""Ranges of time in which an email can be sent."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """A range of time, in UTC. ``start`` belongs to it, ``end`` does not.

    For example, from 9:00 to 17:00 on a date in the person's zone::

        Range(step.calendar.instant(day, time(9)), step.calendar.instant(day, time(17)))
    """

    start: dt.datetime
    end: dt.datetime

    def __post_init__(self) -> None:
        """Convert both to UTC. Raises ValueError if one has no zone, or if the range has no length."""
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError("the start and the end of a range need a zone")
        object.__setattr__(self, "start", self.start.astimezone(dt.UTC))
        object.__setattr__(self, "end", self.end.astimezone(dt.UTC))
        if self.end <= self.start:
            raise ValueError(f"a range ends after it starts, not at {self.end}, {self.start - self.end} before")

    def __contains__(self, instant: dt.datetime) -> bool:
        """Say whether an instant is in the range."""
        return self.start <= instant < self.end
