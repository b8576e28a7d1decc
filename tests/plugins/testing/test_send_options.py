"""The kit finds each fault of a send option, and none in Touchline's own options and examples."""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from plugins.testing import ContractBrokenError, KitHint, Rule, assert_send_option
from strategies import Reads, SendOption
from strategies.options.at_time import AtTime
from strategies.options.choose_at_launch import ChooseAtLaunch
from strategies.options.same_time_as_previous import SameTimeAsPrevious
from strategies.options.task import Task
from tests.plugins.partner_package.touchline_business_hours import BusinessHours
from tests.plugins.testing.options import BAD, Good, variant

ZONES = ("America/Santiago", "Europe/Berlin")
CONFIGS = [{"hour": 9}, {"hour": 17}]
EXAMPLES = 12


def found(option: SendOption, configs: Sequence[Any] | None = CONFIGS) -> dict[Rule, str]:
    with pytest.raises(ContractBrokenError) as broken:
        assert_send_option(option, configs, zones=ZONES, examples=EXAMPLES)
    assert 'docs/plugins.md, "Test your package"' in str(broken.value)
    return broken.value.found


def test_each_fault_is_found_and_no_other() -> None:
    for fault, (rule, option, text) in BAD.items():
        faults = found(option)
        assert list(faults) == [rule], (fault, faults)
        assert text in faults[Rule(rule)], fault


def test_good_options_pass_and_unread_facts_are_a_hint() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_send_option(Good(), CONFIGS, zones=ZONES, examples=EXAMPLES)
        assert_send_option(BusinessHours(), [{"opens": "08:00", "avoid": ["SUNDAY"]}], zones=ZONES, examples=EXAMPLES)
    with pytest.warns(KitHint, match=r"Reads\.HISTORY, which no case has read"):
        assert_send_option(variant(reads={*Good.reads, Reads.HISTORY}), CONFIGS, zones=ZONES, examples=EXAMPLES)
    deaf = variant(resolve=lambda self, step: Good.resolve(self, replace(step, send_at=None)))
    with pytest.warns(KitHint, match=r"ignores step\.send_at"):
        assert_send_option(deaf, CONFIGS, zones=ZONES, examples=EXAMPLES)


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
