"""What a send option is: where it is offered, how it is configured, and what it makes of a step."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from strategies.calendar import Calendar

NO_CONFIG: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


class StepType(StrEnum):
    """What a step is made of. All but EMAIL are always human work."""

    EMAIL = "EMAIL"
    CALL = "CALL"
    INMAIL = "INMAIL"
    CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True)
class Note:
    """One line of an explanation: a code, and the values of the sentence that belongs to it."""

    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WarningNote:
    """One thing that a user should think about: a code, and the values of the sentence that belongs to it.

    GraphQL calls it ``Warning``, a name that Python has taken.
    """

    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)


class Plural(NamedTuple):
    """A sentence in two forms: ``one`` where the value named ``by`` is 1, else ``other``; ``without`` that value."""

    by: str
    one: str
    other: str
    without: str = ""

    def of(self, values: Mapping[str, str | int]) -> str:
        """Return the form for these values."""
        if self.without and self.by not in values:
            return self.without
        return self.one if values.get(self.by) == 1 else self.other


class ByValue(NamedTuple):
    """A sentence in several forms: that of the text of the value named ``by``, else ``other``."""

    by: str
    forms: Mapping[str, str]
    other: str

    def of(self, values: Mapping[str, str | int]) -> str:
        """Return the form for these values."""
        return self.forms.get(str(values.get(self.by)), self.other)


Text = str | Plural | ByValue
"""A sentence with {names} for the values."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where an email step stands (or would stand) in its campaign."""

    number: int
    """1 for the campaign's first step."""
    day: int
    previous: StepType | None
    """The type of the step directly before it."""
    email_on_earlier_day: bool


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an option is offered at a position. Where it is not: code and reason. A warning may go with an offer."""

    offered: bool = True
    code: str | None = None
    reason: str | None = None
    warning: str | None = None
    warning_code: str | None = None
    """Code of the warning, whose sentences may be among the option's ``sentences``, with {step} for the number."""

    @classmethod
    def refused(cls, reason: str, code: str = "SEND_OPTION_NOT_AVAILABLE") -> "Availability":
        """Not offered here, and why, in a sentence."""
        return cls(offered=False, code=code, reason=reason)


@dataclass(frozen=True, slots=True)
class StepContext:
    """All that an option may know when it resolves one email step for one person. ``now`` is its only clock."""

    config: Mapping[str, Any]
    number: int
    day: int
    date: dt.date
    """The step's own date by the campaign's calendar."""
    calendar: Calendar
    now: dt.datetime
    """The instant of resolving, UTC; for the first step that of the launch."""
    start: dt.datetime
    """The start of the campaign for this person, UTC: the first email's instant, or when a task before it was done."""
    send_at: dt.datetime | None
    """What launching chose for the first step, UTC; None for every other step."""
    time: dt.time | None
    """The new wall time that launching gave this step."""
    earlier_email: dt.time | None
    """The wall time of the nearest email on an earlier day."""
    earlier_why: Mapping[str, str | int] = field(default_factory=dict)
    """For the explanation: the ``day`` of that email and, where a person sent it, ``how`` its task was done."""
    start_why: Mapping[str, str | int] = field(default_factory=dict)
    """For the explanation: the ``day`` of the task that the start waited for, and ``how`` it was done."""

    @property
    def first(self) -> bool:
        """Whether this is the campaign's first step."""
        return self.number == 1


@dataclass(frozen=True, slots=True)
class SendAt:
    """Send automatically at a wall time on a date in the enrollment's zone; ``instant`` where it is given exactly."""

    date: dt.date
    time: dt.time
    notes: tuple[Note, ...] = ()
    instant: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class CreateTask:
    """Queue a task for a person, due on a date."""

    due: dt.date
    notes: tuple[Note, ...] = ()


class SendOption(ABC):
    """How an email step gets created. One stateless object for each option."""

    key: ClassVar[str]
    """Its name in campaigns and in the API; unique among all installed options."""
    labels: ClassVar[Mapping[str, str]]
    """What a rep reads, by language code; "en" is required."""
    help: ClassVar[Mapping[str, str]]
    """One or two sentences more, by language code; "en" is required."""
    config_schema: ClassVar[Mapping[str, Any]] = NO_CONFIG
    """JSON Schema (2020-12) of the configuration that a step keeps for this option."""
    sentences: ClassVar[Mapping[str, Mapping[str, Text]]] = {}
    """The sentences of this option's own notes and warnings: by code, then by language, with {names} for values."""
    asks_send_at: ClassVar[bool] = False
    """Whether launching must give a "send at" (now, or an instant)."""
    takes_time: ClassVar[bool] = False
    """Whether launching may give a new wall time."""
    creates_task: ClassVar[bool] = False
    """Whether a person sends the email, from a task."""

    @abstractmethod
    def availability(self, position: Position) -> Availability:
        """Say whether the option is offered at this position."""

    def validate(self, config: Mapping[str, Any]) -> None:
        """Check what the JSON Schema cannot say. Raises Refusal with the path inside the configuration."""

    @abstractmethod
    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        """Resolve the step for one person. Pure: the same context gives the same answer. May raise Refusal."""
