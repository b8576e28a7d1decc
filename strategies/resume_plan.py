"""What a pause does to one person: everything unsent moves by the same number of days, and keeps its wall time."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from strategies.calendar import Calendar, local
from strategies.records import Planned, PlannedSend
from strategies.timeline import Timeline

Fold = Callable[[Mapping[int, dt.date]], Timeline]
"""Folds the person's campaign at the moment of resuming, with these resumes."""


@dataclass(frozen=True, slots=True)
class Shift:
    """By how many counted days, the resumes that the person has now, and what is planned by them, by step number."""

    days: int
    resumed: Mapping[int, dt.date]
    planned: Mapping[int, Planned]


def shift(
    fold: Fold,
    resumed: Mapping[int, dt.date],
    overdue: Collection[int],
    loose: Sequence[tuple[dt.date, dt.time]],
    calendar: Calendar,
    now: dt.datetime,
    at_once: Collection[int] = (),
) -> Shift:
    """Return the smallest shift that leaves nothing overdue at ``now``. Spacing stays, so nothing bunches.

    ``overdue`` are the numbers of planned emails whose time has passed; ``loose`` date and wall time of others that
    have, but that no option resolves any more: tried before, or given their time by a person. ``at_once`` are the
    numbers of emails that do not move: they go out as soon as the campaign is resumed. Raises Refusal.
    """
    before = fold(resumed)
    days_before = {number: on for number, on in before.step_dates.items() if number not in at_once}
    planned = [each for each in before.planned if isinstance(each, PlannedSend) and each.number in overdue]
    past = [*((each.date, each.time) for each in planned), *loose]
    first = min(days_before, default=None)
    least = _at_least(past, calendar, now)
    for days in count(least):
        if any(calendar.instant(calendar.forward(date, days), wall) < now for date, wall in loose):
            continue
        if first is None:
            return Shift(days, resumed, {})
        moved = {number: calendar.forward(on, days) if number > first else on for number, on in resumed.items()}
        # Each by its own: a task that was completed late meanwhile counts anew, and would end the shift.
        moved |= {number: calendar.forward(on, days) for number, on in days_before.items()}
        after = fold(moved)
        # An option that answers with a past date on whatever day it stands is not asked for ever.
        if days > least + MAX_EXTRA_DAYS or not any(_past(each, overdue, calendar, now) for each in after.planned):
            return Shift(days, moved, {each.number: each for each in after.planned})
    raise AssertionError


def goes_at_once(was_for_now: bool, due: dt.datetime, paused: dt.datetime, now: dt.datetime, zone: str) -> bool:
    """Say whether an email leaves as soon as its campaign is resumed at ``now``, instead of moving by whole days.

    That is so where the campaign is resumed on the day on which the email was due (in the person's zone), the email
    was due when the pause began, and it was to leave at that moment, not at a wall time (``was_for_now``).
    """
    return was_for_now and due <= paused and local(due, zone).date() == local(now, zone).date()


MAX_EXTRA_DAYS = 400
"""Days: more than any option lies before its day."""


def _past(planned: Planned, overdue: Collection[int], calendar: Calendar, now: dt.datetime) -> bool:
    if not isinstance(planned, PlannedSend) or planned.number not in overdue:
        return False
    return calendar.instant(planned.date, planned.time) < now


def _at_least(past: Sequence[tuple[dt.date, dt.time]], calendar: Calendar, now: dt.datetime) -> int:
    """Return a number of days that is not too large, so that a long pause is not counted day by day."""
    today = calendar.local(now).date()
    span = (today - min((date for date, _ in past), default=today)).days
    return max(0, span * 5 // 7 - 3) if calendar.skip_weekends else max(0, span - 1)
