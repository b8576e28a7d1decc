"""Every instant and due date of random campaigns is computed again from its explanation alone."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from plugins.loading.manager import load
from plugins.testing.send_options.explanation_reader import evaluate
from strategies import Availability, Calendar, CreateTask, Note, Position, Refusal, SendAt, SendOption, StepContext
from strategies import StepType as Type
from strategies.calendar import zone_names
from strategies.registry import SendOptions
from strategies.sentences.sentences import sentence
from strategies.step_checks import check, check_launch
from strategies.timeline.records import (
    EmailRecord,
    LaunchChoices,
    PlannedSend,
    PlannedTask,
    StepRecord,
    TaskRecord,
    TimelineStep,
    ZoneOf,
)
from strategies.timeline.resume_plan import shift
from strategies.timeline.timeline import Stop, Timeline, never, resolve_timeline
from tests.cases import how_many

UTC = dt.UTC
HOUR, SECOND = dt.timedelta(hours=1), dt.timedelta(seconds=1)
CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30Z"),
    ("Africa/Cairo", "2026-04-23T22:00Z"),
    ("Africa/Cairo", "2026-10-29T21:00Z"),
    ("America/Santiago", "2026-09-06T04:00Z"),
    ("Asia/Tehran", "2021-09-21T19:30Z"),
    ("Pacific/Chatham", "2026-09-26T14:00Z"),
    ("Antarctica/Troll", "2026-03-29T01:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00Z"),
    ("America/New_York", "2026-11-01T06:00Z"),
]
"""Zones, and instants at which their clocks change."""


class Lunch(SendOption):
    """A partner's: half past twelve of the day before, with a note of its own."""

    key = "lunch"
    labels = {"en": "At lunch"}
    help = {"en": "At lunch."}
    sentences: ClassVar[Any] = {"LUNCH": {"en": "Before they eat."}}

    def availability(self, position: Position) -> Availability:
        return Availability()

    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        if step.day % 3 == 0:
            return CreateTask(step.date + dt.timedelta(days=step.day % 2), (Note("LUNCH"),))
        return SendAt(step.date - dt.timedelta(days=1), dt.time(12, 30), (Note("LUNCH", {"time": "12:00:00"}),))


class Exactly(SendOption):
    """A partner's: three and a half hours after the start of the step's day, an exact instant."""

    key = "exactly"
    labels = {"en": "Exactly"}
    help = {"en": "Exactly."}

    def availability(self, position: Position) -> Availability:
        return Availability()

    def resolve(self, step: StepContext) -> SendAt:
        instant = step.calendar.instant(step.date, dt.time(0)) + dt.timedelta(hours=2, minutes=15)
        shown = step.calendar.local(instant)
        return SendAt(shown.date(), shown.time().replace(fold=0), (), instant)


def options() -> SendOptions:
    found = SendOptions()
    for key, option in load({}).send_options.items():
        found.register(option.key, option, key)
    found.register(Lunch.key, Lunch(), "partner")
    found.register(Exactly.key, Exactly(), "partner")
    return found


OPTIONS = options()
WALLS = st.one_of(
    st.sampled_from([dt.time(hour, minute) for hour in (0, 1, 2, 3) for minute in (0, 15, 30, 45)]),
    st.times().map(lambda wall: wall.replace(microsecond=0)),
)
DAYS = st.one_of(st.integers(1, 4), st.integers(1, 30))


@st.composite
def emails(draw: st.DrawFn, first: bool = False) -> tuple[Type, str | None, dict[str, Any]]:
    key = draw(st.sampled_from(["at_time", "same_time_as_previous", "task", "lunch", "exactly", "at_time"]))
    if first and draw(st.booleans()):
        key = "choose_at_launch"
    return Type.EMAIL, key, {"at": draw(WALLS).isoformat()} if key == "at_time" else {}


@st.composite
def contents(draw: st.DrawFn, first: bool = False) -> tuple[Type, str | None, dict[str, Any]]:
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from([Type.CALL, Type.INMAIL, Type.CUSTOM])), None, {}
    return draw(emails(first))


@dataclass
class Person:
    """One person's way through a campaign whose steps have names: what happened, as the database keeps it."""

    calendar: Calendar
    launch: LaunchChoices
    steps: dict[int, TimelineStep]
    now: dt.datetime
    happened: dict[int, StepRecord] = field(default_factory=dict)
    resumed: dict[int, dt.date] = field(default_factory=dict)

    @property
    def order(self) -> list[int]:
        return sorted(self.steps, key=lambda name: (self.steps[name].day, name))

    def fold(self, resumed: Mapping[int, dt.date] | None = None, stop: Stop = never) -> Timeline:
        order = self.order
        number = {name: at for at, name in enumerate(order, 1)}
        known = {number[name]: on for name, on in self.resumed.items() if name in number}
        happened = {number[name]: record for name, record in self.happened.items() if name in number}
        times = {number[name]: wall for name, wall in self.launch.times.items() if name in number}
        launch = replace(self.launch, times=times)
        steps = [self.steps[name] for name in order]
        resumed = known if resumed is None else resumed
        return resolve_timeline(steps, self.calendar, launch, OPTIONS, happened, self.now, resumed, stop=stop)

    def resume(self) -> None:
        order, before = self.order, self.fold()
        overdue = {
            each.number
            for each in before.planned
            if isinstance(each, PlannedSend) and self.calendar.instant(each.date, each.time) < self.now
        }
        if overdue:
            known = {self.order.index(name) + 1: on for name, on in self.resumed.items()}
            done = shift(self.fold, known, overdue, [], self.calendar, self.now)
            self.resumed = {order[number - 1]: on for number, on in done.resumed.items()}


