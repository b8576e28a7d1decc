"""People of one launch share what does not depend on their facts, and each gets the timeline of their own."""

import pickle
from collections import Counter
from datetime import UTC, datetime, time

import pytest

from plugins.loading.manager import load
from strategies import (
    Availability,
    Calendar,
    Facts,
    Note,
    PersonFacts,
    Position,
    Reads,
    Refusal,
    SendAt,
    SendOption,
    StepContext,
    StepType,
)
from strategies.timeline.records import LaunchChoices, TimelineStep
from strategies.timeline.timeline import SharedTimelines, resolve_timeline
from strategies.timeline.timeline_walk import TimelineInput

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
CALLS: Counter[str] = Counter()


class _Option(SendOption):
    labels = {"en": "A package's"}
    help = {"en": "A package's."}

    def availability(self, position: Position) -> Availability:
        return Availability()


class Everyone(_Option):
    key = "everyone"

    def resolve(self, step: StepContext) -> SendAt:
        CALLS["everyone"] += 1
        return SendAt(step.date, step.earlier_email or time(8))


class Personal(_Option):
    key = "personal"
    reads = frozenset({Reads.PERSON})

    def resolve(self, step: StepContext) -> SendAt:
        CALLS["personal"] += 1
        if step.person.title == "CEO":
            raise Refusal("TOO_IMPORTANT", "Write by hand.")
        notes = (Note("FOR", {"company": step.person.company}),)
        return SendAt(step.date, time(int(step.person.first_name)), notes)


def test_steps_are_shared_by_people_with_equal_plans_before_them() -> None:
    options = load({}).send_options
    for option in (Everyone(), Personal()):
        options.register(option.key, option, "tests")
    email, calendar, launch = StepType.EMAIL, Calendar("Europe/Berlin", True), LaunchChoices(NOW, NOW, {})
    keys = ("choose_at_launch", "everyone", "personal", "everyone", "same_time_as_previous")
    steps = [TimelineStep(day, email, key, {}) for day, key in enumerate(keys, 1)]
    people = [("9", "Acme"), ("10", "Acme"), ("9", "Acme"), ("9", "Other")]
    facts = [
        Facts(person=PersonFacts(f"per_{number}", first_name=hour, company=company))
        for number, (hour, company) in enumerate(people)
    ]
    alone = [resolve_timeline(steps, calendar, launch, options, {}, NOW, facts=each) for each in facts]

    CALLS.clear()
    shared = SharedTimelines(TimelineInput(steps, calendar, launch, {}, NOW, {}))
    ceo = Facts(person=PersonFacts("per_ceo", title="CEO"))
    with pytest.raises(Refusal, match="Write by hand"):
        shared.resolve(options, ceo)
    found = [shared.resolve(options, each) for each in facts]
    with pytest.raises(Refusal, match="Write by hand"):
        shared.resolve(options, ceo)
    assert found == alone
    assert found[0] is found[2]
    assert len({id(each) for each in found}) == 3
    assert found[0].planned[1] is found[3].planned[1]
    # Once before the personal step, and once for each different plan of the personal step.
    assert {"everyone": 1 + 3, "personal": 2 + len(people)} == CALLS

    copy = pickle.loads(pickle.dumps((shared, facts)))
    assert copy == (shared, facts)
    assert hash(copy[0]) == hash(shared)
    CALLS.clear()
    assert [copy[0].resolve(options, each) for each in copy[1]] == alone
    assert CALLS["everyone"] == 4


def test_inputs_are_equal_only_if_their_values_have_the_same_types() -> None:
    def shared(value: object) -> SharedTimelines:
        steps = [TimelineStep(1, StepType.EMAIL, "everyone", {"value": value})]
        return SharedTimelines(TimelineInput(steps, Calendar("UTC", False), LaunchChoices(NOW, NOW, {}), {}, NOW, {}))

    assert shared(1) == shared(1)
    assert shared(1) != shared(True)
    assert shared(1) != shared("1")
