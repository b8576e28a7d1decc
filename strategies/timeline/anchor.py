"""The anchor: the date from which one person's days are counted, and why it is that date.

Day 1 of a launch is the first anchor. The first email, a late task and a resume after a pause replace it.
docs/scheduling.md has the rules.
"""

import datetime as dt
from dataclasses import dataclass

from strategies.calendar import Calendar, instant_of
from strategies.contract import Note
from strategies.timeline import timeline_notes
from strategies.timeline.records import EmailRecord, LaunchChoices, PlannedSend, TaskRecord

AT_TIME = "at_time"
"""The key of the built-in option that moves a first email whose time had passed at launch."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Day number ``day`` falls on ``date``. Later days are counted from that date."""

    calendar: Calendar
    day: int
    date: dt.date
    note: Note
    """Says in the explanation why the day falls on that date."""
    is_resume: bool = False
    """Whether a resume after a pause set it."""

    def date_of(self, day: int) -> dt.date:
        """Return the date of a day. Days before the anchor's own fall on the anchor's date."""
        if day < self.day:
            return self.date
        # R1: day N falls N - 1 days after day 1. R3: the calendar leaves skipped weekends out.
        return self.calendar.forward(self.date, day - self.day)

    def after_resume(self, day: int, date: dt.date) -> "Anchor":
        """R19: the day moves to the date that the resume gave it, unless a late task has moved it further."""
        date = self.calendar.working(date)
        if date <= self.date_of(day):
            return self
        note = Note("RESUMED", {"day": day, "date": date.isoformat()})
        return Anchor(self.calendar, day, date, note, is_resume=True)

    def after_first_email(
        self, day: int, email: EmailRecord | PlannedSend, launch: LaunchChoices, option: str | None
    ) -> "Anchor":
        """R5, R6: the day of the first step is the date of its email, unless its option does not change the day."""
        expected, date = self.date_of(day), self.calendar.working(email.date)
        if date == expected or not email.moves_day_one:
            return self
        in_time = instant_of(expected, email.time, email.zone or self.calendar.zone)
        # Only at_time moves its email because the time had passed. Options of packages have reasons of their own.
        passed = option == AT_TIME and launch.send_at is None and in_time < launch.now
        return Anchor(self.calendar, day, date, timeline_notes.first_email(day, date, passed=passed))

    def after_task(self, day: int, task: TaskRecord) -> "Anchor":
        """R14: a task that is finished after its due date moves its day to the date on which it was finished."""
        # R3, R14: a task that is finished on a skipped weekend counts as finished on the Monday after it.
        finished, _, moved = self.calendar.start(task.at)
        if finished <= task.due:
            return self
        weekend = self.calendar.local(task.at).date() if moved else None
        return Anchor(self.calendar, day, finished, timeline_notes.late_task(day, task.how, finished, weekend))


def launch_anchor(start: dt.datetime, calendar: Calendar) -> Anchor:
    """R2, R3: day 1 is the local date of the start, or the Monday after it where it falls on a skipped weekend."""
    date, _, moved = calendar.start(start)
    return Anchor(calendar, 1, date, timeline_notes.day_1(date, calendar.local(start).date() if moved else None))
