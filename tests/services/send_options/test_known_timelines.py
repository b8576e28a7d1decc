"""A worker plans what people share once for all messages of a launch, and asks a paused option all the same."""

import pickle
from datetime import UTC, datetime, time

import pytest

from api.services.send_options import answering
from api.services.send_options.answering import KnownTimelines, answer_with
from strategies import Availability, Calendar, Facts, Position, SendAt, SendOption, StepContext, StepType
from strategies.questions import Question
from strategies.registry import SendOptions
from strategies.timeline.records import LaunchChoices, TimelineStep
from strategies.timeline.timeline import SharedTimelines, _resolve
from strategies.timeline.timeline_walk import TimelineInput

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


class Counting(SendOption):
    """An option that declares no facts, so that its plan is shared."""

    key = "counting"
    labels = help = {"en": "Counting"}

    def __init__(self) -> None:
        self.asked = 0

    def availability(self, position: Position) -> Availability:
        return Availability()

    def resolve(self, step: StepContext) -> SendAt:
        self.asked += 1
        return SendAt(step.date, time(9))


def message(people: int, hour: int = 7) -> list[Question]:
    """Return what a worker gets: questions about people of one launch."""
    launch = LaunchChoices(NOW.replace(hour=hour), None, {})
    steps = [TimelineStep(1, StepType.EMAIL, "counting", {})]
    given = SharedTimelines(TimelineInput(steps, Calendar("UTC", False), launch, {}, NOW, {}))
    sent = [Question(_resolve, ("counting",), {"timelines": given, "facts": Facts()}) for _ in range(people)]
    return pickle.loads(pickle.dumps(sent))  # type: ignore[no-any-return]


def test_later_messages_continue_the_timelines(monkeypatch: pytest.MonkeyPatch) -> None:
    options, counting, known = SendOptions(), Counting(), KnownTimelines()
    options.register("counting", counting, "touchline-counting")

    def asked(sent: list[Question]) -> int:
        before = counting.asked
        reply = answer_with(options, known.continue_with(sent), ())
        assert len(reply.answers) == len(sent)
        assert not reply.not_deterministic
        return counting.asked - before

    # The first question of each message is asked once more, without what is known.
    assert asked(message(3)) == 2
    assert asked(message(3)) == 1
    assert asked(message(3, hour=8)) == 2, "another launch"
    assert asked(message(1)) == 2, "it may be the probe of a paused option"
    monkeypatch.setattr(answering, "MAX_KNOWN_QUESTIONS", 8)
    assert asked(message(3)) == 2, "too much was known"
    assert asked(message(3)) == 1
