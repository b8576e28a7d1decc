"""The timeline: what is scheduled, when, and why."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest

from plugins.loading.manager import load
from strategies import Calendar, Note, Refusal, SendOption, StepType
from strategies.options.at_time import AtTime
from strategies.sentences.sentences import sentence
from strategies.step_checks import check, position
from strategies.timeline.anchor import Anchor
from strategies.timeline.records import EmailRecord, LaunchChoices, PlannedSend, PlannedTask, TaskRecord, TimelineStep
from strategies.timeline.timeline import Timeline, resolve_timeline

OPTIONS = load({}).send_options
NOW = datetime.fromisoformat("2026-03-02T07:00:00+00:00")
"""Monday, 08:00 in Berlin."""


def email(day: int, option: str, follow_up: bool = False, **config: Any) -> TimelineStep:
    return TimelineStep(day, StepType.EMAIL, option, config, follow_up)


def at(day: int, wall: str) -> TimelineStep:
    return email(day, "at_time", at=wall)


def same(day: int) -> TimelineStep:
    return email(day, "same_time_as_previous")


def task(day: int) -> TimelineStep:
    return email(day, "task")


def call(day: int) -> TimelineStep:
    return TimelineStep(day, StepType.CALL, None, {})


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def resolve(steps: list[TimelineStep], *, now: datetime = NOW, skip: bool = False, **given: Any) -> Timeline:
    launch = LaunchChoices(NOW, given.get("send_at"), given.get("times", {}))
    return resolve_timeline(steps, Calendar("Europe/Berlin", skip), launch, OPTIONS, given.get("happened", {}), now)


def shown(timeline: Timeline) -> list[str]:
    return [
        f"{planned.instant:%m-%d %H:%M:%S}" if isinstance(planned, PlannedSend) else f"task {planned.due:%m-%d}"
        for planned in timeline.planned
    ]


@pytest.mark.parametrize(
    ("steps", "given", "expected"),
    [
        ([at(3, "09:30")], {}, ["03-04 08:30:00"]),
        ([call(1), at(2, "09:00")], {"send_at": instant("2026-03-05T10:00:00Z")}, ["task 03-05"]),
        (
            [at(3, "09:30"), at(4, "10:00")],
            {"send_at": instant("2026-03-10T12:00:00Z")},
            ["03-10 12:00:00", "03-11 09:00:00"],
        ),
        ([at(1, "09:30")], {"times": {1: time(7, 30)}}, ["03-03 06:30:00"]),
        ([at(1, "08:00")], {}, ["03-02 07:00:00"]),
        ([at(1, "09:30"), at(1, "09:00"), same(8)], {}, ["03-02 08:30:00", "03-02 08:00:00", "03-09 08:00:00"]),
        ([at(1, "07:59"), same(1)], {"skip": True}, ["03-03 06:59:00", "03-03 06:59:00"]),
    ],
)
def test_what_is_scheduled(steps: list[TimelineStep], given: dict[str, Any], expected: list[str]) -> None:
    assert shown(resolve(steps, **given)) == expected


def done(due: str, moment: str) -> TaskRecord:
    return TaskRecord(date.fromisoformat(due), instant(moment))


@pytest.mark.parametrize(
    ("steps", "happened", "skip", "expected"),
    [
        # TaskRecord early or on its date, a task moves nothing.
        ([call(3), at(4, "10:00")], done("2026-03-04", "2026-03-02T12:00:00Z"), False, ["03-05 09:00:00"]),
        # TaskRecord late, the rest counts from that day.
        ([call(3), at(4, "10:00")], done("2026-03-04", "2026-03-08T12:00:00Z"), False, ["03-09 09:00:00"]),
        # A Saturday counts as the Monday after it.
        ([call(5), at(6, "10:00")], done("2026-03-06", "2026-03-07T12:00:00Z"), True, ["03-10 09:00:00"]),
        ([call(6), at(7, "10:00")], done("2026-03-09", "2026-03-07T12:00:00Z"), True, ["03-10 09:00:00"]),
        # What a task makes late goes out at once.
        ([call(1), at(1, "09:00")], done("2026-03-02", "2026-03-02T12:00:00Z"), False, ["03-02 12:00:00"]),
        # On day 1, after a task: when the task was done.
        ([task(1), same(1)], done("2026-03-02", "2026-03-02T12:03:04Z"), False, ["03-02 12:03:04"]),
        # A task's email counts with the moment when it was done, to the second.
        ([task(1), same(2)], done("2026-03-02", "2026-03-02T12:03:04Z"), False, ["03-03 12:03:04"]),
    ],
)
def test_after_a_task(steps: list[TimelineStep], happened: TaskRecord, skip: bool, expected: list[str]) -> None:
    assert shown(resolve(steps, happened={1: happened}, now=happened.at, skip=skip)) == expected


@pytest.mark.parametrize(
    ("finished", "expected"),
    [
        # On its day, also before the start: the email is sent immediately.
        ("2026-03-05T07:10:11Z", "03-05 07:10:11"),
        ("2026-03-05T13:00:00Z", "03-05 13:00:00"),
        # Before its day: the email keeps day 1.
        ("2026-03-04T12:00:00Z", "03-05 10:00:00"),
    ],
)
@pytest.mark.parametrize("first", [[], [at(1, "11:00")]])
def test_a_task_of_day_1_is_the_start_from_its_day_on(first: list[TimelineStep], finished: str, expected: str) -> None:
    begins = instant("2026-03-05T10:00:00Z")
    happened = {len(first) + 1: done("2026-03-05", finished)}
    if first:
        happened[1] = EmailRecord(date(2026, 3, 5), time(11), begins)
    timeline = resolve([*first, call(1), same(1)], send_at=begins, happened=happened, now=instant(finished))
    assert shown(timeline) == [expected]


def test_a_late_email_keeps_its_planned_time_for_others() -> None:
    timeline = resolve(
        [call(1), at(1, "09:00"), same(2)],
        happened={1: done("2026-03-02", "2026-03-02T12:00:00Z")},
        now=instant("2026-03-02T12:00:00Z"),
    )
    assert shown(timeline) == ["03-02 12:00:00", "03-03 08:00:00"]


def test_resolving_again_keeps_the_first_email_on_its_day() -> None:
    assert shown(resolve([at(1, "09:30")], now=instant("2026-03-02T10:00:00Z"))) == ["03-02 10:00:00"]


def test_what_was_sent_keeps_its_time() -> None:
    sent = EmailRecord(date(2026, 3, 2), time(9, 30), instant("2026-03-02T08:30:00Z"))
    assert shown(resolve([at(1, "11:00"), same(2)], happened={1: sent})) == ["03-03 08:30:00"]


def test_a_task_blocks() -> None:
    timeline = resolve([at(1, "09:30"), call(2), at(3, "10:00")])
    assert timeline.blocked_by == 2
    assert isinstance(timeline.planned[-1], PlannedTask)


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([email(2, "choose_at_launch")], "SEND_OPTION_NOT_AVAILABLE"),
        ([same(1)], "SEND_OPTION_NOT_AVAILABLE"),
        ([call(1), same(2)], "NO_EARLIER_EMAIL"),
        ([at(2, "09:00"), same(2)], "NO_EARLIER_EMAIL"),
        ([email(1, "task", True)], "FOLLOW_UP_NOT_AVAILABLE"),
        ([at(366, "09:00")], "INVALID_DAY"),
        ([email(1, "by_pigeon")], "SEND_OPTION_UNKNOWN"),
    ],
)
def test_what_is_not_offered(steps: list[TimelineStep], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        check(steps, OPTIONS)
    assert caught.value.code == code


def test_day_one_is_offered_with_a_warning() -> None:
    steps = [at(1, "09:00"), same(1)]
    availability = OPTIONS["same_time_as_previous"].availability(position(steps, 2))
    assert availability.available
    assert "Not recommended" in str(availability.warning)


def told(planned: PlannedSend | PlannedTask) -> list[str]:
    return [sentence(note) for note in planned.notes][1:]


def test_after_a_first_email_whose_time_had_passed_and_a_task_done_on_its_date() -> None:
    launch = LaunchChoices(instant("2026-12-01T12:00:00Z"), None, {})
    happened = {
        1: EmailRecord(date(2026, 12, 2), time(9, 30), instant("2026-12-02T08:30:00Z")),
        2: TaskRecord(date(2026, 12, 3), instant("2026-12-03T10:00:00Z")),
    }
    steps = [at(1, "09:30"), call(2), at(3, "10:00")]
    calendar = Calendar("Europe/Berlin", False)
    first = resolve_timeline(steps, calendar, launch, OPTIONS, {}, launch.now)
    assert told(first.planned[0]) == [
        "The step is set to 9:30.",
        "On 2026-12-01 that time had already passed at launch, so day 1 is 2026-12-02.",
    ]
    (third,) = resolve_timeline(steps, calendar, launch, OPTIONS, happened, instant("2026-12-03T10:00:00Z")).planned
    assert told(third) == [
        "The time of the first email had already passed at launch, so day 1 is 2026-12-02. Later days are counted from"
        " that date.",
        "Day 3 falls on 2026-12-04.",
        "The step is set to 10:00.",
    ]
    assert shown(first)[0] == "12-02 08:30:00"
    moved = Anchor(calendar, 1, date(2026, 12, 1), Note("DAY_1")).after_first_email(1, happened[1], launch, "package")
    assert moved.note == Note("FIRST_EMAIL", {"day": 1, "date": "2026-12-02"}), "a package has its own reasons"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("SENT", "It uses 14:03:22, the time at which the email of day 1 was sent by hand."),
        ("SKIPPED", "It uses 14:03:22, the time at which the task of day 1 was skipped."),
        ("EXPIRED", "It uses 14:03:22, the time at which the task of day 1 expired."),
        ("COMPLETED", "It uses 14:03:22, the time at which the task of day 1 was completed."),
    ],
)
def test_the_moment_of_a_task_is_taken_over(how: str, expected: str) -> None:
    moment = instant("2026-03-02T13:03:22Z")
    timeline = resolve([task(1), same(2), same(3)], happened={1: TaskRecord(date(2026, 3, 2), moment, how)}, now=moment)
    assert told(timeline.planned[0]) == ["Day 1 is 2026-03-02.", "Day 2 falls on 2026-03-03.", expected]
    assert told(timeline.planned[1])[-1] == "It uses 14:03:22, the time of the email of day 2."


@pytest.mark.parametrize(
    ("skip", "expected", "german"),
    [
        (
            False,
            "On day 1 it is sent at the start of the campaign, which is when the task of day 1 was skipped: 14:03:22"
            " on 2026-03-07.",
            "An Tag 1 wird sie zu Beginn der Kampagne gesendet, also in dem Moment, in dem die Aufgabe von Tag 1"
            " übersprungen wurde: um 14:03:22 am 2026-03-07.",
        ),
        (
            True,
            "On day 1 it is sent at the start of the campaign, which is when the task of day 1 was skipped: 14:03:22"
            " on 2026-03-07. That is a weekend, so it moves to Monday, 2026-03-09.",
            "An Tag 1 wird sie zu Beginn der Kampagne gesendet, also in dem Moment, in dem die Aufgabe von Tag 1"
            " übersprungen wurde: um 14:03:22 am 2026-03-07. Das ist ein Wochenende, deshalb wird sie auf Montag,"
            " den 2026-03-09, verschoben.",
        ),
    ],
)
def test_the_moment_of_a_task_is_the_start_also_on_a_weekend(*, skip: bool, expected: str, german: str) -> None:
    saturday = instant("2026-03-07T13:03:22Z")
    skipped = TaskRecord(date(2026, 3, 2), saturday, "SKIPPED")
    (planned,) = resolve([task(1), same(1)], happened={1: skipped}, now=saturday, skip=skip).planned
    assert told(planned)[-1] == expected
    assert sentence(planned.notes[-1], "de") == german


def test_a_send_at_on_a_weekend_says_from_where_to_where_it_moves() -> None:
    timeline = resolve([email(1, "choose_at_launch"), same(2)], send_at=instant("2026-03-07T10:00:00Z"), skip=True)
    assert told(timeline.planned[0]) == [
        "The launch chose 11:00 on 2026-03-07. That is a weekend, so day 1 is Monday, 2026-03-09. The time stays 11:00."
    ]
    assert told(timeline.planned[1])[0] == (
        "The campaign starts on 2026-03-07, which is a weekend, so day 1 is Monday, 2026-03-09."
    )


def test_a_wall_time_that_comes_twice() -> None:
    launch = LaunchChoices(instant("2026-10-24T06:00:00Z"), None, {})
    (_, second) = resolve_timeline(
        [at(1, "09:30"), at(2, "02:30")], Calendar("Europe/Berlin", False), launch, OPTIONS, {}, launch.now
    ).planned
    assert (
        told(second)[-1]
        == "2:30 occurs twice on 2026-10-25, because the clocks go back. It is the first of the two (UTC+02:00)."
    )
    exactly = replace(launch, send_at=instant("2026-10-25T01:30:00Z"))
    (first,) = resolve_timeline(
        [email(1, "choose_at_launch")], Calendar("Europe/Berlin", False), exactly, OPTIONS, {}, launch.now
    ).planned
    assert isinstance(first, PlannedSend)
    assert first.instant == exactly.send_at
    assert (
        told(first)[-1]
        == "2:30 occurs twice on 2026-10-25, because the clocks go back. It is the second of the two (UTC+01:00)."
    )


@pytest.mark.parametrize("note", [Note("START", {"date": "2026-03-02", "zone": "UTC"}), Note("SENT_BY_HAND")])
def test_explanations_from_before_are_still_sentences(note: Note) -> None:
    assert sentence(note) != note.code
    assert "{" not in sentence(note) + sentence(note, "de")


def test_a_decision_of_an_option_has_its_title_and_times_are_written_as_people_do() -> None:
    lunch = at_time_option(key="lunch", labels={"en": "At lunch", "de": "Zum Mittag"})
    chose = Note("OPTION_CHOSE", {"option": "lunch", "date": "2026-03-04", "time": "09:00:00"})
    assert sentence(chose, "en", [lunch]) == "The send option “At lunch” chose 9:00 on 2026-03-04."
    assert sentence(chose, "de", [lunch]) == "Die Versandoption „Zum Mittag“ hat 9:00 am 2026-03-04 gewählt."
    assert sentence(chose, "fr", [lunch]) == sentence(chose, "en", [lunch])
    assert sentence(chose) == "The send option “lunch” chose 9:00 on 2026-03-04."
    due = Note("OPTION_CHOSE_DUE", {"option": "lunch", "date": "2026-03-04"})
    assert sentence(due, "de", [lunch]) == "Die Versandoption „Zum Mittag“ erstellt eine Aufgabe, fällig am 2026-03-04."
    for written, shown in {"00:05:00": "0:05", "14:03:22": "14:03:22", "09:30": "9:30", "9": "9"}.items():
        assert sentence(Note("TIME_CONFIGURED", {"time": written})) == f"The step is set to {shown}."


def at_time_option(**declared: Any) -> SendOption:
    option: SendOption = type("Option", (AtTime,), declared)()
    return option
