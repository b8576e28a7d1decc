"""The contract of send options: where one is available, how it is configured, and how it resolves a step."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from strategies.calendar import Calendar
from strategies.codes import StrategyCode
from strategies.facts import NO_FACTS, CampaignFacts, Facts, PersonFacts, Reads
from strategies.history import History
from strategies.ranges import Range

NO_CONFIG: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


class StepType(StrEnum):
    """The type of a step. Every type except EMAIL creates a task for a rep."""

    EMAIL = "EMAIL"
    CALL = "CALL"
    INMAIL = "INMAIL"
    CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True)
class Note:
    """One line of an explanation: a code, and the values of its sentence."""

    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)

    def __reduce__(self) -> tuple[type["Note"], tuple[object, ...]]:
        """Support pickling, faster than the default."""
        return Note, (self.code, self.values)


@dataclass(frozen=True, slots=True)
class WarningNote:
    """One warning: a code, and the values of its sentence.

    In GraphQL the name is ``Warning``. In Python this is the name of a built-in class.
    """

    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)


class Plural(NamedTuple):
    """A sentence in two forms: ``one`` if the value ``by`` is 1, else ``other``. ``without`` if it is missing."""

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
    """A sentence with several forms: the form for the text of the value ``by``, else ``other``."""

    by: str
    forms: Mapping[str, str]
    other: str

    def of(self, values: Mapping[str, str | int]) -> str:
        """Return the form for these values."""
        return self.forms.get(str(values.get(self.by)), self.other)


Text = str | Plural | ByValue
"""A sentence with {placeholders} for the values."""


@dataclass(frozen=True, slots=True)
class Position:
    """The position of an email step in its campaign, or the position that it would have."""

    number: int
    """1 for the campaign's first step."""
    day: int
    previous: StepType | None
    """The type of the step directly before it."""
    email_on_earlier_day: bool


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an option is available at a position. If not, it has a code and a reason. If it is, it can warn."""

    available: bool = True
    code: str | None = None
    reason: str | None = None
    warning: str | None = None
    warning_code: str | None = None
    """Code of the warning. The option's ``sentences`` can have its sentences, with {step} for the step number."""
    values: Mapping[str, str | int] = field(default_factory=dict)
    """The values of the sentences of ``code`` or ``warning_code``, by name."""

    @classmethod
    def offered(
        cls,
        warning: str | None = None,
        warning_code: str | None = None,
        values: Mapping[str, str | int] | None = None,
    ) -> "Availability":
        """Return that the option is available, with a warning in one sentence if it is not recommended.

        With ``warning_code`` alone, the option's ``sentences`` say the warning in each language. ``values`` are theirs.
        """
        return cls(warning=warning, warning_code=warning_code, values=values or {})

    @classmethod
    def refused(
        cls,
        reason: str,
        code: str = StrategyCode.SEND_OPTION_NOT_AVAILABLE,
        values: Mapping[str, str | int] | None = None,
    ) -> "Availability":
        """Return that the option is not available, with the reason in one sentence.

        The option's ``sentences`` can say the reason in other languages, by ``code`` and with ``values``.
        """
        return cls(available=False, code=code, reason=reason, values=values or {})


@dataclass(frozen=True, slots=True)
class StepContext:
    """The input of an option that resolves one email step for one person. ``now`` is its only clock."""

    config: Mapping[str, Any]
    number: int
    day: int
    date: dt.date
    """The date of the step's day."""
    calendar: Calendar
    now: dt.datetime
    """The current time, UTC. For the first step, the time of the launch."""
    start: dt.datetime
    """The start of the campaign for this person, UTC: when the first email is sent, or the task before it completed."""
    send_at: dt.datetime | None
    """The send time that was chosen at launch, UTC. Any launch can choose one. None for all steps but the first."""
    time: dt.time | None
    """The new wall time that was chosen at launch for this step."""
    earlier_email: dt.time | None
    """The wall time of the nearest email on an earlier day."""
    earlier_why: Mapping[str, str | int] = field(default_factory=dict)
    """For the explanation: the ``day`` of that email and, if a person sent it, ``how`` its task was completed."""
    start_why: Mapping[str, str | int] = field(default_factory=dict)
    """For the explanation: the ``day`` of the task that the start waited for, and ``how`` it was completed."""
    earlier_zone: str | None = None
    """The zone of ``earlier_email`` if it is another than the calendar's."""
    facts: Facts = NO_FACTS
    """What the option declares in ``reads``. The properties below read it."""

    @property
    def first(self) -> bool:
        """Whether this is the campaign's first step."""
        return self.number == 1

    @property
    def person(self) -> PersonFacts:
        """The person whom the email is for. Needs Reads.PERSON."""
        found: PersonFacts = self.facts.value(Reads.PERSON)
        return found

    @property
    def recipient_zone(self) -> str | None:
        """The person's own time zone, such as "Asia/Tokyo". None if it is unknown. Needs Reads.RECIPIENT_ZONE."""
        found: str | None = self.facts.value(Reads.RECIPIENT_ZONE)
        return found

    @property
    def fields(self) -> Mapping[str, str]:
        """The person's dynamic fields by name, such as {"industry": "retail"}. Needs Reads.FIELDS."""
        found: Mapping[str, str] = self.facts.value(Reads.FIELDS)
        return found

    @property
    def history(self) -> History:
        """The results of the workspace's emails, by hour of the week. Needs Reads.HISTORY."""
        found: History = self.facts.value(Reads.HISTORY)
        return found

    @property
    def campaign(self) -> CampaignFacts:
        """The campaign's name and settings. Needs Reads.CAMPAIGN."""
        found: CampaignFacts = self.facts.value(Reads.CAMPAIGN)
        return found


