"""What stands before the items of a list."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NO_MARKER = re.compile(r"list-style(?:-type)?\s*:[^;]*\bnone\b", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@dataclass(slots=True)
class Numbering:
    """An open list. ``next`` is the number of its next item."""

    ordered: bool
    kind: str
    next: int
    step: int
    items: int = 0

    def marker(self, value: str | None) -> str:
        """Return what stands before the next item; ``value`` is its own number."""
        self.items += 1
        if self.kind == "none":
            return ""
        if not self.ordered:
            return "- "
        number = _integer(value, self.next)
        self.next = number + self.step
        return f"{_numeral(number, self.kind)}. "


def numbering_of(name: str, attributes: Mapping[str, str]) -> Numbering:
    """Return a list that begins."""
    unmarked = _NO_MARKER.search(attributes.get("style", ""))
    backwards = name == "ol" and "reversed" in attributes and "start" in attributes
    return Numbering(
        ordered=name == "ol",
        kind="none" if unmarked else attributes.get("type", "1").strip(),
        next=_integer(attributes.get("start"), 1),
        step=-1 if backwards else 1,
    )


def _integer(text: str | None, otherwise: int) -> int:
    found = _INTEGER.match(text.strip()) if text else None
    return int(found.group()) if found else otherwise


def _numeral(number: int, kind: str) -> str:
    if kind in {"a", "A"} and number > 0:
        letters = ""
        while number:
            number, letter = divmod(number - 1, 26)
            letters = chr(ord(kind) + letter) + letters
        return letters
    if kind in {"i", "I"} and 0 < number < 4000:
        roman = ""
        for value, letters in _ROMAN:
            count, number = divmod(number, value)
            roman += letters * count
        return roman.upper() if kind == "I" else roman
    return str(number)