def verify(timeline: Timeline) -> None:
    """Compute everything that is planned again, each from its explanation alone."""
    for each in timeline.planned:
        told = [(note.code, note.values) for note in each.notes]
        lines = [sentence(note, language, OPTIONS.values()) for note in each.notes for language in ("en", "de")]
        assert all("{" not in line for line in lines), lines
        assert len({sentence(note, "en", OPTIONS.values()) for note in each.notes}) == len(told)
        read = evaluate(told)
        for code, _ in told:
            event(code)
        if isinstance(each, PlannedTask):
            assert read.due == each.due, told
        else:
            assert read.instant == each.instant.replace(microsecond=0), told
            assert (read.date, read.time) == (each.date, each.time), told
            assert read.zone is not None
            assert read.zone.key == each.zone


@st.composite
def people(draw: st.DrawFn) -> Person:
    """Draw a campaign and its launch, near a change of the clocks."""
    zone, change = draw(st.sampled_from(CHANGES))
    moment = dt.datetime.fromisoformat(change) + HOUR * draw(st.integers(-96, 30)) + SECOND * draw(st.integers(0, 3600))
    if draw(st.integers(0, 3)) == 0:
        zone = draw(st.sampled_from(sorted(zone_names())))
    steps = {}
    for name in range(draw(st.integers(1, 7))):
        kind, key, config = draw(contents(first=name == 0))
        steps[name] = TimelineStep(draw(DAYS) if name or key != "choose_at_launch" else 1, kind, key, config)
    asks = steps[0].send_option == "choose_at_launch"
    send_at = None
    if asks or draw(st.integers(0, 3)) == 0:
        send_at = moment + draw(st.sampled_from([0, 0, 1, 30, 60, 90])) * HOUR
    calendar = Calendar(zone, draw(st.booleans()))
    whose = draw(st.sampled_from([None, *ZoneOf]))
    person = Person(calendar, LaunchChoices(moment, send_at, {}, whose), steps, moment)
    names = [name for name in steps if steps[name].send_option == "at_time"]
    times = {name: draw(WALLS) for name in names if draw(st.integers(0, 3)) == 0}
    person.launch = replace(person.launch, times=times)
    return person


def allowed(person: Person) -> bool:
    try:
        order = person.order
        check([person.steps[name] for name in order], OPTIONS)
        check_launch([person.steps[name] for name in order], replace(person.launch, times={}), OPTIONS)
    except Refusal:
        return False
    return True


def happen(data: st.DataObject, person: Person) -> None:
    """Let the next thing happen to a person."""
    order, timeline = person.order, person.fold()
    what = data.draw(st.sampled_from(["send", "send", "task", "task", "late", "pause", "edit", "add", "weekends"]))
    sends = [each for each in timeline.planned if isinstance(each, PlannedSend)]
    tasks = [each for each in timeline.planned if isinstance(each, PlannedTask)]
    if what == "send" and sends:
        each = min(sends, key=lambda planned: planned.instant)
        person.now = max(person.now, each.instant.replace(microsecond=0))
        person.happened[order[each.number - 1]] = EmailRecord(each.date, each.time, each.instant)
    elif what == "task" and tasks:
        (task,) = tasks
        due = person.calendar.instant(task.due, dt.time(14, 3, 22))
        person.now = max(person.now, due + data.draw(st.integers(-60, 150)) * HOUR)
        how = data.draw(st.sampled_from(["COMPLETED", "SENT", "SKIPPED", "EXPIRED"]))
        person.happened[order[task.number - 1]] = TaskRecord(task.due, person.now, how)
    elif what == "late":
        person.now += data.draw(st.integers(1, 100)) * HOUR
    elif what == "pause":
        person.now += data.draw(st.integers(0, 200)) * HOUR
        person.resume()
    elif what == "weekends":
        person.calendar = replace(person.calendar, skip_weekends=not person.calendar.skip_weekends)
    elif what in {"edit", "add"} and len(order) > 1:
        before = dict(person.steps)
        name = max(order) + 1 if what == "add" else data.draw(st.sampled_from(order[1:]))
        day = max(data.draw(DAYS), person.steps[order[0]].day)
        added = person.now if what == "add" else before[name].added
        person.steps[name] = TimelineStep(day, *data.draw(contents()), added=added)
        if person.order[0] != order[0] or not allowed(person):
            person.steps = before


@settings(
    max_examples=how_many(50, 250),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(person=people(), data=st.data())
def test_an_explanation_is_enough(person: Person, data: st.DataObject) -> None:
    if not allowed(person):
        person.steps = {0: person.steps[0]}
        if not allowed(person):
            person.steps = {0: TimelineStep(1, Type.EMAIL, "at_time", {"at": "02:30"})}
    verify(person.fold())
    for _ in range(data.draw(st.integers(0, 8))):
        happen(data, person)
        verify(person.fold())


def test_a_format_that_does_not_suit_the_value_gives_the_code(caplog: pytest.LogCaptureFixture) -> None:
    class Padded(Lunch):
        sentences = {"PADDED": {"en": "At {hour:02d}."}}

    assert sentence(Note("PADDED", {"hour": 7}), "en", [Padded()]) == "At 07."
    assert sentence(Note("PADDED", {"hour": "seven"}), "en", [Padded()]) == "PADDED"
    assert "PADDED" in caplog.text
