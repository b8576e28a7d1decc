"""Collects text and writes it as lines. White space collapses, and so do consecutive blank lines."""

import re
from dataclasses import dataclass

LINE_BREAK, HARD_SPACE, SOFT_SPACE = "\x1f", "\x1c", "\x1e"
"""Control characters within ``pieces``: a line break, a space that is kept, and a space only between letters."""
MAX_PREFIX_LENGTH = 32
"""Most characters of quote signs and indentation before a line, so that nesting cannot multiply the text."""
_SPACES = "\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u205f"
_JOINERS = "\u034f\u200c\u200d"
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u180e\u200b\u2060\ufeff]")
_COLLAPSIBLE = re.compile(f"[{_SPACES}]+")
# Joiners belong between letters. Preview texts are padded with isolated ones.
_ISOLATED_JOINERS = re.compile(
    f"(?:(?<=[{_SPACES}])|^)[{_JOINERS}]++|(?<![{_JOINERS}])[{_JOINERS}]++(?=[{_SPACES}]|$)",
)
_ONE_SPACE = re.compile(" +")
_SOFT = re.compile(f"( ?){SOFT_SPACE}[ {SOFT_SPACE}]*+")
_NO_SPACE_BEFORE = frozenset(".,;:!?)]}>\"'\u2019\u201d\xbb\u2026\u3002\u3001" + LINE_BREAK)
NO_SPACE_AFTER = frozenset("([{<\"'\u2018\u201c\u201e\xab" + LINE_BREAK + HARD_SPACE)
VISIBLE = re.compile("[^\\s\u034f\u061c\u200c-\u200f\u202a-\u202e\u2066-\u2069]")
"""Matches a visible character: neither white space nor a mark for the direction of text."""


@dataclass(slots=True)
class Line:
    """A line of the text part."""

    text: str
    prefix: str
    blank_before: bool = False


class LineWriter:
    """Writes lines. The caller says where a block starts and ends, and which prefix its lines have."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.pieces: list[str] = []
        """Text that is not written as lines yet."""
        self.marker: tuple[str, int] | None = None
        """Prefix and list marker of the next line, such as ``> - ``, and how many prefix characters they replace."""
        self.blank = False
        """Whether a blank line precedes the next line."""
        self.flushes = 0
        """How often ``pieces`` was written as lines."""
        self.has_text = False
        """Whether a visible character was added."""
        self._hard_space = False
        """Whether a non-breaking space was added: editors write empty lines with it."""

    def add(self, text: str, preformatted: bool) -> None:
        """Add text to the line."""
        text = _FORBIDDEN.sub("", text)
        self.has_text = self.has_text or VISIBLE.search(text) is not None
        self._hard_space = self._hard_space or "\xa0" in text
        if not preformatted:
            self.pieces.append(_COLLAPSIBLE.sub(" ", text))
            return
        text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(8)
        self.pieces.append(_COLLAPSIBLE.sub(_preserve_space, text))

    def end_line(self, prefix: str, *, spacer: bool = False) -> None:
        """Write ``pieces`` as lines. In a ``spacer`` a non-breaking space alone makes no blank line."""
        if not self.pieces:
            return
        text = collapse_spaces(self.pieces)
        self.pieces = []
        self.flushes += 1
        lines = [piece.strip(" ").replace(HARD_SPACE, " ").rstrip() for piece in text.split(LINE_BREAK)]
        if not lines[-1]:
            lines.pop()  # the last line break only ends its line
        for line in lines:
            if VISIBLE.search(line):
                self.write(line, prefix)
            else:
                self.blank = self.blank or LINE_BREAK in text
        self.blank = self.blank or (self._hard_space and not spacer and not VISIBLE.search(text))
        self._hard_space = False

    def write(self, text: str, prefix: str) -> None:
        """Write one line."""
        if self.marker is not None:
            marker, replaced_length = self.marker
            prefix, self.marker = marker + prefix[replaced_length:], None
        self.lines.append(Line(text, prefix, self.blank and bool(self.lines)))
        self.blank = False

    def text(self) -> str:
        """Return all lines, joined by line breaks."""
        parts: list[str] = []
        previous: Line | None = None
        for line in self.lines:
            blank = (
                _common_prefix(previous.prefix, line.prefix) + "\n"
                if previous is not None and line.blank_before
                else ""
            )
            parts += ("" if previous is None else "\n", blank, line.prefix, line.text)
            previous = line
        return "".join(parts)


def _common_prefix(one: str, other: str) -> str:
    """Return the quote signs that two lines have in common: the prefix of the blank line between them."""
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return one[:length].rstrip()


def collapse_spaces(pieces: list[str]) -> str:
    """Join pieces into one text, and replace consecutive spaces by one."""
    text = _ONE_SPACE.sub(" ", _ISOLATED_JOINERS.sub("", "".join(pieces)))
    return _SOFT.sub(_resolve_soft_space, text) if SOFT_SPACE in text else text


def _resolve_soft_space(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    if " " in match.group():
        return " "
    if start == 0 or end == len(text) or text[end] in _NO_SPACE_BEFORE or text[start - 1] in NO_SPACE_AFTER:
        return ""
    return " "


def _preserve_space(match: re.Match[str]) -> str:
    return "".join(LINE_BREAK if each in "\n\x0b\x0c\x85\u2028\u2029" else HARD_SPACE for each in match.group())
