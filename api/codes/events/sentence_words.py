"""The words that sentences of events share, in each language."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """The words of one language."""

    someone: str
    some_campaign: str
    quoted: str
    in_campaign: str
    units: Mapping[str, tuple[str, str]]
    """The singular and the plural of what is counted."""
    due: str
    of_user: str
    next_try: str
    """The sentence of the next try; ``{}`` is its minute, UTC."""


WORDS = {
    "en": Words(
        "someone", "a campaign", "“{}”", " in the campaign {}",
        {"people": ("person", "people"), "rows": ("row", "rows"), "addresses": ("address", "addresses")},
        ", due on {}", " of {}", " The next try is at {} UTC.",
    ),
    "de": Words(
        "jemand", "eine Kampagne", "„{}“", " in der Kampagne {}",
        {"people": ("Person", "Personen"), "rows": ("Zeile", "Zeilen"), "addresses": ("Adresse", "Adressen")},
        ", fällig am {}", " von {}", " Der nächste Versuch ist am {} UTC.",
    ),
}  # fmt: skip
TASKS = {
    "en": {"EMAIL": "email task", "CALL": "call", "INMAIL": "InMail", "CUSTOM": "task", "": "task"},
    "de": {"EMAIL": "E-Mail-Aufgabe", "CALL": "Anruf", "INMAIL": "InMail", "CUSTOM": "Aufgabe", "": "Aufgabe"},
}
"""Tasks by their type, for ``{task}``."""
