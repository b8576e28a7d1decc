"""Send options get the facts that they declare, and nothing else."""

import pickle
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any

import pytest

from plugins.loading.declaration_checks import UnusableError, check_reads
from strategies import (
    Availability,
    Calendar,
    CampaignFacts,
    Facts,
    FieldValues,
    History,
    HourCounts,
    PersonFacts,
    Position,
    Range,
    Reads,
    Refusal,
    SendAt,
    SendOption,
    StepContext,
    StepType,
    UndeclaredReadError,
)
from strategies.facts import NO_FACTS, READ_NAMES
from strategies.registry import SendOptions
from strategies.timeline.records import LaunchChoices, PlannedSend, TimelineStep
from strategies.timeline.timeline import resolve_timeline

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
FACTS = Facts(
    person=PersonFacts("per_1", "ada@example.com", "Ada"),
    recipient_zone="Asia/Tokyo",
    fields=FieldValues({"hour": "8"}),
    history=History((HourCounts(5, 4, 3, 2), *History().counts[1:])),
    campaign=CampaignFacts("C", use_recipient_zone=True),
)


class Curious(SendOption):
    """Reads what the test says."""

    key = "curious"
    labels = {"en": "Curious"}
    help = {"en": "Curious."}
    wants: tuple[Reads, ...] = ()

    def availability(self, position: Position) -> Availability:
        return Availability.offered("Not recommended.", "RARE")

    def resolve(self, step: StepContext) -> SendAt:
        self.found = {read: getattr(step, READ_NAMES[read]) for read in self.wants}
        return SendAt(step.date, time(9))


def resolved(option: SendOption, facts: Facts = FACTS) -> PlannedSend:
    options = SendOptions()
    options.register(option.key, option, "tests")
    steps = [TimelineStep(1, StepType.EMAIL, option.key, {})]
    calendar, launch = Calendar("Europe/Berlin", False), LaunchChoices(NOW, None, {})
    (planned,) = resolve_timeline(steps, calendar, launch, options, {}, NOW, facts=facts).planned
    assert isinstance(planned, PlannedSend)
    return planned


@pytest.mark.parametrize("read", Reads)
def test_an_option_gets_what_it_declares_and_no_other_facts(read: Reads) -> None:
    option = Curious()
    option.reads, option.wants = frozenset({read}), (read,)  # type: ignore[misc]
    resolved(option)
    assert option.found == {read: getattr(FACTS, READ_NAMES[read])}
    for declared in (frozenset[Reads](), frozenset(set(Reads) - {read})):
        option.reads = declared  # type: ignore[misc]
        for facts in (FACTS, NO_FACTS):
            option.wants = (read,)
            with pytest.raises(Refusal, match=rf"'curious' of step 1 reads facts.* Reads\.{read}") as refused:
                resolved(option, facts)
            assert refused.value.code == "SEND_OPTION_FAILED"
    with pytest.raises(UndeclaredReadError, match=rf"This send option reads step\.{READ_NAMES[read]}.*Reads\.{read}"):
        NO_FACTS.value(read)
    with pytest.raises(UndeclaredReadError, match="'other' reads"):
        FACTS.only(frozenset(set(Reads) - {read}), "other").value(read)


def test_facts_can_be_sent_to_a_worker_process_and_not_be_changed() -> None:
    sent = pickle.loads(pickle.dumps(FACTS))
    assert sent == FACTS
    assert hash(sent.fields) == hash(FACTS.fields)
    assert pickle.loads(pickle.dumps(NO_FACTS)) == NO_FACTS, "what is not declared stays so"
    error = pickle.loads(pickle.dumps(UndeclaredReadError("curious", Reads.FIELDS)))
    assert (error.option, error.read) == ("curious", Reads.FIELDS)
    fields: Any = FACTS.fields
    with pytest.raises(TypeError):
        fields["hour"] = "9"
    for part, name in ((FACTS, "person"), (FACTS.person, "id"), (FACTS.campaign, "name"), (FACTS.history, "counts")):
        with pytest.raises(AttributeError):
            setattr(part, name, None)
    own = {"hour": "8"}
    copied = FieldValues(own)
    own["hour"] = "9"
    assert (copied["hour"], copied == {"hour": "8"}) == ("8", True)


def test_a_history_has_each_hour_of_the_week() -> None:
    history = History(tuple(HourCounts(sent=number) for number in range(168)))
    assert [history.at(0, 0).sent, history.at(6, 23).sent, history.at(1, 2).sent] == [0, 167, 26]
    assert (history.weekday(1).sent, history.hour(23).sent) == (sum(range(24, 48)), sum(range(23, 168, 24)))
    assert history.total == HourCounts(sent=sum(range(168)))
    for weekday, hour in ((7, 0), (-1, 0), (0, 24)):
        with pytest.raises(ValueError, match="there is no hour"):
            history.at(weekday, hour)
    with pytest.raises(ValueError, match="168 hours"):
        History(())


def test_a_range_has_an_aware_start_and_end() -> None:
    there = timezone(timedelta(hours=9))
    hours = Range(datetime(2026, 3, 2, 9, tzinfo=there), datetime(2026, 3, 2, 17, tzinfo=there))
    assert (hours.start, hours.start.tzinfo) == (datetime(2026, 3, 2, 0, tzinfo=UTC), UTC)
    assert [hours.start in hours, hours.end in hours] == [True, False]
    for start, end in ((NOW, NOW), (NOW, NOW - timedelta(seconds=1)), (NOW.replace(tzinfo=None), NOW)):
        with pytest.raises(ValueError, match="range"):
            Range(start, end)


def test_the_loader_keeps_a_frozen_set_of_what_is_declared() -> None:
    for value in (
        {Reads.PERSON, Reads.FIELDS},
        ["PERSON", "FIELDS"],
        (Reads.FIELDS, "PERSON"),
        frozenset(["PERSON", "FIELDS"]),
    ):
        assert check_reads("X", "reads", value) == frozenset({Reads.PERSON, Reads.FIELDS})
    assert check_reads("X", "reads", ()) == frozenset()
    for value in ("PERSON", None, {"PERSON": 1}, ["person"], [1], [Reads.PERSON, ["x"]], 3):
        with pytest.raises(UnusableError, match="X cannot be used: reads"):
            check_reads("X", "reads", value)
