"""A send option that breaks, or answers what its contract does not allow, is named."""

from asyncio import CancelledError
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, ClassVar

import pytest

from strategies import (
    Availability,
    Calendar,
    CampaignFacts,
    CreateTask,
    Note,
    Position,
    Refusal,
    SendAt,
    SendOption,
    StepType,
)
from strategies.codes import StrategyCode
from strategies.package_options.option_calls import availability, validate
from strategies.registry import SendOptions
from strategies.step_checks import check_step
from strategies.timeline.records import LaunchChoices, PlannedSend, TimelineStep
from strategies.timeline.timeline import Timeline, resolve_timeline

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
DAY, WALL = date(2026, 3, 3), time(12, 30)


class Lunch(SendOption):
    """Answers, or raises, what the test says."""

    key = "lunch"
    labels = {"en": "At lunch"}
    help = {"en": "At lunch."}
    answer: ClassVar[Any] = None

    def availability(self, position: Position) -> Availability:
        return Availability()

    def resolve(self, step: Any) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def resolve(answer: Any, monkeypatch: pytest.MonkeyPatch) -> Timeline:
    monkeypatch.setattr(Lunch, "answer", answer)
    options = SendOptions()
    options.register(Lunch.key, Lunch(), "partner")
    steps = [TimelineStep(1, StepType.EMAIL, "lunch", {})]
    return resolve_timeline(steps, Calendar("Europe/Berlin", False), LaunchChoices(NOW, None, {}), options, {}, NOW)


@pytest.mark.parametrize(
    "answer",
    [
        SendAt(DAY, WALL),
        SendAt(DAY, WALL, (Note("LUNCH", {"day": "Tuesday", "number": 2}),), datetime(2026, 3, 3, 11, 30, tzinfo=UTC)),
        SendAt(DAY, WALL, (), datetime(2026, 3, 3, 12, 30, tzinfo=timezone(timedelta(hours=1)))),
        CreateTask(DAY, (Note("LUNCH"),)),
    ],
)
def test_what_the_contract_allows(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(resolve(answer, monkeypatch).planned) == 1


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (RuntimeError("no table"), "RuntimeError"),
        (SystemExit(3), "SystemExit"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (CancelledError(), "CancelledError"),
        (None, "TypeError"),
        ((DAY, WALL), "TypeError"),
        (SendAt(datetime(2026, 3, 3, 12, 30), WALL), "TypeError"),
        (SendAt("2026-03-03", WALL), "TypeError"),  # type: ignore[arg-type]
        (SendAt(DAY, "12:30"), "TypeError"),  # type: ignore[arg-type]
        (SendAt(DAY, time(12, 30, tzinfo=UTC)), "ValueError"),
        (SendAt(DAY, time(12, 30, 0, 5)), "ValueError"),
        (SendAt(date.max, WALL), "ValueError"),
        (SendAt(DAY, WALL, (), datetime(2026, 3, 3, 12, 30)), "ValueError"),
        (SendAt(DAY, WALL, (), datetime.max.replace(tzinfo=UTC)), "ValueError"),
        (SendAt(DAY, WALL, (), DAY), "TypeError"),  # type: ignore[arg-type]
        (SendAt(DAY, WALL, Note("LUNCH")), "TypeError"),  # type: ignore[arg-type]
        (SendAt(DAY, WALL, ("LUNCH",)), "TypeError"),  # type: ignore[arg-type]
        (SendAt(DAY, WALL, (Note("LUNCH", {"on": DAY}),)), "TypeError"),  # type: ignore[dict-item]
        (SendAt(DAY, WALL, (Note("LUNCH", {"on": "\x00"}),)), "ValueError"),
        (SendAt(DAY, WALL, (Note("\ud800"),)), "ValueError"),
        (CreateTask(None), "TypeError"),  # type: ignore[arg-type]
    ],
)
def test_an_option_that_breaks_is_named(answer: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal) as caught:
        resolve(answer, monkeypatch)
    told = (
        f"The send option 'lunch' of step 1 failed ({name}). This is a bug in its package, partner; see the server log."
    )
    assert (caught.value.code, caught.value.message) == ("SEND_OPTION_FAILED", told)
    assert type(caught.value.__cause__).__name__ == name


def test_what_an_option_refuses_itself_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal, match="NO_LUNCH"):
        resolve(Refusal("NO_LUNCH", "The canteen is closed."), monkeypatch)


class Moody(Lunch):
    """Breaks when it is asked for anything."""

    trouble: ClassVar[type[BaseException]] = ZeroDivisionError

    def availability(self, position: Position) -> Availability:
        raise self.trouble

    def validate(self, config: Any) -> None:
        raise self.trouble


TROUBLES = [ZeroDivisionError, SystemExit, KeyboardInterrupt, GeneratorExit, CancelledError]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_option_that_breaks_when_it_is_asked_is_not_offered(
    trouble: type[BaseException], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Moody, "trouble", trouble)
    options = SendOptions()
    options.register(Moody.key, Moody(), "partner")
    with pytest.raises(Refusal) as refused:
        check_step([step := TimelineStep(1, StepType.EMAIL, "lunch", {})], 1, step, options)
    assert (refused.value.code, refused.value.path) == ("SEND_OPTION_FAILED", ("sendOption",))
    assert f"'lunch' failed ({trouble.__name__})" in refused.value.message
    assert trouble.__name__ in caplog.text


def test_an_option_that_answers_no_availability_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lunch, "availability", lambda option, position: True)
    assert availability(Lunch(), Position(1, 1, None, False)).code == "SEND_OPTION_FAILED"


