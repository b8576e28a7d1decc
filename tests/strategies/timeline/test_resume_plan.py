"""Resuming: everything unsent of a person moves by the same days, and keeps its wall time."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import pytest

from plugins.loading.manager import load
from strategies import Calendar, StepType
from strategies.timeline.records import EmailRecord, LaunchChoices, PlannedSend, TaskRecord, TimelineStep
from strategies.timeline.resume_plan import Shift, shift
from strategies.timeline.timeline import Stop, Timeline, never, resolve_timeline

OPTIONS = load({}).send_options
NOW = datetime.fromisoformat("2026-03-02T07:00:00+00:00")
"""Monday, 08:00 in Berlin."""
CALL = StepType.CALL


def email(day: int, option: str, **config: Any) -> TimelineStep:
    return TimelineStep(day, StepType.EMAIL, option, config)


def at(day: int, wall: str) -> TimelineStep:
    return email(day, "at_time", at=wall)


def same(day: int) -> TimelineStep:
    return email(day, "same_time_as_previous")


def call(day: int) -> TimelineStep:
    return TimelineStep(day, CALL, None, {})


class Person:
    """One person's campaign, launched on Monday at 08:00 in Berlin."""

    def __init__(
        self, steps: list[TimelineStep], *, skip: bool = False, launched: datetime = NOW, **given: Any
    ) -> None:
        self.steps, self.calendar = steps, Calendar("Europe/Berlin", skip)
        self.launch = LaunchChoices(launched, given.get("send_at"), {})
        self.happened: dict[int, EmailRecord | TaskRecord] = given.get("happened", {})
        self.resumed: Mapping[int, date] = {}

    def at(self, now: datetime, resumed: Mapping[int, date] | None = None, stop: Stop = never) -> Timeline:
        resumed = self.resumed if resumed is None else resumed
        return resolve_timeline(self.steps, self.calendar, self.launch, OPTIONS, self.happened, now, resumed, stop=stop)

    def resume(self, moment: str, *loose: tuple[date, time]) -> Shift:
        now = datetime.fromisoformat(moment)
        overdue = {
            each.number
            for each in self.at(now).planned
            if isinstance(each, PlannedSend) and self.calendar.instant(each.date, each.time) < now
        }
        about = self.resumed, overdue, [(*each, "Europe/Berlin") for each in loose], self.calendar, now
        done = shift(lambda resumed, stop: self.at(now, resumed, stop), *about)
        assert done == shift(lambda resumed, _: self.at(now, resumed), *about)
        self.resumed = done.resumed
        return done

    def shown(self, moment: str) -> list[str]:
        return [
            f"{each.instant:%m-%d %H:%M}" if isinstance(each, PlannedSend) else f"task {each.due:%m-%d}"
            for each in self.at(datetime.fromisoformat(moment)).planned
        ]


@pytest.mark.parametrize(
    ("steps", "given", "moment", "days", "expected"),
    [
        # The smallest shift that leaves nothing overdue: on the same day where the time is still to come.
        ([at(1, "09:30"), at(3, "10:00")], {}, "2026-03-02T09:00Z", 1, ["03-03 08:30", "03-05 09:00"]),
        ([at(1, "09:30"), at(3, "10:00")], {}, "2026-03-05T08:00Z", 3, ["03-05 08:30", "03-07 09:00"]),
        ([at(1, "09:30"), at(3, "10:00")], {}, "2026-03-05T09:00Z", 4, ["03-06 08:30", "03-08 09:00"]),
        # Two that are overdue keep their distance.
        ([at(1, "09:30"), at(2, "14:00"), same(4)], {}, "2026-03-04T20:00Z", 3,
         ["03-05 08:30", "03-06 13:00", "03-08 13:00"]),
        # What stands before the overdue email of the same day moves with it.
        ([at(3, "14:00"), at(3, "09:30"), at(4, "08:00")], {}, "2026-03-04T10:00Z", 1,
         ["03-05 13:00", "03-05 08:30", "03-06 07:00"]),
        # A time that had passed at launch counts from the day that it was planned for.
        ([at(1, "07:30"), same(2)], {}, "2026-03-03T10:00Z", 1, ["03-04 06:30", "03-05 06:30"]),
        # A send-at, and what goes out with the start, keep their wall times.
        ([email(1, "choose_at_launch"), same(1), same(3)], {"send_at": NOW}, "2026-03-03T06:00Z", 1,
         ["03-03 07:00", "03-03 07:00", "03-05 07:00"]),
        # The start has left already: what was to leave with it keeps that time on its new day.
        ([email(1, "choose_at_launch"), same(1), same(3)],
         {"send_at": NOW, "happened": {1: EmailRecord(date(2026, 3, 2), time(8), NOW)}},
         "2026-03-03T10:00Z", 2, ["03-04 07:00", "03-06 07:00"]),
        # A task that is open moves along.
        ([at(1, "09:30"), call(2)], {}, "2026-03-04T09:00Z", 3, ["03-05 08:30", "task 03-06"]),
        # Weekends are no days: Friday's email, resumed on Sunday, goes out on Monday, and so on.
        ([at(5, "09:30"), at(6, "09:30")], {"skip": True}, "2026-03-08T12:00Z", 1, ["03-09 08:30", "03-10 08:30"]),
        ([at(5, "09:30"), at(6, "09:30")], {"skip": True}, "2026-03-10T12:00Z", 3, ["03-11 08:30", "03-12 08:30"]),
        # Over the change of the clocks the wall time stays; one that does not exist moves by the gap.
        ([at(1, "09:30"), at(3, "02:30")], {}, "2026-03-26T09:00Z", 25, ["03-27 08:30", "03-29 01:30"]),
        ([at(1, "09:30"), at(3, "10:00")], {}, "2026-03-31T09:00Z", 30, ["04-01 07:30", "04-03 08:00"]),
    ],
)  # fmt: skip
def test_everything_moves_by_the_same_days(
    steps: list[TimelineStep], given: dict[str, Any], moment: str, days: int, expected: list[str]
) -> None:
    person = Person(steps, **given)
    assert person.resume(moment).days == days
    assert person.shown(moment) == expected
    assert person.shown("2026-03-02T07:00Z") == expected, "resolving again, whenever, keeps the shift"


