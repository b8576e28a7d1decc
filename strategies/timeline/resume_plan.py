"""Move one person's unsent emails after a pause. All move by the same number of days and keep their wall time (R19)."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from strategies.calendar import Calendar, instant_of, local
from strategies.timeline.records import Planned, PlannedSend
from strategies.timeline.timeline import Stop, Timeline, never

Resolve = Callable[[Mapping[int, dt.date], Stop], Timeline]
"""Resolves the person's timeline at the time of the resume, with the given resumes, up to where ``Stop`` ends it."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A move by a number of counted days: the person's new resumes and the new plan, by step number."""

    days: int
    resumed: Mapping[int, dt.date]
    planned: Mapping[int, Planned]


def shift(
    resolve: Resolve,
    resumed: Mapping[int, dt.date],
    overdue: Collection[int],
    loose: Sequence[tuple[dt.date, dt.time, str]],
    calendar: Calendar,
    now: dt.datetime,
    at_once: Collection[int] = (),
) -> Shift:
    """Return the smallest shift after which nothing is overdue at ``now``. The gaps between emails stay the same.

    ``overdue`` are the step numbers of planned emails whose time has passed. ``loose`` are the dates,
    wall times and zones of other overdue emails, which no option resolves any more: retries, and emails that a person
    rescheduled. ``at_once`` are the step numbers of emails that do not move: they are sent as soon as the campaign is
    resumed. Raises Refusal.
    """
    before = resolve(resumed, never)
    days_before = {number: on for number, on in before.step_dates.items() if number not in at_once}
    planned = [each for each in before.planned if isinstance(each, PlannedSend) and each.number in overdue]
    past = [*(each.date for each in planned), *(date for date, _, _ in loose)]
    first = min(days_before, default=None)
    least = _at_least(past, calendar, now)

    def is_past(each: Planned) -> bool:
        return _past(each, overdue, now)

    for days in count(least):
        if any(instant_of(calendar.forward(date, days), wall, zone) < now for date, wall, zone in loose):
            continue
        if first is None:
            return Shift(days, resumed, {})
        moved = {number: calendar.forward(on, days) if number > first else on for number, on in resumed.items()}
        # Each step gets its own date. Otherwise a late task would end the shift.
        moved |= {number: calendar.forward(on, days) for number, on in days_before.items()}
        # Without this limit, an option that returns a past date for every day makes the loop endless.
        is_last = days > least + MAX_EXTRA_DAYS
        after = resolve(moved, never if is_last else is_past)
        if is_last or not any(map(is_past, after.planned)):
            return Shift(days, moved, {each.number: each for each in after.planned})
    raise AssertionError


def goes_at_once(was_for_now: bool, due: dt.datetime, paused: dt.datetime, now: dt.datetime, zone: str) -> bool:
    """Say whether an email is sent as soon as its campaign is resumed at ``now``, instead of moving by whole days.

    This applies if the campaign is resumed on the day on which the email was due (in the person's zone), if the email
    was due when the pause began, and if it has no wall time to keep (``was_for_now``).
    """
    return was_for_now and due <= paused and local(due, zone).date() == local(now, zone).date()


MAX_EXTRA_DAYS = 400
"""Days after the smallest possible shift. No option plans an email further than this before its day."""


def _past(planned: Planned, overdue: Collection[int], now: dt.datetime) -> bool:
    if not isinstance(planned, PlannedSend) or planned.number not in overdue:
        return False
    return instant_of(planned.date, planned.time, planned.zone) < now


def _at_least(past: Sequence[dt.date], calendar: Calendar, now: dt.datetime) -> int:
    """Return a lower bound of the shift in days, so that a long pause is not tried day by day.

    An email in another zone than the calendar's can be a day further.
    """
    today = calendar.local(now).date()
    span = (today - min(past, default=today)).days
    return max(0, span * 5 // 7 - 4) if calendar.skip_weekends else max(0, span - 2)
