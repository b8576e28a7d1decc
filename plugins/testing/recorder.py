"""Stand between Touchline and a send option: look at each call, and keep what it was given and what it returned."""

import copy
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from plugins.testing.findings import Findings, Rule
from plugins.testing.watch import Sighting, Watch
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

_HOME = Path(__file__).resolve().parents[2]
_TOUCHLINE = tuple(f"{_HOME / name}{os.sep}" for name in ("api", "plugins", "strategies"))
_LIBRARY = f"{Path(os.__file__).parent}{os.sep}"
FILE_CALLS = 3
"""Calls that read the same file. A library reads its data once or twice; more often is in every call."""
Result = TypeVar("Result")
WATCHED_CALLS = 400
WATCHED_SHARE = 8
"""All of the first calls are watched, and then one of so many: watching slows an option down tenfold."""
MAX_CALLS = 3_000
"""Calls that are kept, to be made a second time."""
CHANGES = {
    Rule.CLOCK: "Use step.now, step.start or step.date, so that a sandbox and a preview show the same time.",
    Rule.FILES: "Read files when the module is imported, and keep what you need.",
    Rule.NETWORK: "Ask no service here: write what it knows into a field of the person, and declare Reads.FIELDS.",
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

    def availability(self, position: Position) -> Availability:
        """Call the option."""
        return self._watched("availability", lambda: self.own.availability(position))

    def validate(self, config: Mapping[str, Any], campaign: CampaignFacts | None = None) -> None:
        """Call the option, in the form that it defines."""
        more = () if campaign is None else (campaign,)
        before = copy.deepcopy(config)
        try:
            self._watched("validate", lambda: self.own.validate(config, *more))
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
            result = self._watched(method, lambda: call(seen, *more))
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

    def _watched(self, method: str, call: Callable[[], Result]) -> Result:
        self._number += 1
        if self._number > WATCHED_CALLS and self._number % WATCHED_SHARE:
            return call()
        self._watch.seen.clear()
        try:
            with self._watch.looking():
                return call()
        finally:
            for each in dict.fromkeys(self._watch.seen):
                self._report(method, each)

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


def where(error: BaseException, of: Any = None) -> str:
    """Say what an exception is and where it was raised, such as "KeyError: 'hour' (lunch.py, line 30)".

    If Touchline has raised it because of an answer, the place is ``of``, the method that has answered.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if _is_own(each.filename)]
    if own:  # the deepest line of the package, which may be in a function that its method has called
        folder = Path(own[0].filename).parent
        last = next(each for each in reversed(own) if Path(each.filename).parent == folder)
        place = f" ({Path(last.filename).name}, line {last.lineno})"
    elif (code := getattr(of, "__code__", None)) is not None:
        place = f" (the answer of {of.__qualname__}, {Path(code.co_filename).name}, line {code.co_firstlineno})"
    else:
        place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}{place}"


def _is_own(path: str) -> bool:
    """Say whether a file is neither Touchline's nor of the standard library."""
    is_library = path.startswith(_LIBRARY) and "site-packages" not in path
    return not is_library and not path.startswith((*_TOUCHLINE, "<"))
