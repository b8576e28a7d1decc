"""``assert_send_option``: run the whole contract of send options over one option."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any, cast

from plugins.loading.extension_points import SEND_OPTIONS
from plugins.loading.wrappers import OptionWrapper
from plugins.testing.common.declarations import check_configs, check_languages, check_schema, load_one, name_of
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import where
from plugins.testing.common.time_limit import NoAnswerError
from plugins.testing.schemas.configurations import accepts, all_configs, changed_configs
from plugins.testing.send_options.answers import check_answers, check_repeated
from plugins.testing.send_options.cases import FORMS, Case, Form, any_case, zone_cases
from plugins.testing.send_options.clock_change_cases import change_cases
from plugins.testing.send_options.hints import check_hints, hint_threads
from plugins.testing.send_options.hypothesis_runs import for_examples, need_hypothesis
from plugins.testing.send_options.positions import check_positions, offered_forms
from plugins.testing.send_options.promised_hours import Allowed
from plugins.testing.send_options.recorder import Recorder
from strategies import CampaignFacts, Refusal, SendOption
from strategies.calendar import zone_names
from strategies.options.at_time import AtTime
from strategies.package_options.option_calls import validate
from strategies.registry import SendOptions

EXAMPLES = 50
"""Cases that hypothesis makes, beside those for each time zone."""


def assert_send_option(
    option: SendOption,
    configs: Sequence[Mapping[str, Any]] | None = None,
    *,
    examples: int = EXAMPLES,
    zones: Sequence[str] | None = None,
    allowed: Allowed | None = None,
) -> None:
    """Check that an option keeps the contract of send options. Raises ContractBrokenError with all faults.

    ``configs`` are configurations that users would choose. Leave them out if ``{}`` is one. The checks run in all time
    zones, or in ``zones``, and near the changes of their clocks. ``examples`` is the number of further cases. The cases
    are the same in every run. ``allowed(config, at)`` says whether an email can be sent at a local time: for an option
    that promises certain hours or days. Needs ``touchline[testing]``.
    """
    need_hypothesis()
    findings, threads = Findings(name_of(option)), set(threading.enumerate())
    wrapper = cast(OptionWrapper, load_one(SEND_OPTIONS, option, findings))
    sentences = {f"sentences[{code!r}]": texts for code, texts in wrapper.sentences.items()}
    check_languages({"labels": wrapper.labels, "help": wrapper.help, **sentences}, findings)
    check_schema(wrapper.config_schema, findings)
    good = check_configs(wrapper.config_schema, configs, findings)
    recorder = Recorder(wrapper.own, findings)
    wrapper.own = recorder
    run = _Run(wrapper, recorder, good, sorted(zones or zone_names()), findings, allowed)
    with _without_log(), suppress(NoAnswerError):
        run.check_configs()
        check_positions(wrapper, findings)
        findings.raise_any()
        run.resolve_everywhere(examples)
    findings.raise_any()
    hint_threads(threads, findings)


@contextmanager
def _without_log() -> Iterator[None]:
    """Log no tracebacks of the option inside the block: the findings have its failures."""
    log = logging.getLogger("touchline.options")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


@dataclass(frozen=True, slots=True)
class _Run:
    """The option as the server has it, what the kit keeps of its calls, and the choices of the test."""

    wrapper: OptionWrapper
    recorder: Recorder
    configs: Sequence[Mapping[str, Any]]
    zones: Sequence[str]
    findings: Findings
    allowed: Allowed | None

    def check_configs(self) -> None:
        """Let the option validate the good configurations."""
        for config in self.configs:
            if (refusal := self._refusal(config)) is not None:
                fault = f"validate() refuses {config!r:.100}: {refusal}"
                self.findings.add(Rule.CONFIG, fault, "Correct validate(), or configs.")

    def resolve_everywhere(self, examples: int) -> None:
        """Resolve a step in all zones and forms of campaigns."""
        wrapper, recorder, findings = self.wrapper, self.recorder, self.findings
        forms, options = offered_forms(wrapper, FORMS), registry(wrapper)
        schema, asks = wrapper.config_schema, wrapper.asks_send_at
        cases = zone_cases(self.zones, forms, self.configs, asks_send_at=asks)
        changes = change_cases(self.zones, forms, schema, self.configs, self._is_valid, asks_send_at=asks)
        for case in chain(cases, changes, self._slightly_wrong(forms)):
            check_answers(wrapper, recorder, options, case, findings, allowed=self.allowed)
        check_repeated(recorder, findings)
        findings.raise_any()  # otherwise the same faults appear again as faults of edits and pauses
        accepted = all_configs(schema, self.configs).filter(self._is_valid)
        every = any_case(self.zones, forms, accepted, asks_send_at=asks, takes_time=wrapper.takes_time)
        check = partial(check_answers, wrapper, recorder, options, changes=True, allowed=self.allowed)
        for_examples(every, lambda case: check(case, findings), examples)
        check_repeated(recorder, findings)
        check_hints(wrapper, recorder, findings)

    def _slightly_wrong(self, forms: Sequence[Form]) -> Iterator[Case]:
        """Yield cases for the slightly wrong configurations that the option accepts: it must resolve them as well."""
        schema, asks_send_at = self.wrapper.config_schema, self.wrapper.asks_send_at
        usual = next(zone_cases(self.zones, forms, self.configs, asks_send_at=asks_send_at))
        for good in self.configs:
            for config in changed_configs(schema, good):
                if accepts(schema, config) and self._is_valid(config):
                    yield replace(usual, config=config)

    def _is_valid(self, config: Mapping[str, Any]) -> bool:
        return self._refusal(config) is None

    def _refusal(self, config: Mapping[str, Any]) -> Refusal | None:
        """Let the option validate a configuration. Returns its refusal, or None. A failure counts as a refusal."""
        try:
            validate(self.wrapper, config, CampaignFacts("Spring"))
        except Refusal as refusal:
            error = refusal.__cause__
            if isinstance(error, NoAnswerError):
                return None  # the recorder has added it, and asks the option nothing more
            if error is not None:
                self.findings.add(
                    Rule.CONFIG,
                    f"validate() fails for {config!r:.100}, which config_schema accepts: {where(error)}",
                    "Demand in config_schema what validate() reads, or raise Refusal(code, sentence, path).",
                )
            return refusal
        return None


def registry(wrapper: OptionWrapper) -> SendOptions:
    """Return the option, with the built-in one that the campaigns of the kit use."""
    found = SendOptions()
    if wrapper.key != AtTime.key:
        found.register(AtTime.key, AtTime(), "touchline")
    found.register(wrapper.key, wrapper, "kit")
    return found