@dataclass(frozen=True, slots=True)
class SendAt:
    """Send the email automatically at a wall time: in ``zone``, or in the zone of the step's calendar."""

    date: dt.date
    time: dt.time
    notes: tuple[Note, ...] = ()
    instant: dt.datetime | None = None
    """The exact time, UTC, where the wall time is that of a moment, such as "now"."""
    zone: str | None = None
    """The IANA zone of the wall time, such as "Asia/Tokyo". None: the calendar's.

    The email is shown in this zone, and later steps that use its time of day use it in this zone.
    """
    moves_day_one: bool = True
    """For the first step: whether ``date`` becomes the date of the step's day, so that later days count from it.

    False: the days count from the date that the step has, also if its email is sent on another one.
    """


@dataclass(frozen=True, slots=True)
class CreateTask:
    """Create a task for a rep, due on a date."""

    due: dt.date
    notes: tuple[Note, ...] = ()


class SendOption(ABC):
    """A rule for when an email step is sent. Each option is one object without state."""

    key: ClassVar[str]
    """The name in campaigns and in the API, unique among all installed options."""
    labels: ClassVar[Mapping[str, str]]
    """The name that reps read, by language code; "en" is required."""
    help: ClassVar[Mapping[str, str]]
    """One or two sentences that describe the option, by language code; "en" is required."""
    config_schema: ClassVar[Mapping[str, Any]] = NO_CONFIG
    """JSON Schema (2020-12) of the configuration that a step stores for this option."""
    sentences: ClassVar[Mapping[str, Mapping[str, Text]]] = {}
    """The sentences of this option's notes and warnings, by code and language, with {placeholders} for values."""
    asks_send_at: ClassVar[bool] = False
    """Whether a launch must set a send time (now, or an instant)."""
    takes_time: ClassVar[bool] = False
    """Whether a launch can set a new wall time."""
    creates_task: ClassVar[bool] = False
    """Whether a rep sends the email from a task."""
    reads: ClassVar[frozenset[Reads]] = frozenset()
    """The facts that ``resolve`` and ``window`` read beside the step, such as {Reads.RECIPIENT_ZONE}."""
    follows_changes: ClassVar[bool] = True
    """Whether unsent emails get a new time when a fact changes that the option reads, such as the person's zone.

    HISTORY changes nothing by itself: its new counts apply to emails that are scheduled later.
    """

    @abstractmethod
    def availability(self, position: Position) -> Availability:
        """Return whether the option is available at this position."""

    def validate(self, config: Mapping[str, Any], campaign: CampaignFacts) -> None:
        """Check rules that a JSON Schema cannot express. Raises Refusal with the path inside the configuration.

        ``campaign`` has the settings of the step's campaign, for an option that depends on one. An option that defines
        ``validate(self, config)`` gets the configuration only.
        """

    @abstractmethod
    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        """Resolve the step for one person. This function is pure. It can raise Refusal.

        Without a note of its own, the explanation says which option chose the time.
        """

    def window(self, step: StepContext, send_at: dt.datetime) -> Sequence[Range] | None:
        """Return when the email can be sent, if ``resolve`` has planned it for ``send_at`` (UTC). None: at any time.

        Touchline calls this after ``resolve`` and stores the result with the email. Up to 400 ranges, in order, which
        do not overlap. An email that would be sent outside of all ranges, such as after a retry, a pause or because of
        a rate limit, waits for the start of the next range. So does an email whose ``send_at`` is outside. After the
        last range the step is resolved again, and this function is called for the present time. So return ranges for
        some weeks. This function is pure.
        """
