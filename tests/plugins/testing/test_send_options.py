"""The kit finds each fault of a send option, and none in Touchline's own options and examples."""

import os
import sys
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from plugins.testing import ContractBrokenError, KitHint, Rule, assert_send_option
from plugins.testing.common.findings import Findings
from plugins.testing.send_options.cases import FORMS, Case
from plugins.testing.send_options.clock_change_cases import times_changed
from plugins.testing.send_options.promised_hours import Allowed, check_hours
from strategies import Calendar, Facts, Note, Range, SendOption, StepContext
from strategies.options.at_time import AtTime
from strategies.options.choose_at_launch import ChooseAtLaunch
from strategies.options.same_time_as_previous import SameTimeAsPrevious
from strategies.options.task import Task
from strategies.timeline.records import PlannedSend
from tests.plugins.partner_package.touchline_business_hours import BusinessHours
from tests.plugins.testing.options import BAD, HINTED, Good, Hours, anytime, passed, variant

ZONES = ("America/Santiago", "Europe/Berlin")
CONFIGS = [{"hour": 9}, {"hour": 17}]
EXAMPLES = 12
ALSO_HINTED = {"depends on now": ["ignores step.send_at"], "long before its day": ["ignores", "before its day"]}


def found(option: SendOption, configs: Sequence[Any] | None = CONFIGS) -> dict[Rule, str]:
    with pytest.raises(ContractBrokenError) as broken:
        assert_send_option(option, configs, zones=ZONES, examples=EXAMPLES)
    assert 'docs/plugins.md, "Test your package"' in str(broken.value)
    return broken.value.found


