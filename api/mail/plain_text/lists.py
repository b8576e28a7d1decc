"""The markers of list items: bullets, numbers, letters and Roman numerals."""

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
class OpenList:
    """A list whose end tag has not been read. ``next_number`` is the number of its next item."""

    ordered: bool
    marker_type: str
    """The ``type`` attribute (``1``, ``a``, ``A``, ``i``, ``I``), or ``none`` if CSS removes the markers."""
    next_number: int
    step: int
    items: int = 0

    def next_marker(self, value: str | None) -> str:
        """Return the marker of the next item, such as ``- `` or ``3. ``. ``value`` is the item's own number."""
        self.items += 1
        if self.marker_type == "none":
            return ""
        if not self.ordered:
            return "- "
        number = _integer(value, self.next_number)
        self.next_number = number + self.step
        return f"{_numeral(number, self.marker_type)}. "


def start_list(name: str, attributes: Mapping[str, str]) -> OpenList:
    """Return the list of a start tag."""
    unmarked = _NO_MARKER.search(attributes.get("style", ""))
    backwards = name == "ol" and "reversed" in attributes and "start" in attributes
    return OpenList(
        ordered=name == "ol",
        marker_type="none" if unmarked else attributes.get("type", "1").strip(),
        next_number=_integer(attributes.get("start"), 1),
        step=-1 if backwards else 1,
    )


def _integer(text: str | None, default: int) -> int:
    match = _INTEGER.match(text.strip()) if text else None
    return int(match.group()) if match else default


def _numeral(number: int, marker_type: str) -> str:
    if marker_type in {"a", "A"} and number > 0:
        letters = ""
        while number:
            number, letter = divmod(number - 1, 26)
            letters = chr(ord(marker_type) + letter) + letters
        return letters
    if marker_type in {"i", "I"} and 0 < number < 4000:
        roman = ""
        for value, letters in _ROMAN:
            count, number = divmod(number, value)
            roman += letters * count
        return roman.upper() if marker_type == "I" else roman
    return str(number)
