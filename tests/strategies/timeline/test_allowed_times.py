"""What a send option says beside date and time: the zone of the time, when an email can be sent, and day 1."""

import datetime as dt
import pickle
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from plugins.testing.send_options.explanation_reader import evaluate
from strategies import Availability, Calendar, Note, Position, Range, Refusal, SendAt, SendOption, StepContext, StepType
from strategies.options.at_time import AtTime
from strategies.options.same_time_as_previous import SameTimeAsPrevious
from strategies.registry import SendOptions
from strategies.timeline.allowed_times import MAX_RANGES, next_allowed, plain_ranges
from strategies.timeline.records import EmailRecord, LaunchChoices, PlannedSend, StepRecord, TimelineStep
from strategies.timeline.timeline import resolve_timeline

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
NEW_YORK = "America/New_York"
START, END = NOW, NOW + timedelta(hours=1)
Window = Callable[[StepContext, datetime], Any]


class Partner(SendOption):
    """Answers as the test says."""

    key = "partner"
    labels = help = {"en": "Partner"}

    def __init__(self, answer: Callable[[StepContext], SendAt], window: Window = lambda step, send_at: None) -> None:
        self.answer, self.allowed = answer, window

    def availability(self, position: Position) -> Availability:
        return Availability.offered()

    def resolve(self, step: StepContext) -> SendAt:
        return self.answer(step)

    def window(self, step: StepContext, send_at: datetime) -> Sequence[Range] | None:
        found: Sequence[Range] | None = self.allowed(step, send_at)
        return found


def planned(
    partner: Partner,
    *later: tuple[int, str, Mapping[str, Any]],
    zone: str = "Europe/Berlin",
    now: datetime = NOW,
    history: Mapping[int, StepRecord] | None = None,
) -> list[PlannedSend]:
    """Plan a first step of the partner's option, and later steps: day, option and configuration."""
    options = SendOptions()
    for option in (partner, AtTime(), SameTimeAsPrevious()):
        options.register(option.key, option, option.key)
    steps = [TimelineStep(day, StepType.EMAIL, key, config) for day, key, config in ((1, "partner", {}), *later)]
    launch = LaunchChoices(NOW, None, {})
    found = resolve_timeline(steps, Calendar(zone, skip_weekends=False), launch, options, history or {}, now)
    emails = [each for each in found.planned if isinstance(each, PlannedSend)]
    for each in emails:
        lines = [(note.code, note.values) for note in each.notes]
        assert evaluate(lines).instant == each.instant
        assert pickle.loads(pickle.dumps(each)) == each
    return emails


def office_hours(opens: int, days: int = 5) -> Window:
    """Return a window of eight hours a day in the zone of the calendar."""

    def window(step: StepContext, send_at: datetime) -> list[Range]:
        first = step.calendar.local(send_at).date()
        return [
            Range(step.calendar.instant(day, time(opens)), step.calendar.instant(day, time(opens + 8)))
            for day in (first + timedelta(days=number) for number in range(days))
        ]

    return window


def test_a_time_in_a_zone_keeps_it_for_later_steps_and_daylight_saving() -> None:
    partner = Partner(lambda step: SendAt(step.date, time(9, 30), zone=NEW_YORK))
    first, same, other = planned(partner, (7, "same_time_as_previous", {}), (8, "at_time", {"at": "08:00"}))
    assert (first.date, first.time, first.zone) == (date(2026, 3, 2), time(9, 30), NEW_YORK)
    assert first.instant == datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    # New York's clocks go forward on 8 March: the time of day stays, in its zone.
    assert (same.date, same.time, same.zone) == (date(2026, 3, 8), time(9, 30), NEW_YORK)
    assert same.instant == datetime(2026, 3, 8, 13, 30, tzinfo=UTC)
    assert (other.zone, other.instant) == ("Europe/Berlin", datetime(2026, 3, 9, 7, tzinfo=UTC))
    # A sent email gives the same reference as a planned one.
    record = EmailRecord(first.date, first.time, first.instant, first.zone)
    assert planned(partner, (7, "same_time_as_previous", {}), history={1: record})[0] == same
    # R4 in the zone of the time: 02:30 does not exist there.
    gap = Partner(lambda step: SendAt(date(2026, 3, 8), time(2, 30), zone=NEW_YORK, moves_day_one=False))
    (skipped,) = planned(gap)
    assert skipped.instant == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert "CLOCKS_GO_FORWARD" in [note.code for note in skipped.notes]
    # The calendar's own zone says nothing new.
    (own,) = planned(Partner(lambda step: SendAt(step.date, time(9, 30), zone="Europe/Berlin")))
    assert "TIME_IN_ZONE" not in [note.code for note in own.notes]


def test_the_option_decides_whether_its_first_email_moves_day_1() -> None:
    def friday(step: StepContext) -> SendAt:
        return SendAt(date(2026, 3, 6), time(9), moves_day_one=stays is False)

    for stays, day_3 in ((False, date(2026, 3, 8)), (True, date(2026, 3, 4))):
        first, third = planned(Partner(friday), (3, "at_time", {"at": "10:00"}))
        assert (first.date, third.date) == (date(2026, 3, 6), day_3)
        assert ("DAY_STAYS" in [note.code for note in first.notes]) is stays
        record = EmailRecord(first.date, first.time, first.instant, first.zone, first.moves_day_one)
        assert planned(Partner(friday), (3, "at_time", {"at": "10:00"}), history={1: record}) == [third]


