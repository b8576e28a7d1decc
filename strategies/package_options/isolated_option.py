"""A package's send option in the server's process: its declarations, and questions to the process that runs it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from strategies.contract import Availability, CreateTask, Position, SendAt, SendOption, StepContext
from strategies.errors import Refusal
from strategies.facts import CampaignFacts
from strategies.package_options import option_calls
from strategies.questions import Asker, Question, ask
from strategies.ranges import Range
from strategies.registry import SendOptions


class IsolatedOption(SendOption):
    """A send option that another process runs. No code of its package is called here.

    ``resolve_timeline`` asks about whole timelines, so ``resolve`` and ``window`` are asked alone only elsewhere.
    """

    def __init__(self, option: SendOption, asker: Asker) -> None:
        vars(self).update({name: getattr(option, name) for name in SendOption.__annotations__})
        self.limits_times = option_calls.limits_times(option)
        self.asker = asker

    def availability(self, position: Position) -> Availability:
        """Ask the option. One that has no answer is not offered."""
        try:
            found: Availability = self._ask(availability_of, {"key": self.key, "at": position})
        except Refusal as refusal:
            return Availability(False, refusal.code, refusal.message)
        return found

    def validate(self, config: Mapping[str, Any], campaign: CampaignFacts) -> None:
        """Ask the option."""
        self._ask(validate_of, {"key": self.key, "config": config, "campaign": campaign})

    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        """Ask the option."""
        found: SendAt | CreateTask = self._ask(resolve_of, {"key": self.key, "step": step})
        return found

    def window(self, step: StepContext, send_at: dt.datetime) -> Sequence[Range] | None:
        """Ask the option."""
        found: Sequence[Range] | None = self._ask(window_of, {"key": self.key, "step": step, "send_at": send_at})
        return found

    def _ask(self, function: Any, arguments: Mapping[str, Any]) -> Any:
        return ask(self.asker, Question(function, (self.key,), arguments))


def isolate(options: SendOptions, asker: Asker) -> SendOptions:
    """Return the options with those of other distributions isolated. ``asker`` asks them."""
    found = SendOptions()
    found.asker = asker
    found.isolated = frozenset(key for key in options if not options.is_own(key))
    for key, option in options.items():
        made = IsolatedOption(option, asker) if key in found.isolated else option
        found.register(key, made, options.distribution(key))
    return found


def availability_of(key: str, at: Position, options: SendOptions) -> Availability:
    """Answer a question in the process that runs the option."""
    return option_calls.availability(options.need(key), at)


def validate_of(key: str, config: Mapping[str, Any], campaign: CampaignFacts, options: SendOptions) -> None:
    """Answer a question in the process that runs the option."""
    option_calls.validate(options.need(key), config, campaign)


def resolve_of(key: str, step: StepContext, options: SendOptions) -> SendAt | CreateTask:
    """Answer a question in the process that runs the option."""
    return option_calls.plain_answer(option_calls.call_option(lambda: options.need(key).resolve(step)))


def window_of(key: str, step: StepContext, send_at: dt.datetime, options: SendOptions) -> Sequence[Range] | None:
    """Answer a question in the process that runs the option."""
    return options.need(key).window(step, send_at)
