"""Stand between Touchline and a send option: look at each call, and keep what it was given and what it returned."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import FrameType
from typing import Any, TypeVar

from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import place_of
from plugins.testing.common.time_limit import CALL_SECONDS, NoAnswerError, time_limit
from plugins.testing.common.watch import Sighting, Watch
from strategies import (
    Availability,
    CampaignFacts,
    CreateTask,
    Facts,
    Position,
    Range,
    Reads,
    SendAt,
    SendOption,
    StepContext,
)

FILE_CALLS = 3
"""Calls that read the same file. A library reads its data once or twice; more often is in every call."""
Result = TypeVar("Result")
WATCHED_CALLS = 400
WATCHED_SHARE = 8
"""All of the first calls are watched, and then one of so many: watching slows an option down tenfold."""
MAX_CALLS = 3_000
"""Calls that are kept, to be made a second time."""
SLOW_SECONDS = 5
SLOW_CALLS = 5
"""Calls that may take longer. The first ones can read data."""
CHANGES = {
    Rule.CLOCK: "Use step.now, step.start or step.date, so that a sandbox and a preview show the same time.",
    Rule.FILES: "Read files when the module is imported, and keep what you need.",
    Rule.NETWORK: "Do not call a service here: write its data into a field of the person, and declare Reads.FIELDS.",
    Rule.TIME_LIMIT: "The server ends a call after 2 seconds. Let each loop end, and wait for nothing.",
    Rule.RANDOMNESS: "Compute from step.person.id, such as with zlib.crc32, and declare Reads.PERSON.",
}


class TrackedFacts(Facts):
    """Facts that note which of them are read."""

    __slots__ = ("read",)
    read: set[Reads]

    def value(self, read: Reads) -> Any:
        """Note the kind, and return its facts."""
        self.read.add(read)
        return super().value(read)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of resolve or window, with its result or its exception."""

    method: str
    arguments: tuple[Any, ...]
    result: Any

    @property
    def step(self) -> StepContext:
        """The context of the call."""
        found: StepContext = self.arguments[0]
        return found


class Recorder(SendOption):
    """Passes calls on to the option. ``calls`` has those of resolve and window."""

    def __init__(self, own: SendOption, findings: Findings) -> None:
        self.own = own
        self.calls: list[Call] = []
        self.read: set[Reads] = set()
        self.last: Call | None = None
        self._findings = findings
        self._watch = Watch()
        self._number = 0
        self._files: dict[str, int] = {}
        self._slow = 0

    def availability(self, position: Position) -> Availability:
        """Call the option."""
        return self._watched("availability", (position,), lambda: self.own.availability(position))

    def validate(self, config: Mapping[str, Any], campaign: CampaignFacts | None = None) -> None:
        """Call the option, in the form that it defines."""
        more = () if campaign is None else (campaign,)
        before = copy.deepcopy(config)
        try:
            answer: Any = self._watched("validate", (config,), lambda: self.own.validate(config, *more))
            if answer is not None:
                fault = f"validate() returns {answer!r:.60}, which the server ignores"
                self._findings.add(
                    Rule.CONFIG, fault, "Return nothing, and raise Refusal(code, sentence, path) to refuse."
                )
        finally:
            self._compare("validate", before, config)

    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        """Call the option."""
        return self._recorded("resolve", self.own.resolve, step)

    def window(self, step: StepContext, send_at: datetime) -> Sequence[Range] | None:
        """Call the option."""
        return self._recorded("window", self.own.window, step, send_at)

    def _recorded(self, method: str, call: Callable[..., Result], step: StepContext, *more: Any) -> Result:
        """Call the option, and keep the call."""
        kept = replace(step, config=copy.deepcopy(step.config))
        tracked = TrackedFacts(**{name: getattr(step.facts, name) for name in Facts.__dataclass_fields__})
        object.__setattr__(tracked, "read", self.read)
        seen = replace(step, facts=tracked)
        try:
            result = self._watched(method, (kept, *more), lambda: call(seen, *more))
        except BaseException as error:
            self._keep(Call(method, (kept, *more), error), seen)
            raise
        self._keep(Call(method, (kept, *more), result), seen)
        return result

    def _keep(self, call: Call, seen: StepContext) -> None:
        self._compare(call.method, call.step.config, seen.config)
        self.last = call
        if len(self.calls) < MAX_CALLS:
            self.calls.append(call)

    def again(self, method: str, *arguments: Any) -> Any:
        """Call a method of the option, and look only whether it returns."""
        return self._in_time(method, arguments, lambda: getattr(self.own, method)(*arguments))

    def _watched(self, method: str, arguments: tuple[Any, ...], call: Callable[[], Result]) -> Result:
        self._number += 1
        if self._number > WATCHED_CALLS and self._number % WATCHED_SHARE:
            return self._in_time(method, arguments, call)
        self._watch.seen.clear()
        try:
            with self._watch.looking():
                return self._in_time(method, arguments, call)
        finally:
            for each in dict.fromkeys(self._watch.seen):
                self._report(method, each)

    def _in_time(self, method: str, arguments: tuple[Any, ...], call: Callable[[], Result]) -> Result:
        """Call the option, and end the call if it does not return. Then no further call is made."""
        if Rule.TIME_LIMIT in self._findings:
            raise NoAnswerError

        def expired(frame: FrameType | None) -> None:
            fault = f"{method}() has not returned after {CALL_SECONDS:g} seconds ({place_of(frame)})"
            self._too_slow(fault, arguments)

        started = time.monotonic()
        with time_limit(expired):
            result = call()
        self._slow += time.monotonic() - started > SLOW_SECONDS
        if self._slow >= SLOW_CALLS:
            self._too_slow(
                f"{SLOW_CALLS} calls took more than {SLOW_SECONDS} seconds each, such as {method}()", arguments
            )
        return result

    def _too_slow(self, fault: str, arguments: tuple[Any, ...]) -> None:
        inputs = ", ".join(map(shown, arguments))
        self._findings.add(Rule.TIME_LIMIT, f"{fault} for {inputs}", CHANGES[Rule.TIME_LIMIT])

    def _report(self, method: str, sighting: Sighting) -> None:
        if sighting.path_read:
            times = self._files[sighting.path_read] = self._files.get(sighting.path_read, 0) + 1
            if times < FILE_CALLS:
                return
        fault = f"{method}() calls {sighting.what} ({sighting.where})"
        self._findings.add(sighting.rule, fault, CHANGES[sighting.rule])

    def _compare(self, method: str, before: Any, after: Any) -> None:
        if before != after:
            self._findings.add(
                Rule.INPUT_UNCHANGED,
                f"{method}() changes its configuration from {before!r:.80} to {after!r:.80}",
                "Copy what you change: the configuration belongs to the step, and other people share it.",
            )


def shown(argument: Any) -> str:
    """Return an argument of a call for a message."""
    if isinstance(argument, StepContext):
        where = f"step {argument.number} on day {argument.day}, {argument.date}, {argument.calendar.zone}"
        return f"{where}, now {argument.now:%Y-%m-%d %H:%M}Z, config {dict(argument.config)!r:.200}"
    return f"{argument!r:.200}"
