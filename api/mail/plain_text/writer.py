"""Collects text and makes lines of it: white space collapses, blank lines come one at a time."""

import re
from dataclasses import dataclass

BREAK, SPACE, SOFT = "\x1f", "\x1c", "\x1e"
"""Marks within a line: a line break, a space that stays, and a space where letters would touch."""
MAX_PREFIX_LENGTH = 32
"""Characters of quote signs and indentation before a line, so that nesting cannot multiply the text."""
_SPACES = "\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u205f"
_JOINERS = "\u034f\u200c\u200d"
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u180e\u200b\u2060\ufeff]")
_COLLAPSIBLE = re.compile(f"[{_SPACES}]+")
# Joiners belong between letters; preview texts are padded with lonely ones.
_LONELY = re.compile(
    f"(?:(?<=[{_SPACES}])|^)[{_JOINERS}]++|(?<![{_JOINERS}])[{_JOINERS}]++(?=[{_SPACES}]|$)",
)
_ONE_SPACE = re.compile(" +")
_SOFT = re.compile(f"( ?){SOFT}[ {SOFT}]*+")
_NO_SPACE_BEFORE = frozenset(".,;:!?)]}>\"'\u2019\u201d\xbb\u2026\u3002\u3001" + BREAK)
NO_SPACE_AFTER = frozenset("([{<\"'\u2018\u201c\u201e\xab" + BREAK + SPACE)
VISIBLE = re.compile("[^\\s\u034f\u061c\u200c-\u200f\u202a-\u202e\u2066-\u2069]")
"""Matches what people see: neither spaces nor marks for the direction of text."""


@dataclass(slots=True)
class Line:
    """A line of the text."""

    text: str
    prefix: str
    blank_before: bool = False


class Writer:
    """Writes lines. The caller says where a block begins or ends, and which prefix its lines have."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.pieces: list[str] = []
        self.marker: tuple[str, int] | None = None
        """What stands before the next line, such as ``- ``, and how much of its prefix that replaces."""
        self.blank = False
        """Whether a blank line is due before the next line."""
        self.flushes = 0
        """How often ``pieces`` became lines."""
        self.has_text = False
        """Whether anything readable was added."""
        self._hard_space = False
        """Whether a space was added that makes a line of its own, as editors write empty lines."""

    def add(self, text: str, preformatted: bool) -> None:
        """Add text to the line."""
        text = _FORBIDDEN.sub("", text)
        self.has_text = self.has_text or VISIBLE.search(text) is not None
        self._hard_space = self._hard_space or "\xa0" in text
        if not preformatted:
            self.pieces.append(_COLLAPSIBLE.sub(" ", text))
            return
        text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(8)
        self.pieces.append(_COLLAPSIBLE.sub(_kept, text))

    def end_line(self, prefix: str, *, spacer: bool = False) -> None:
        """Write what was added as lines. In a ``spacer`` a space alone is no empty line."""
        if not self.pieces:
            return
        text = joined(self.pieces)
        self.pieces = []
        self.flushes += 1
        lines = [piece.strip(" ").replace(SPACE, " ").rstrip() for piece in text.split(BREAK)]
        if not lines[-1]:
            lines.pop()  # the last break only ends its line
        for line in lines:
            if VISIBLE.search(line):
                self.write(line, prefix)
            else:
                self.blank = self.blank or BREAK in text
        self.blank = self.blank or (self._hard_space and not spacer and not VISIBLE.search(text))
        self._hard_space = False

    def write(self, text: str, prefix: str) -> None:
        """Write one line."""
        if self.marker is not None:
            marker, replaced = self.marker
            prefix, self.marker = marker + prefix[replaced:], None
        self.lines.append(Line(text, prefix, self.blank and bool(self.lines)))
        self.blank = False

    def text(self) -> str:
        """Return all lines, each but the last with its line break."""
        parts: list[str] = []
        before: Line | None = None
        for line in self.lines:
            blank = _shared(before.prefix, line.prefix) + "\n" if before is not None and line.blank_before else ""
            parts += ("" if before is None else "\n", blank, line.prefix, line.text)
            before = line
        return "".join(parts)


def _shared(one: str, other: str) -> str:
    """Return the quote signs that two lines share, for the blank line between them."""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    return one[:same].rstrip()


def joined(pieces: list[str]) -> str:
    """Return pieces as one text whose spaces are collapsed."""
    text = _ONE_SPACE.sub(" ", _LONELY.sub("", "".join(pieces)))
    return _SOFT.sub(_soft, text) if SOFT in text else text


def _soft(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    if " " in match.group():
        return " "
    if start == 0 or end == len(text) or text[end] in _NO_SPACE_BEFORE or text[start - 1] in NO_SPACE_AFTER:
        return ""
    return " "


def _kept(match: re.Match[str]) -> str:
    return "".join(BREAK if each in "\n\x0b\x0c\x85\u2028\u2029" else SPACE for each in match.group())
