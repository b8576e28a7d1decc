"""A send option in a worker process: each call has limits, its own copies of what it gets, and a mark."""

import datetime as dt
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from api.services.option_calls.call_limits import CALL_LIMITS
from api.worker_processes.marks import leave, limit_part
from strategies import (
    Availability,
    CampaignFacts,
    CreateTask,
    Position,
    Range,
    Refusal,
    SendAt,
    SendOption,
    StepContext,
)
from strategies.codes import StrategyCode
from strategies.package_options import option_calls

Value = TypeVar("Value")
MAX_TRACEBACKS = 3
"""Tracebacks of one message. An option that fails usually fails in the same way for all people."""
MAX_TRACEBACK_CHARACTERS = 10_000


class Mark(NamedTuple):
    """What a worker was doing: the number of the question in its message, the option, and the call."""

    question: int
    option: str
    call: str

    def __bytes__(self) -> bytes:
        """Return the mark as ``marks.leave`` takes it."""
        return f"{self.question} {self.option} {self.call}".encode()

    @classmethod
    def of(cls, data: bytes) -> "Mark | None":
        """Return the mark that a worker has written; None if it was killed before it asked an option."""
        parts = data.decode(errors="replace").split(" ")
        return cls(int(parts[0]), parts[1], parts[2]) if len(parts) == len(cls._fields) else None


def import_mark(package: str) -> bytes:
    """Return the mark of a worker that imports a package."""
    return f"import {package}".encode()


def imported_package(mark: bytes) -> str | None:
    """Return the package that a worker was importing; None if it was doing something else."""
    what, _, package = mark.decode(errors="replace").partition(" ")
    return package if what == "import" else None


class Raised(NamedTuple):
    """An exception of an option."""

    option: str
    call: str
    error: str
    """The name of its type."""
    traceback: str


@dataclass(slots=True)
class Session:
    """What the options of one message have done. The guarded options write it, ``answering.py`` reads it."""

    paused: Collection[str] = ()
    """Options that are not asked."""
    question: int = 0
    asked: set[str] = field(default_factory=set)
    raised: list[Raised] = field(default_factory=list)
    last: tuple[str, str] = ("", "")
    """The option and the call that were asked last."""
    out_of_memory: bool = False

    def add(self, error: BaseException) -> None:
        """Add an exception of the option that was asked last."""
        text = ""
        if sum(bool(each.traceback) for each in self.raised) < MAX_TRACEBACKS:
            text = "".join(traceback.format_exception(error, limit=-20))[-MAX_TRACEBACK_CHARACTERS:]
        self.raised.append(Raised(*self.last, type(error).__name__[:100], text))


class GuardedOption(SendOption):
    """A package's option in a worker. It marks and limits each call, and adds its exceptions to the session."""

    def __init__(self, option: SendOption, package: str, session: Callable[[], Session]) -> None:
        vars(self).update({name: getattr(option, name) for name in SendOption.__annotations__})
        self.limits_times = option_calls.limits_times(option)
        self.option = option
        self.package = package
        self.session = session

    def availability(self, position: Position) -> Availability:
        """Call the option."""
        return self._call("availability()", lambda: self.option.availability(position))

    def validate(self, config: Mapping[str, Any], campaign: CampaignFacts) -> None:
        """Call the option with a copy of the configuration."""
        self._call("validate()", lambda: self.option.validate(_copy(config), campaign))

    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        """Call the option with a copy of what it could change."""
        return self._call("resolve()", lambda: self.option.resolve(_copy_of_step(step)))

    def window(self, step: StepContext, send_at: dt.datetime) -> Sequence[Range] | None:
        """Call the option with a copy of what it could change."""
        return self._call("window()", lambda: self.option.window(_copy_of_step(step), send_at))

    def _call(self, name: str, call: Callable[[], Value]) -> Value:
        session = self.session()
        if self.key in session.paused:
            raise Refusal.of(StrategyCode.SEND_OPTION_PAUSED, option=self.key, package=self.package)
        session.last = self.key, name
        session.asked.add(self.key)
        leave(bytes(Mark(session.question, self.key, name)))
        limit_part(CALL_LIMITS.cpu_seconds, CALL_LIMITS.wall_seconds)
        try:
            return call()
        except Refusal:
            raise
        except MemoryError:
            session.out_of_memory = True
            raise
        except BaseException as error:
            session.add(error)
            raise


def _copy_of_step(step: StepContext) -> StepContext:
    return replace(step, config=_copy(step.config), earlier_why=dict(step.earlier_why), start_why=dict(step.start_why))


def _copy(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a copy of a configuration. Most have no objects or lists in them, so a flat copy is enough."""
    if any(isinstance(value, dict | list) for value in config.values()):
        return deepcopy(dict(config))
    return dict(config)
