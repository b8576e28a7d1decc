"""The availability of the installed send options at a position. All are called together, once, when one is needed."""

import asyncio
from collections.abc import Mapping

from strategies import Availability, Position
from strategies.package_options.option_calls import availability
from strategies.questions import QuestionCollector, asks_options
from strategies.registry import SendOptions


class OptionOffers:
    """The availability of all send options at one position."""

    def __init__(self, options: SendOptions, at: Position) -> None:
        self._options = options
        self.at = at
        self._finding: asyncio.Task[Mapping[str, Availability]] | None = None
        """Calls the options. The first call of ``of`` starts it."""

    async def of(self, key: str) -> Availability:
        """Return the availability of an option."""
        if self._finding is None:
            self._finding = asyncio.create_task(_all(self._options, self.at))
        # Another field of the request waits for the same task, so a cancelled one must not cancel it.
        return (await asyncio.shield(self._finding))[key]


@asks_options
async def _all(options: SendOptions, at: Position) -> Mapping[str, Availability]:
    found: dict[str, Availability] = {}
    questions = QuestionCollector()
    for key, option in options.items():
        with questions:
            found[key] = availability(option, at)
    questions.raise_any()
    return found
