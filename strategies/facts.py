"""The facts about a person that a send option can read. It gets those that it declares in ``reads``, and no others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final, Literal

from strategies.history import History


class Reads(StrEnum):
    """A kind of facts that an option declares in ``reads``.

    People whose declared facts are equal share one calculation. So declare what the option needs, and no more: with
    PERSON each person is calculated alone, and with FIELDS each person whose fields differ.
    """

    PERSON = "PERSON"
    """``step.person``: who the email is for. No two people are equal."""
    RECIPIENT_ZONE = "RECIPIENT_ZONE"
    """``step.recipient_zone``: the person's own time zone, also in a campaign that uses the sender's."""
    FIELDS = "FIELDS"
    """``step.fields``: the person's dynamic fields."""
    HISTORY = "HISTORY"
    """``step.history``: the results of the workspace's emails, by hour of the week. The same for all people."""
    CAMPAIGN = "CAMPAIGN"
    """``step.campaign``: the campaign's name and settings. The same for all people."""


READ_NAMES: Mapping[Reads, str] = {each: each.value.lower() for each in Reads}
"""The property of ``StepContext`` that has each kind of facts."""


class UndeclaredReadError(Exception):
    """A send option has read facts that it does not declare. ``read`` says which.

    The step then fails with the code SEND_OPTION_FAILED, whose sentence names what is missing in ``reads``.
    """

    def __init__(self, option: str, read: Reads) -> None:
        name = f"The send option {option!r}" if option else "This send option"
        super().__init__(f"{name} reads step.{READ_NAMES[read]}, but its `reads` does not have Reads.{read}.")
        self.option = option
        self.read = read

    def __reduce__(self) -> tuple[type["UndeclaredReadError"], tuple[str, Reads]]:
        """Support pickling, because worker processes raise this exception."""
        return UndeclaredReadError, (self.option, self.read)


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """The person whom an email is for. All texts except ``id`` and ``email`` can be empty."""

    id: str
    """The same in every preview and launch, and in every campaign, such as "per_01HV9M5Q2N4T6X8Z0B2D4F6H8K"."""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    title: str = ""
    """The job title."""
    company: str = ""

    def __hash__(self) -> int:
        """Return the same for equal people."""
        return hash(self.id)

    def __reduce__(self) -> tuple[type["PersonFacts"], tuple[object, ...]]:
        """Support pickling, faster than the default."""
        return PersonFacts, (self.id, self.email, self.first_name, self.last_name, self.title, self.company)


@dataclass(frozen=True, slots=True)
class CampaignFacts:
    """The name and the settings of a campaign. Their names and values are those of GraphQL's ``Campaign``."""

    name: str = ""
    skip_weekends: bool = False
    """Whether days are counted without weekends."""
    use_recipient_zone: bool = False
    """Whether days and times are in the recipient's zone, if it is known. Otherwise they are in the sender's."""
    remove_on_bounce: bool = True
    on_reply: str = "END"
    """END, END_AS_SUCCESS or CONTINUE."""
    task_expiry_days: int | None = None
    """The days after which tasks expire. None: they do not."""
    on_task_expiry: str = "WAIT"
    """WAIT, SKIP or END."""
    tracking: str = "OFF"
    """OFF, CLICKS or OPENS_AND_CLICKS."""


class FieldValues(Mapping[str, str]):
    """A person's dynamic fields by name. Nobody can change them, and equal ones have equal hashes."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"FieldValues({self._values!r})"

    def __reduce__(self) -> tuple[type["FieldValues"], tuple[dict[str, str]]]:
        """Support pickling, because worker processes get the facts."""
        return FieldValues, (self._values,)


class _Undeclared(Enum):
    UNDECLARED = "UNDECLARED"

    __hash__ = object.__hash__  # Enum's own is Python code


UNDECLARED: Final = _Undeclared.UNDECLARED
"""The value of facts that an option does not get."""
_NotGiven = Literal[_Undeclared.UNDECLARED]


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that one option gets about one person. A field that is left out is not declared.

    An option reads them from its step, such as ``step.person``. A test gives those that the option declares::

        StepContext(..., facts=Facts(recipient_zone="Asia/Tokyo", fields=FieldValues({"industry": "retail"})))
    """

    person: PersonFacts | _NotGiven = UNDECLARED
    recipient_zone: str | _NotGiven | None = UNDECLARED
    """An IANA name, such as "Asia/Tokyo". None if it is unknown."""
    fields: Mapping[str, str] | _NotGiven = UNDECLARED
    history: History | _NotGiven = UNDECLARED
    campaign: CampaignFacts | _NotGiven = UNDECLARED
    option: str = field(default="", compare=False)
    """The key of the option that gets them, for the message of an UndeclaredReadError."""

    def __hash__(self) -> int:
        """Return the same for equal facts. A history is large, and the same for many people."""
        return hash((self.person, self.recipient_zone, self.fields))

    def __reduce__(self) -> tuple[type["Facts"], tuple[object, ...]]:
        """Support pickling, faster than the default."""
        return Facts, (self.person, self.recipient_zone, self.fields, self.history, self.campaign, self.option)

    def only(self, reads: frozenset[Reads], option: str) -> "Facts":
        """Return the facts that an option declares."""
        return Facts(option=option, **{READ_NAMES[each]: getattr(self, READ_NAMES[each]) for each in reads})

    def value(self, read: Reads) -> Any:
        """Return the facts of one kind. Raises UndeclaredReadError if the option does not declare it."""
        found = getattr(self, READ_NAMES[read])
        if found is UNDECLARED:
            raise UndeclaredReadError(self.option, read)
        return found


NO_FACTS = Facts()
"""The facts of an option that declares none."""
