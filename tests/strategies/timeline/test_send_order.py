"""Emails that go out in another order than their steps: what is known whenever the campaign is launched."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.loading.manager import load
from strategies import Availability, Position, Refusal, SendAt, SendOption, StepContext, StepType
from strategies.registry import SendOptions
from strategies.sentences.sentences import sentence
from strategies.timeline.records import TimelineStep
from strategies.timeline.send_order import order_warnings, out_of_order

OPTIONS = load({}).send_options
CALL = TimelineStep(1, StepType.CALL, None, {})
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def email(day: int, option: str, *, follow_up: bool = False, **config: Any) -> TimelineStep:
    return TimelineStep(day, StepType.EMAIL, option, config, follow_up)


def at(day: int, wall: str, *, follow_up: bool = False) -> TimelineStep:
    return email(day, "at_time", follow_up=follow_up, at=wall)


def same(day: int) -> TimelineStep:
    return email(day, "same_time_as_previous")


def call(day: int) -> TimelineStep:
    return TimelineStep(day, StepType.CALL, None, {})


CHOOSE = email(1, "choose_at_launch")


def told(steps: list[TimelineStep], options: SendOptions = OPTIONS, **given: Any) -> list[tuple[Any, ...]]:
    notes = order_warnings(steps, options, skip_weekends=given.pop("skip", False), times=given)
    return [
        (n.code, n.values["earlierStep"], n.values["step"], n.values["earlierTime"], n.values["time"]) for n in notes
    ]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([at(1, "16:00"), at(1, "02:30")], [("OUT_OF_ORDER", 1, 2, "16:00:00", "02:30:00")]),
        ([at(1, "02:30"), at(1, "16:00")], []),
        ([at(1, "09:30"), at(1, "09:30")], []),
        ([at(1, "16:00"), at(2, "02:30")], []),
        # What takes over the time of an earlier day.
        ([at(1, "09:30"), at(3, "14:00"), same(3)], [("OUT_OF_ORDER", 2, 3, "14:00:00", "09:30:00")]),
        ([at(1, "09:30"), same(3), at(3, "09:29:59")], [("OUT_OF_ORDER", 2, 3, "09:30:00", "09:29:59")]),
        ([at(1, "09:30"), same(2), at(5, "10:00"), same(5)], [("OUT_OF_ORDER", 3, 4, "10:00:00", "09:30:00")]),
        ([at(1, "09:30"), same(3), same(3), at(3, "10:00")], []),
        # On day 1 it goes out at the start: that of the first email.
        ([at(1, "09:30"), at(1, "16:00"), same(1)], [("OUT_OF_ORDER", 2, 3, "16:00:00", "09:30:00")]),
        # The latest of those that it goes out before, and each later step once.
        ([at(1, "16:00"), at(1, "17:00"), at(1, "03:00"), at(1, "02:30")],
         [("OUT_OF_ORDER", 2, 3, "17:00:00", "03:00:00"), ("OUT_OF_ORDER", 2, 4, "17:00:00", "02:30:00")]),
        # It depends on the send-at, or on when a task is done: the previews tell it.
        ([CHOOSE, at(1, "02:30")], []),
        ([CHOOSE, at(3, "09:00"), same(3)], []),
        ([CHOOSE, at(1, "16:00"), at(1, "02:30")], [("OUT_OF_ORDER", 2, 3, "16:00:00", "02:30:00")]),
        ([email(1, "task"), at(2, "09:00"), same(2)], []),
        ([call(1), at(1, "16:00"), at(1, "02:30")], [("OUT_OF_ORDER", 2, 3, "16:00:00", "02:30:00")]),
        ([at(1, "16:00"), call(1), at(1, "02:30")], [("OUT_OF_ORDER_AFTER_TASK", 1, 3, "16:00:00", "02:30:00")]),
        ([at(1, "16:00"), email(1, "task"), at(2, "02:30")], []),
        # A follow-up cannot go out before the email that it follows.
        ([at(1, "16:00"), at(1, "02:30", follow_up=True)], [("FOLLOW_UP_WAITS", 1, 2, "16:00:00", "02:30:00")]),
        ([at(1, "16:00"), at(1, "02:30", follow_up=True), at(1, "15:00")],
         [("FOLLOW_UP_WAITS", 1, 2, "16:00:00", "02:30:00"), ("OUT_OF_ORDER", 1, 3, "16:00:00", "15:00:00")]),
        # What cannot be resolved says nothing.
        ([], []),
        ([CALL], []),
        ([email(1, "by_pigeon"), at(1, "02:30")], []),
    ],
)  # fmt: skip
def test_what_is_known_at_authoring(steps: list[TimelineStep], expected: list[tuple[Any, ...]]) -> None:
    assert told(steps) == expected
    assert told(steps, skip=True) == expected


def test_steps_that_were_added_later_count_as_all_others() -> None:
    late = datetime(2027, 1, 1, tzinfo=UTC)
    steps = [replace(step, added=late) for step in (at(1, "16:00"), at(1, "02:30"))]
    assert told(steps) == [("OUT_OF_ORDER", 1, 2, "16:00:00", "02:30:00")]


def test_a_launch_gives_other_times() -> None:
    steps = [at(1, "16:00"), at(1, "02:30")]
    assert order_warnings(steps, OPTIONS, skip_weekends=False, times={2: time(17, 0)}) == []
    (note,) = order_warnings(steps, OPTIONS, skip_weekends=False, times={2: time(15, 0)})
    assert note.values["time"] == "15:00:00"


def test_the_sentences() -> None:
    (note,) = order_warnings([at(1, "16:00"), at(1, "02:30")], OPTIONS, skip_weekends=False, times={})
    assert sentence(note) == "Step 2 (day 1, 2:30) is sent before step 1 (day 1, 16:00)."
    assert sentence(note, "de") == "Schritt 2 (Tag 1, 2:30) wird vor Schritt 1 (Tag 1, 16:00) gesendet."


class TheDayBefore(SendOption):
    """A partner's: noon of the day before the step's."""

    key = "the_day_before"
    labels = {"en": "The day before"}
    help = {"en": "The day before."}
    fails: ClassVar[bool] = False

    def availability(self, position: Position) -> Availability:
        return Availability()

    def resolve(self, step: StepContext) -> SendAt:
        if self.fails:
            raise Refusal("NO_DAY_BEFORE", "There is none.")
        return SendAt(step.date - timedelta(days=1), time(12))


def test_a_partners_option_is_resolved_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    options = SendOptions()
    for key, option in OPTIONS.items():
        options.register(option.key, option, key)
    options.register(TheDayBefore.key, TheDayBefore(), "partner")
    steps = [at(1, "09:00"), at(3, "16:00"), email(4, "the_day_before")]
    assert told(steps, options) == [("OUT_OF_ORDER", 2, 3, "16:00:00", "12:00:00")]
    monkeypatch.setattr(TheDayBefore, "fails", True)
    assert told(steps, options) == []


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12))
def test_a_pair_is_told_where_an_email_leaves_before_an_earlier_one(drawn: list[tuple[int, bool]]) -> None:
    steps = [at(1, "09:00", follow_up=number > 0 and follow) for number, (_, follow) in enumerate(drawn)]
    instants = {number: NOON + timedelta(hours=hours) for number, (hours, _) in enumerate(drawn, 1)}
    leaves: list[datetime] = []
    for number, own in instants.items():
        leaves.append(max(own, leaves[-1]) if steps[number - 1].follow_up else own)
    pairs = out_of_order(steps, instants)
    expected = [n for n in instants if any(leaves[n - 1] < before for before in leaves[: n - 1])]
    assert [pair.number for pair in pairs if not pair.waits] == expected
    assert [pair.number for pair in pairs if pair.waits] == [n for n in instants if leaves[n - 1] > instants[n]]
    for pair in pairs:
        assert pair.at < pair.earlier_at
        assert pair.earlier < pair.number