def test_an_email_outside_its_times_moves_to_the_next_allowed_time() -> None:
    def at(wall: time) -> Callable[[StepContext], SendAt]:
        return lambda step: SendAt(step.date, wall)

    inside = planned(Partner(at(time(10)), office_hours(9)))[0]
    assert (inside.time, inside.notes[-1].code, len(inside.allowed or ())) == (time(10), "OPTION_CHOSE", 5)
    early, second = planned(Partner(at(time(8, 30)), office_hours(9)), (3, "same_time_as_previous", {}))
    assert (early.time, second.time) == (time(9), time(9))
    evening, third = planned(Partner(at(time(18)), office_hours(9)), (3, "same_time_as_previous", {}))
    assert (evening.date, evening.time, third.date) == (date(2026, 3, 3), time(9), date(2026, 3, 5))
    # R12: a late email keeps its planned time for later steps.
    late = planned(Partner(at(time(10)), office_hours(9)), now=datetime(2026, 3, 2, 20, tzinfo=UTC))[0]
    assert [note.code for note in late.notes[-2:]] == ["LATE", "NEXT_ALLOWED_TIME"]
    assert (late.date, late.time, late.instant) == (date(2026, 3, 2), time(10), datetime(2026, 3, 3, 8, tzinfo=UTC))
    # No time left: it is planned, and asked about when it is due.
    closed = planned(Partner(at(time(18)), office_hours(9, days=1)))[0]
    assert (closed.time, closed.notes[-1].code) == (time(18), "NO_TIME_ALLOWED")
    # The first allowed time can be one that the clocks show twice.
    again = Range(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC))
    (second_time,) = planned(Partner(lambda step: SendAt(step.date, time(9)), lambda *_: [again]))
    assert (second_time.instant, second_time.notes[-2].values["which"]) == (again.start, "SECOND")
    assert second_time.notes[-1] == Note("DAY_MOVES", {"day": 1, "date": "2026-10-25"})


def test_a_plan_is_the_same_whenever_it_is_made() -> None:
    """An edit or a task that is done early calculates it again, between the option's choice and the allowed time."""
    evening = Partner(lambda step: SendAt(date(2026, 3, 2), time(18)), office_hours(9))
    later = (3, "same_time_as_previous", {}), (4, "at_time", {"at": "23:00"})
    at_launch = planned(evening, *later)
    assert [(each.date, each.time) for each in at_launch] == [
        (date(2026, 3, 3), time(9)), (date(2026, 3, 5), time(9)), (date(2026, 3, 6), time(23))
    ]  # fmt: skip
    assert planned(evening, *later, now=datetime(2026, 3, 2, 22, 30, tzinfo=UTC)) == at_launch
    assert planned(evening, *later, now=datetime(2026, 3, 3, 8, tzinfo=UTC)) == at_launch
    # It is late from nine o'clock on, and keeps this time for later steps.
    late = planned(evening, *later, now=datetime(2026, 3, 3, 20, tzinfo=UTC))
    assert [(each.date, each.time) for each in late] == [(each.date, each.time) for each in at_launch]
    assert late[0].instant == datetime(2026, 3, 4, 8, tzinfo=UTC)
    codes = [note.code for note in late[0].notes]
    assert codes[-4:] == ["NEXT_ALLOWED_TIME", "LATE", "NEXT_ALLOWED_TIME", "DAY_MOVES"]
    # After the last range the option is asked for the present time.
    short = Partner(lambda step: SendAt(step.date, time(18)), office_hours(9, days=1))
    (again,) = planned(short, now=datetime(2026, 3, 5, 5, tzinfo=UTC))
    assert (again.date, again.time, again.instant) == (date(2026, 3, 2), time(18), datetime(2026, 3, 5, 8, tzinfo=UTC))
    assert [note.code for note in again.notes[-2:]] == ["LATE", "NEXT_ALLOWED_TIME"]


class Odd(dt.datetime):
    """A package's own kind of instant."""


@pytest.mark.parametrize(
    "answer",
    [
        "any time",
        5,
        [START, END],
        [Range(START, END), None],
        [Range(END, END + timedelta(hours=1)), Range(START, END)],
        [Range(START, END), Range(START + timedelta(minutes=59), END + timedelta(hours=1))],
        [Range(START + timedelta(microseconds=1), END)],
        [Range(START + timedelta(days=n), START + timedelta(days=n, hours=1)) for n in range(MAX_RANGES + 1)],
        {Range(START, END)},
    ],
)
def test_a_wrong_answer_is_a_failure_of_the_option(answer: object) -> None:
    with pytest.raises(Refusal) as refused:
        planned(Partner(lambda step: SendAt(step.date, time(9)), lambda *_: answer))
    assert refused.value.code == "SEND_OPTION_FAILED"
    assert "'partner' of step 1" in refused.value.message


def test_a_right_answer_becomes_plain() -> None:
    assert plain_ranges(None) is None
    assert plain_ranges([]) == ()
    touching = (Range(START, END), Range(END, END + timedelta(hours=1)))
    assert plain_ranges(list(touching)) == touching
    (plain,) = plain_ranges([Range(Odd(2026, 3, 2, 7, tzinfo=UTC), END)]) or ()
    assert type(plain.start) is datetime
    assert next_allowed(touching, END) == END
    assert next_allowed(touching, END + timedelta(hours=1)) is None
    with pytest.raises(Refusal, match="partner"):
        planned(Partner(lambda step: SendAt(step.date, time(9), (Note("X"),), zone="Mars/Olympus")))
