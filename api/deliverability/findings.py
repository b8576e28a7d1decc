"""What a check finds."""

from dataclasses import dataclass
from enum import StrEnum

from api.codes.reasons.deliverability import DnsCode
from strategies.codes import Message


class Level(StrEnum):
    """How much a finding matters."""

    GOOD = "GOOD"
    """As it should be."""
    ADVICE = "ADVICE"
    """Emails arrive, and something can be better."""
    PROBLEM = "PROBLEM"
    """Emails are likely to be rejected or marked as spam, or answers do not arrive."""


@dataclass(frozen=True)
class Finding:
    """One finding about one record."""

    level: Level
    message: Message

    @property
    def code(self) -> DnsCode:
        return DnsCode[self.message.code]

    @property
    def subject(self) -> str:
        """Return the kind of record, such as "SPF"."""
        return self.code.value.partition("_")[0]


def good(message: Message) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(Level.GOOD, message)


def advice(message: Message) -> Finding:
    """Return a finding that can be better."""
    return Finding(Level.ADVICE, message)


def problem(message: Message) -> Finding:
    """Return a finding that must be corrected."""
    return Finding(Level.PROBLEM, message)
