"""The base of the enum of warnings: each member has its sentences and its documentation."""

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType

from strategies.contract import Text, WarningNote


def warning(*, en: Text, de: Text, when: str, values: str = "") -> tuple[auto, Mapping[str, Text], str, str]:
    """Describe a member. ``values`` lists the values of its sentences, as docs/errors.md prints it."""
    return auto(), {"en": en, "de": de}, when, values


class WarningMember(StrEnum):
    """The base of WarningCode: a member is its own name and has its sentences by language."""

    sentences: Mapping[str, Text]
    when: str
    values: str

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        """Give `auto()` the member's name: StrEnum's own is in lower case."""
        return name

    def __new__(cls, value: str, sentences: Mapping[str, Text], when: str, values: str) -> "WarningMember":
        """Make a member that is its own name."""
        member = str.__new__(cls, value)
        member._value_, member.sentences, member.when, member.values = value, MappingProxyType(sentences), when, values
        return member

    def note(self, **values: str | int) -> WarningNote:
        """Return the warning with the values of its sentence."""
        return WarningNote(self.value, values)