def test_a_failure_names_the_package_that_its_wrapper_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Moody, "trouble", KeyError("hour"))
    option = Moody()
    vars(option)["package"] = "partner"
    sentence = "The send option 'lunch' failed ({}). This is a bug in its package, partner; see the server log."
    assert availability(option, Position(1, 1, None, False)).reason == sentence.format("KeyError")
    with pytest.raises(Refusal) as refused:
        validate(option, {}, CampaignFacts())  # it takes no settings
    assert refused.value.message == sentence.format("TypeError")


def test_a_paused_option_is_not_offered_and_says_that_it_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    paused = Refusal.of(StrategyCode.SEND_OPTION_PAUSED, option="lunch", package="partner")
    monkeypatch.setattr(Moody, "trouble", paused)
    answer = availability(Moody(), Position(1, 1, None, False))
    assert (answer.available, answer.code, answer.reason) == (False, "SEND_OPTION_PAUSED", paused.message)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_configuration_that_an_option_breaks_on_is_refused(
    trouble: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Moody, "trouble", trouble)
    with pytest.raises(Refusal) as refused:
        validate(Moody(), {}, CampaignFacts())
    assert refused.value.code == "SEND_OPTION_FAILED"


@pytest.mark.parametrize("given", [{"warning": 3}, {"warning": "\ud800"}, {"warning_code": b"X"}, {"reason": "\x00"}])
def test_texts_of_an_availability_that_no_answer_could_carry(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lunch, "availability", lambda *_: Availability(**given))
    offer = availability(Lunch(), Position(1, 1, None, False))
    assert (offer.available, offer.code) == (False, "SEND_OPTION_FAILED")


class Once(str):
    """A text that breaks when anything is asked of it."""

    def __str__(self) -> str:
        raise RuntimeError("a text")

    __len__ = __format__ = __str__  # type: ignore[assignment]


class BrokenDate(date):
    """A date that can be compared with nothing, and not be written."""

    def __lt__(self, other: object) -> bool:
        raise RuntimeError("a date")

    __gt__ = __le__ = __ge__ = __eq__ = __hash__ = isoformat = __lt__  # type: ignore[assignment]


class BrokenTime(time):
    """Likewise."""

    def __lt__(self, other: object) -> bool:
        raise RuntimeError("a time")

    __gt__ = __le__ = __ge__ = __eq__ = __hash__ = isoformat = __lt__  # type: ignore[assignment]


class BrokenInstant(datetime):
    """Likewise."""

    def __lt__(self, other: object) -> bool:
        raise RuntimeError("an instant")

    __gt__ = __le__ = __ge__ = __eq__ = __hash__ = isoformat = astimezone = __sub__ = __lt__  # type: ignore[assignment]


class BrokenNumber(int):
    """Likewise."""

    def __str__(self) -> str:
        raise RuntimeError("a number")

    __lt__ = __eq__ = __hash__ = __format__ = __repr__ = __str__  # type: ignore[assignment]


class OtherAnswer(SendAt):
    """An answer of a class of its own."""


@pytest.mark.parametrize(
    "answer",
    [
        SendAt(BrokenDate(2026, 3, 3), WALL),
        SendAt(DAY, BrokenTime(12, 30)),
        SendAt(DAY, WALL, (), BrokenInstant(2026, 3, 3, 11, 30, tzinfo=UTC)),
        SendAt(DAY, WALL, (Note("LUNCH", {"number": BrokenNumber(3)}),)),
        SendAt(DAY, WALL, [Note(Once("LUNCH"), {Once("day"): Once("Tuesday")})]),  # type: ignore[arg-type]
        OtherAnswer(DAY, WALL),
        CreateTask(BrokenDate(2026, 3, 3), [Note("LUNCH")]),  # type: ignore[arg-type]
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_values_of_a_packages_own_classes_become_plain_ones(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (planned,) = resolve(answer, monkeypatch).planned
    plain = (planned.date, planned.time, planned.instant) if isinstance(planned, PlannedSend) else (planned.due,)
    assert {type(value) for value in plain} <= {date, time, datetime}
    for note in planned.notes:
        assert type(note) is Note
        assert {type(value) for value in (note.code, *note.values, *note.values.values())} <= {str, int}


class Raising(datetime):
    """Does not even say what year it is in."""

    @property
    def year(self) -> int:  # type: ignore[override]
        raise RuntimeError("a year")


@pytest.mark.parametrize(
    "answer",
    [
        SendAt(DAY, WALL, (), Raising(2026, 3, 3, 12, tzinfo=UTC)),
        SendAt(DAY, WALL, (Note("X", {"n": 10**5_000}),)),
        SendAt(DAY, WALL, (Note("X", {"n": "x" * 3_000}),)),
        SendAt(DAY, WALL, (Note("X"),) * 101),
        Refusal(Once("X"), 5),  # type: ignore[arg-type]
        Refusal("X", "Not today.", 3),  # type: ignore[arg-type]
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_what_cannot_be_kept_is_the_options_fault(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal) as caught:
        resolve(answer, monkeypatch)
    assert caught.value.code == "SEND_OPTION_FAILED"


def test_a_refusal_of_a_packages_own_class_becomes_a_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(Refusal):
        pass

    with pytest.raises(Refusal) as caught:
        resolve(Own(Once("NO_LUNCH"), Once("Closed."), (Once("time"),)), monkeypatch)
    told = (caught.value.code, caught.value.message, *caught.value.path)
    assert (type(caught.value), told) == (Refusal, ("NO_LUNCH", "Closed.", "time"))
    assert {type(each) for each in told} == {str}