def hints_of(option: SendOption, configs: Sequence[Any]) -> list[str]:
    """Return the warnings of an option that breaks no rule."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert_send_option(option, configs, zones=ZONES, examples=EXAMPLES)
    assert [(each.category, Path(each.filename)) for each in caught] == [(KitHint, Path(__file__))] * len(caught)
    return [str(each.message) for each in caught]


def test_each_fault_is_found_and_no_other() -> None:
    for fault, (rule, option, text) in BAD.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            faults = found(option)
        assert list(faults) == [rule], (fault, faults)
        assert text in faults[Rule(rule)], fault
        hints = [str(each.message) for each in caught if each.category is KitHint]
        expected = ALSO_HINTED.get(fault, [])
        assert len(hints) == len(expected), (fault, hints)
        assert all(text in hint for hint, text in zip(hints, expected, strict=True)), (fault, hints)


def test_a_thread_that_an_option_leaves_running_is_a_hint() -> None:
    over, threads = threading.Event(), list[threading.Thread]()

    class Threaded(Good):
        def resolve(self, step: StepContext) -> Any:
            if not threads:
                threads.append(threading.Thread(target=over.wait, name="pool of mine"))
                threads[0].start()
            return super().resolve(step)

    try:
        (hint,) = hints_of(Threaded(), CONFIGS)
    finally:
        over.set()
        threads[0].join()
    assert "threads of the option still run (1, such as pool of mine)" in hint


def test_what_is_probably_not_meant_is_one_hint_each() -> None:
    assert hints_of(Good(), CONFIGS) == hints_of(BusinessHours(), [{"opens": "08:00", "avoid": ["SUNDAY"]}]) == []
    for text, option in HINTED.items():
        (hint,) = hints_of(option, CONFIGS)
        assert text in hint


def test_a_time_that_has_passed_is_a_hint_if_a_window_allows_the_launch() -> None:
    """The server sends the email at once, at another time than the explanation names."""
    (hint,) = hints_of(variant(resolve=passed), CONFIGS)
    assert "before the launch at" in hint


def test_a_time_that_has_passed_is_no_hint_if_the_window_is_closed_at_the_launch() -> None:
    def until_half_past_nine(self: SendOption, step: StepContext, send_at: datetime) -> list[Range] | None:
        if step.send_at or not step.first:
            return None
        ranges = Good.window(Good(), step, send_at)
        closes = [step.calendar.local(each.end).replace(hour=9, minute=30) for each in ranges]
        return [Range(each.start, end) for each, end in zip(ranges, closes, strict=True)]

    assert hints_of(variant(resolve=passed, window=until_half_past_nine), CONFIGS) == []


def test_a_failure_when_the_kit_asks_again_is_a_fault_of_the_option() -> None:
    def until_seven(self: Any, step: StepContext, send_at: datetime) -> Any:
        if step.calendar.local(send_at).time() == time(19):
            raise KeyError("no plan for this time")
        return Good.window(self, step, send_at)

    faults = found(variant(window=until_seven))
    assert list(faults) == [Rule.WINDOW]
    assert "no plan for this time" in faults[Rule.WINDOW]
    assert "config {'hour'" in faults[Rule.WINDOW]


def test_configured_times_that_the_clocks_skip() -> None:
    configs = [{"opens": "09:00", "closes": "17:30"}]
    assert hints_of(Hours(), configs) == []
    Hours.forgets = True
    fault = found(Hours(), configs)[Rule.WINDOW]
    Hours.forgets = False
    assert "a range ends after it starts" in fault
    assert "leave out a range that they skip" in fault
    assert "config {'opens': '0" in fault


def test_configured_times_are_moved_into_the_hour_of_the_change() -> None:
    at = {"type": "string", "description": "A time.", "format": "time"}
    seconds = {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}$"}
    hour = {"type": "integer", "minimum": 0, "maximum": 23}
    properties = {"a": at, "b": seconds, "hour": hour, "name": {"type": "string", "pattern": "^[a-z]+$"}}
    config = {"a": "09:00", "b": "10:00:00", "hour": 9, "name": "north"}
    found = list(times_changed({"type": "object", "properties": properties}, config, time(2, 30), time(3)))
    assert {**config, "b": "02:30:00"} in found
    assert {**config, "hour": 2} in found
    assert any(each["a"].startswith("02:30") for each in found)
    assert any(each["a"].startswith("02:30") and each["hour"] == 3 for each in found)
    assert {each["name"] for each in found} == {"north"}


def test_touchlines_own_options_keep_the_contract() -> None:
    assert_send_option(AtTime(), [{"at": "09:30"}, {"at": "02:30:15"}], examples=EXAMPLES)
    for option in (ChooseAtLaunch(), SameTimeAsPrevious(), Task()):
        assert_send_option(option, zones=ZONES, examples=EXAMPLES)
        assert {"en", "de"} <= option.labels.keys()


def test_without_hypothesis_the_kit_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match=r"pip install 'touchline\[testing\]'"):
        assert_send_option(Task())


def test_configs_that_are_wrong() -> None:
    assert "'hour' is a required property" in found(Good(), None)[Rule.CONFIG]
    assert "UNLUCKY" in found(Good(), [{"hour": 13}])[Rule.CONFIG]
    assert "is empty" in found(Good(), [])[Rule.CONFIG]
    assert "not an instance" in found(Good)[Rule.DECLARATIONS]  # type: ignore[arg-type]


def test_a_fault_of_an_answer_names_the_method_of_the_package(caplog: pytest.LogCaptureFixture) -> None:
    class Vague(AtTime):
        key = "vague"
        help = {"de": "Vage."}
        takes_time: Any = "yes"

        def resolve(self, step: Any) -> Any:
            return "tomorrow"

    with pytest.raises(ContractBrokenError) as broken:
        assert_send_option(Vague(), [{"at": "09:30"}], zones=["UTC"], examples=1)
    assert all(text in broken.value.found[Rule.DECLARATIONS] for text in ('help["en"]', "takes_time"))
    Vague.help, Vague.takes_time = {"en": "Vague.", "de": "Vage."}, True
    with pytest.raises(ContractBrokenError) as broken:
        assert_send_option(Vague(), [{"at": "09:30"}], zones=["UTC"], examples=1)
    assert "Vague.resolve, test_send_options.py, line" in broken.value.found[Rule.RESOLVE]
    assert caplog.records == []


def test_calls_are_observed_and_not_blocked(tmp_path: Path) -> None:
    """docs/plugins.md says what the kit sees and what it does not see."""
    written = tmp_path / "written.txt"

    def resolve(step: Any, work: Callable[[], object]) -> Any:
        work()
        return Good.resolve(Good(), step)

    def in_a_thread() -> None:
        thread = threading.Thread(target=written.touch)
        thread.start()
        thread.join()

    for work in (lambda: os.environ.get("TOUCHLINE_PORT"), in_a_thread):
        assert hints_of(variant(resolve=lambda self, step, work=work: resolve(step, work)), CONFIGS) == []
    assert written.exists()
    written.unlink()
    write = variant(resolve=lambda self, step: resolve(step, lambda: written.write_text("noon")))
    assert Rule.FILES in found(write)
    assert written.read_text() == "noon"


def test_the_hours_that_an_option_promises() -> None:
    def faults(option: SendOption, allowed: Allowed) -> str:
        with pytest.raises(ContractBrokenError) as broken:
            assert_send_option(option, CONFIGS, zones=ZONES, examples=EXAMPLES, allowed=allowed)
        assert list(broken.value.found) == [Rule.ALLOWED]
        return broken.value.found[Rule.ALLOWED]

    def by_day(_: Mapping[str, Any], at: datetime) -> bool:
        return 7 <= at.hour < 19

    assert_send_option(Good(), CONFIGS, zones=ZONES, examples=EXAMPLES, allowed=by_day)
    assert "a late email is sent at" in faults(variant(window=anytime), by_day), "its resolve chooses these hours"
    assert "an email is planned for Sunday, " in faults(Good(), lambda _, at: at.weekday() < 6)
    assert "a late email is sent at" in faults(Good(), lambda config, at: at.hour == config["hour"])


def test_an_hour_that_the_clocks_skip_counts_as_itself() -> None:
    case = Case(FORMS[0], {"hour": 2}, Calendar("Europe/Berlin", False), datetime(2026, 3, 27, 7, tzinfo=UTC), Facts())
    at = datetime(2026, 3, 29, 1, tzinfo=UTC)  # 3:00 in Berlin, because the clocks skip 2:00
    planned = PlannedSend(1, date(2026, 3, 29), time(2), "Europe/Berlin", at, (Note("CLOCKS_GO_FORWARD"),))
    findings = Findings("Hour")
    check_hours(lambda config, shown: shown.hour == config["hour"], planned, case, findings)
    assert Rule.ALLOWED not in findings
    late = planned._replace(notes=(*planned.notes, Note("LATE")))
    check_hours(lambda config, shown: shown.hour == config["hour"], late, case, findings)
    assert Rule.ALLOWED in findings
