"""Computes when something happens from its explanation alone, as a person with a calendar and a clock would.

It reads the notes in order, and knows nothing of the campaign and none of Touchline's own code. What a sentence does
not say it cannot know: then the explanation is incomplete.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONES = {"ZONE", "ZONE_OF_SENDER", "ZONE_OF_RECIPIENT", "ZONE_OF_SENDER_INSTEAD"}
BASES = {
    *("DAY_1", "DAY_1_AFTER_WEEKEND", "FIRST_TIME_PASSED", "FIRST_EMAIL"),
    *("SHIFTED", "SHIFTED_TO_MONDAY", "RESUMED"),
}
TIMES = {
    *("TIME_CONFIGURED", "TIME_FROM_LAUNCH", "TIME_KEPT", "SAME_TIME", "OPTION_CHOSE", "BY_HAND"),
    *("SEND_AT", "SEND_AT_ON_WEEKEND", "AT_START", "AT_START_ON_WEEKEND", "MOVED_AFTER_PAUSE"),
    *("NEXT_ALLOWED_TIME", "WAITS_FOR_ALLOWED_TIME"),
    *("RESCHEDULED", "RESCHEDULED_NOW", "BY_HAND_IN_ZONE", "RESCHEDULED_IN_ZONE", "SENT_ELSEWHERE"),
}
WAITS = {"NO_TIME_ALLOWED", "THROTTLE", "DAILY_CAP"}
"""Notes on a wait, which does not change the planned time."""
MONDAYS = {"DAY_1_AFTER_WEEKEND", "SHIFTED_TO_MONDAY", "SEND_AT_ON_WEEKEND", "AT_START_ON_WEEKEND"}
NAMES_ITS_DAY = {"SEND_AT", "SEND_AT_ON_WEEKEND", "TIME_PASSED_AT_LAUNCH"}
TASKS = {"TASK_BY_HAND", "HUMAN_WORK", "OPTION_CHOSE_DUE"}


class WrongError(Exception):
    """An explanation contradicts itself, says something twice, or leaves something out."""


def evaluate(explanation: Iterable[tuple[str, Mapping[str, Any]]]) -> "Reader":
    """Read an explanation to its end."""
    reader = Reader()
    for code, values in explanation:
        reader.read(code, values)
    return reader


class Reader:
    """The state after the notes that were read."""

    def __init__(self) -> None:
        self.zone: ZoneInfo | None = None
        self.base: tuple[int, date] | None = None
        self.days: dict[int, date] = {}
        """The date of each day that a note has named."""
        self.date: date | None = None
        self.time: time | None = None
        self.at: datetime | None = None
        self.offset: str | None = None
        self.skipped = False
        self.late: datetime | None = None
        self.task = False
        self.about_wait = False
        self.seen: set[str] = set()

    def read(self, code: str, values: Mapping[str, Any]) -> None:
        """Read one note."""
        self.about_wait = code in WAITS or (self.about_wait and code == "CLOCKS_GO_BACK")
        if self.about_wait:
            return
        if code in self.seen:
            raise WrongError(f"the explanation has {code} twice")
        if self.zone is None and code not in ZONES:
            raise WrongError("the zone is not known from the start")
        self.seen.add(code)
        if code in ZONES:
            if self.zone is not None:
                raise WrongError("there are two zones")
            self.zone = ZoneInfo(values["zone"])
        if code == "TIME_IN_ZONE":
            self.zone = ZoneInfo(values["zone"])
        self._check_monday(code, values)
        if code in BASES:
            if self.base is not None:
                raise WrongError("days are counted from two dates")
            self.base = (values["day"] if code not in {"DAY_1", "DAY_1_AFTER_WEEKEND"} else 1, self._date(values))
            self._name(*self.base)
        if code in {"DAY", "DAY_WITHOUT_WEEKENDS"}:
            self._name(values["day"], self._date(values))
            if self._counted(values["day"], weekends=code == "DAY") != self.date:
                raise WrongError(f"day {values['day']} is not {self.date}")
        if code in NAMES_ITS_DAY:
            self._name(values["day"], self._date(values))
        if code == "TIME_PASSED_AT_LAUNCH" and date.fromisoformat(values["from"]) >= self._date(values):
            raise WrongError("the day after is not after it")
        self._decide(code, values)

    def _check_monday(self, code: str, values: Mapping[str, Any]) -> None:
        if code in MONDAYS:
            weekend, monday = date.fromisoformat(values["from"]), date.fromisoformat(values["date"])
            if weekend.weekday() not in {5, 6} or monday != weekend + timedelta(days=7 - weekend.weekday()):
                raise WrongError(f"{monday} is not the Monday after {weekend}")

    def _decide(self, code: str, values: Mapping[str, Any]) -> None:
        """Read a note on the time or the task, and what changes it."""
        if code in TIMES:
            self._take(values)
        if code in {"OPTION_CHOSE_DUE", "TASK_RESCHEDULED"}:
            self.date = self._date(values)
        self.task |= code in TASKS
        if code in {"CLOCKS_GO_FORWARD", "CLOCKS_GO_BACK", "LATE"}:
            self._same(values)
            self.skipped |= code == "CLOCKS_GO_FORWARD"
            self.offset = values.get("offset", self.offset)
        if code == "LATE":
            self.late = datetime.fromisoformat(values["at"])
            self.seen.discard("NEXT_ALLOWED_TIME")  # the one before is planned, and the one after is for a late email

    @property
    def instant(self) -> datetime:
        """When the email goes out, UTC."""
        planned = self._planned()
        if self.late is not None and not planned < self.late:
            raise WrongError(f"{planned} had not passed at {self.late}")
        return planned if self.late is None else self.late

    def _planned(self) -> datetime:
        if self.task or self.zone is None or self.date is None or self.time is None:
            raise WrongError("date or time is not known")
        wall = datetime.combine(self.date, self.time)
        before, after = (wall.replace(tzinfo=self.zone, fold=fold).utcoffset() for fold in (0, 1))
        if before is None or after is None:
            raise WrongError("the zone has no offset")
        if (before > after) is not (self.offset is not None):
            raise WrongError("the clocks show the time twice, or do not, and the notes say otherwise")
        if (before < after and self.at is None) is not self.skipped:
            raise WrongError("the clocks skip the time, or do not, and the notes say otherwise")
        if self.at is not None:
            if self.at.astimezone(self.zone).replace(tzinfo=None) != wall:
                raise WrongError(f"at {self.at} the clocks do not show {wall}")
            if self.offset is not None and datetime.fromisoformat(f"{wall.isoformat()}{self.offset}") != self.at:
                raise WrongError("the offset is that of the other instant")
            return self.at
        if self.offset is not None:
            return datetime.fromisoformat(f"{wall.isoformat()}{self.offset}").astimezone(UTC)
        return (wall - before).replace(tzinfo=UTC)

    @property
    def due(self) -> date:
        """When the task is due."""
        if not self.task or self.date is None:
            raise WrongError("the due date is not known")
        return self.date

    def _date(self, values: Mapping[str, Any]) -> date:
        return date.fromisoformat(values["date"])

    def _name(self, day: int, on: date) -> None:
        """Take the date of a day, which nothing has said before."""
        if day in self.days:
            raise WrongError(f"day {day} is {self.days[day]}, and again {on}")
        self.days[day] = self.date = on

    def _take(self, values: Mapping[str, Any]) -> None:
        """Take a wall time, with its date and its instant where they are given. It replaces the earlier ones."""
        self.time = time.fromisoformat(values["time"])
        self.date = self._date(values) if "date" in values else self.date
        self.at = datetime.fromisoformat(values["at"]) if "at" in values else None
        self.offset, self.skipped, self.late = None, False, None
        self.seen -= {"CLOCKS_GO_FORWARD", "CLOCKS_GO_BACK", "LATE", "CHOSEN_TIME_SKIPPED", "CHOSEN_TIME_REPEATED"}

    def _same(self, values: Mapping[str, Any]) -> None:
        if (self.date, self.time) != (self._date(values), time.fromisoformat(values["time"])):
            raise WrongError(f"it is about {values['time']} on {values['date']}, not {self.time} on {self.date}")

    def _counted(self, day: int, *, weekends: bool) -> date:
        """Count from the base to a day, one date after the other."""
        if self.base is None:
            raise WrongError("nothing says from where days are counted")
        at, on = self.base
        if day <= at:
            raise WrongError(f"day {day} is not after day {at}, from which days are counted")
        while at < day:
            on += timedelta(days=1)
            if weekends or on.weekday() < 5:
                at += 1
        return on