def test_what_is_sent_stays_and_the_rest_moves() -> None:
    person = Person([at(1, "09:30"), at(2, "09:30"), same(3)])
    person.happened[1] = EmailRecord(date(2026, 3, 2), time(9, 30), datetime.fromisoformat("2026-03-02T08:30Z"))
    assert person.resume("2026-03-09T12:00Z").resumed == {2: date(2026, 3, 10), 3: date(2026, 3, 11)}
    assert person.shown("2026-03-09T12:00Z") == ["03-10 08:30", "03-11 08:30"]


def test_two_resumes_add_up() -> None:
    person = Person([at(1, "09:30"), at(2, "09:30"), at(4, "10:00")])
    assert person.resume("2026-03-03T10:00Z").days == 2
    assert person.shown("2026-03-03T10:00Z") == ["03-04 08:30", "03-05 08:30", "03-07 09:00"]
    assert person.resume("2026-03-06T12:00Z").days == 3
    assert person.shown("2026-03-06T12:00Z") == ["03-07 08:30", "03-08 08:30", "03-10 09:00"]


def test_a_later_resume_moves_what_an_earlier_one_has_moved() -> None:
    person = Person([at(1, "09:30"), at(2, "09:30"), at(4, "10:00")])
    person.resumed = {3: date(2026, 3, 8)}
    assert person.shown("2026-03-02T07:00Z") == ["03-02 08:30", "03-03 08:30", "03-08 09:00"]
    assert person.resume("2026-03-02T12:00Z").days == 1
    assert person.shown("2026-03-02T12:00Z") == ["03-03 08:30", "03-04 08:30", "03-09 09:00"]


def test_a_task_that_is_late_after_a_resume_counts_from_then() -> None:
    person = Person([at(1, "09:30"), call(2), at(3, "10:00")])
    person.resume("2026-03-04T09:00Z")
    assert person.shown("2026-03-04T09:00Z") == ["03-05 08:30", "task 03-06"]
    person.happened = {
        1: EmailRecord(date(2026, 3, 5), time(9, 30), datetime.fromisoformat("2026-03-05T08:30Z")),
        2: TaskRecord(date(2026, 3, 6), datetime.fromisoformat("2026-03-05T12:00Z")),
    }
    assert person.shown("2026-03-05T12:00Z") == ["03-07 09:00"], "completing a task early moves nothing"
    person.happened[2] = TaskRecord(date(2026, 3, 6), datetime.fromisoformat("2026-03-09T12:00Z"))
    assert person.shown("2026-03-09T12:00Z") == ["03-10 09:00"]


def test_a_late_task_between_what_is_overdue_and_what_follows_ends_no_shift() -> None:
    late = TaskRecord(date(2026, 3, 3), datetime.fromisoformat("2026-03-04T12:00Z"))
    person = Person([at(1, "09:30"), call(2), at(3, "10:00")], happened={2: late})
    assert person.resume("2026-03-04T12:00Z").days == 3
    assert person.shown("2026-03-04T12:00Z") == ["03-05 08:30", "03-08 09:00"], "not 03-05, where it stood before"


def test_a_pause_after_a_late_task_counts_from_that_task() -> None:
    late = TaskRecord(date(2026, 3, 2), datetime.fromisoformat("2026-03-05T12:00Z"))
    person = Person([call(1), at(2, "10:00"), at(3, "10:00")], happened={1: late})
    assert person.shown("2026-03-05T12:00Z") == ["03-06 09:00", "03-07 09:00"]
    assert person.resume("2026-03-08T12:00Z").days == 3
    assert person.shown("2026-03-08T12:00Z") == ["03-09 09:00", "03-10 09:00"]


def test_what_no_option_resolves_any_more_moves_along() -> None:
    person = Person([at(1, "09:30"), at(3, "10:00")])
    person.happened[1] = EmailRecord(date(2026, 3, 2), time(9, 30), datetime.fromisoformat("2026-03-02T08:30Z"))
    done = person.resume("2026-03-03T12:00Z", (date(2026, 3, 2), time(9, 35)))
    assert done.days == 2, "an email that was tried before is overdue"
    assert person.shown("2026-03-03T12:00Z") == ["03-06 09:00"]
    nothing_left = Person([at(1, "09:30")], happened=dict(person.happened))
    assert nothing_left.resume("2026-03-03T12:00Z", (date(2026, 3, 2), time(9, 35))) == Shift(2, {}, {})


def test_a_long_pause_is_no_long_work() -> None:
    person = Person([at(1, "09:30")], skip=True)
    assert person.resume("2031-03-03T12:00Z").days == 1306
    assert f"{person.resumed[1]}" == "2031-03-04"


def test_a_try_that_leaves_an_email_overdue_ends_with_that_email() -> None:
    person = Person([at(1, "09:30"), at(2, "10:00"), same(3), same(4)])
    now = datetime.fromisoformat("2026-03-03T10:00Z")
    planned: list[int] = []

    def resolve(resumed: Mapping[int, date], stop: Stop) -> Timeline:
        found = person.at(now, resumed, stop)
        planned.append(len(found.planned))
        return found

    assert shift(resolve, {}, {1, 2}, (), person.calendar, now).days == 2
    assert planned == [4, 1, 1, 4]
