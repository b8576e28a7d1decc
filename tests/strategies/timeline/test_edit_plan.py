"""Editing: the new plan against what waits by the old one, and who has passed a step that was added."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.loading.manager import load
from strategies import Calendar, StepType
from strategies.timeline.edit_plan import Edit, Slot, edit
from strategies.timeline.records import (
    EmailRecord,
    LaunchChoices,
    ManualEmailRecord,
    PlannedSend,
    PlannedTask,
    StepRecord,
    TaskRecord,
    TimelineStep,
)
from strategies.timeline.timeline import Timeline, resolve_timeline

OPTIONS = load({}).send_options
NOW = datetime.fromisoformat("2026-03-02T07:00:00+00:00")
"""Monday, 08:00 in Berlin."""


def at(day: int, wall: str, **more: Any) -> TimelineStep:
    return TimelineStep(day, StepType.EMAIL, "at_time", {"at": wall}, **more)


def same(day: int, **more: Any) -> TimelineStep:
    return TimelineStep(day, StepType.EMAIL, "same_time_as_previous", {}, **more)


def call(day: int, **more: Any) -> TimelineStep:
    return TimelineStep(day, StepType.CALL, None, {}, **more)


def plan(
    steps: list[TimelineStep], now: datetime = NOW, happened: dict[int, StepRecord] | None = None, skip: bool = False
) -> Timeline:
    return resolve_timeline(
        steps, Calendar("Europe/Berlin", skip), LaunchChoices(NOW, None, {}), OPTIONS, happened or {}, now
    )


def slots(timeline: Timeline) -> dict[int, Slot]:
    sends = [each for each in timeline.planned if isinstance(each, PlannedSend)]
    return {each.number: Slot(each.date, each.time, each.zone, each.instant) for each in sends}


def due(timeline: Timeline) -> dict[int, date]:
    return {each.number: each.due for each in timeline.planned if isinstance(each, PlannedTask)}


def compared(before: list[TimelineStep], after: list[TimelineStep], now: datetime = NOW) -> Edit:
    old = plan(before)
    return edit(plan(after, now).planned, slots(old), due(old), (), now)


def shape(found: Edit) -> dict[str, list[int]]:
    """The numbers in each of the lists that are not empty."""
    lists = {name: getattr(found, name) for name in Edit.__slots__}
    return {name: [getattr(each, "number", each) for each in rows] for name, rows in lists.items() if rows}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([at(1, "09:30"), same(3)], [at(1, "09:30"), same(3)], {"stays": [1, 2]}),
        ([at(1, "09:30"), same(3)], [at(1, "10:00"), same(3)], {"moved": [1, 2]}),
        ([at(1, "09:30"), at(3, "10:00")], [at(1, "09:30"), at(4, "10:00")], {"stays": [1], "moved": [2]}),
        ([at(1, "09:30"), at(3, "10:00")], [at(1, "09:30"), call(3)],
         {"stays": [1], "added": [2], "withdrawn": [2]}),
        ([at(1, "09:30"), call(3)], [at(1, "09:30"), at(3, "10:00")],
         {"stays": [1], "added": [2], "tasks_withdrawn": [2]}),
        ([at(1, "09:30"), at(3, "10:00"), same(4)], [call(1), at(3, "10:00"), same(4)],
         {"added": [1], "withdrawn": [1, 2, 3]}),
        ([at(1, "09:30"), call(2), same(4)], [at(1, "09:30"), call(3), same(4)], {"stays": [1], "tasks_moved": [2]}),
        ([at(1, "09:30"), call(2), same(4)], [at(1, "09:30"), call(2), same(5)], {"stays": [1], "tasks_stay": [2]}),
    ],
)  # fmt: skip
def test_only_what_waits_is_compared(
    before: list[TimelineStep], after: list[TimelineStep], expected: dict[str, list[int]]
) -> None:
    assert shape(compared(before, after)) == expected


def test_what_is_due_and_planned_as_before_stays() -> None:
    steps = [at(1, "09:30"), at(2, "09:30")]
    assert shape(compared(steps, steps, NOW + timedelta(days=9))) == {"stays": [1, 2]}
    moved = compared(steps, [at(1, "09:30"), at(3, "09:30")], NOW + timedelta(days=9)).moved
    assert [(each.instant, each.date) for each in moved] == [(NOW + timedelta(days=9), date(2026, 3, 4))]


def test_a_task_whose_time_is_up_is_waited_for_as_before() -> None:
    steps = [call(1), at(2, "09:30")]
    assert shape(edit(plan(steps).planned, {}, {}, [1], NOW)) == {}
    assert shape(edit(plan([at(1, "09:30"), same(2)]).planned, {}, {}, [1], NOW)) == {
        "added": [1, 2],
        "tasks_withdrawn": [1],
    }


def test_a_task_in_somebodys_hands_stays_a_task() -> None:
    timeline = plan([at(1, "09:30"), at(2, "09:30")], happened={1: ManualEmailRecord()})
    assert [type(each) for each in timeline.planned] == [PlannedTask]
    assert timeline.blocked_by == 1


ADDED = datetime.fromisoformat("2026-03-04T12:00:00+00:00")
SENT = EmailRecord(date(2026, 3, 2), time(9, 30), datetime.fromisoformat("2026-03-02T08:30:00+00:00"))


@pytest.mark.parametrize(
    ("steps", "happened", "passed", "numbers"),
    [
        # Its time is still to come, or has passed when it was added: to the second, by the person's own clock.
        ([at(1, "09:30"), at(3, "13:01", added=ADDED), same(9)], {1: SENT}, [], [2, 3]),
        ([at(1, "09:30"), at(3, "13:00", added=ADDED), same(9)], {1: SENT}, [], [2, 3]),
        ([at(1, "09:30"), at(3, "12:59", added=ADDED), same(9)], {1: SENT}, [2], [3]),
        # A task counts by its day.
        ([at(1, "09:30"), call(3, added=ADDED), same(9)], {1: SENT}, [], [2]),
        ([at(1, "09:30"), call(2, added=ADDED), same(9)], {1: SENT}, [2], [3]),
        # Something behind it has happened already; what happened since then does not count.
        ([call(1), at(5, "09:30", added=ADDED), call(5)],
         {1: TaskRecord(date(2026, 3, 2), NOW), 3: TaskRecord(date(2026, 3, 6), ADDED - timedelta(hours=1))}, [2], []),
        ([call(1), at(5, "09:30", added=ADDED), call(5)],
         {1: TaskRecord(date(2026, 3, 2), NOW), 3: TaskRecord(date(2026, 3, 6), ADDED + timedelta(hours=1))}, [], [2]),
        # Behind an open task, nobody has passed it; a late task moves it with all that follows.
        ([call(1), at(2, "09:30", added=ADDED)], {}, [], [1]),
        ([call(1), at(2, "09:30", added=ADDED)], {1: TaskRecord(date(2026, 3, 2), ADDED)}, [], [2]),
    ],
)  # fmt: skip
def test_who_has_passed_an_added_step(
    steps: list[TimelineStep], happened: dict[int, StepRecord], passed: list[int], numbers: list[int]
) -> None:
    for later in (timedelta(0), timedelta(days=3), timedelta(days=300)):
        timeline = plan(steps, ADDED + later, happened)
        assert timeline.passed_steps == tuple(passed)
        assert [each.number for each in timeline.planned] == numbers, "whenever it is asked"


def test_who_is_launched_later_has_passed_nothing() -> None:
    timeline = plan([at(1, "09:30"), at(1, "07:00")], NOW)
    assert (timeline.passed_steps, len(timeline.planned)) == ((), 2)


WALLS = st.times().map(lambda wall: wall.replace(second=0, microsecond=0).isoformat())
EMAILS = st.builds(at, st.integers(1, 200), WALLS) | st.builds(same, st.integers(2, 200))


@given(st.lists(EMAILS, min_size=1, max_size=6), st.data(), st.booleans())
def test_edited_is_as_launched_so(steps: list[TimelineStep], data: st.DataObject, skip: bool) -> None:
    """Whoever has got nothing yet stands as if launched with the steps as they are now; and back is back."""
    before = [at(1, "23:59"), *sorted(steps, key=lambda step: step.day)]
    changed = data.draw(st.integers(1, len(before) - 1))
    other = replace(before[changed], day=data.draw(st.integers(2, 200)))
    after = [before[0], *sorted([*before[1:changed], *before[changed + 1 :], other], key=lambda step: step.day)]
    old, new = plan(before, skip=skip), plan(after, skip=skip)
    found = edit(new.planned, slots(old), {}, (), NOW)
    kept = slots(old)
    for each in found.moved:
        kept[each.number] = Slot(each.date, each.time, each.zone, each.instant)
    assert kept == slots(new)
    back = edit(old.planned, kept, {}, (), NOW)
    for each in back.moved:
        kept[each.number] = Slot(each.date, each.time, each.zone, each.instant)
    assert kept == slots(old)
    assert edit(old.planned, kept, {}, (), NOW).moved == []
    assert (found.added, found.withdrawn) == ([], [])
