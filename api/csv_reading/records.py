"""Splits text into records and cells: RFC 4180, and the variants that spreadsheets write.

Python's csv module silently reads an unclosed quote to the end of the file, cannot say where a quote began, and has one
limit for the whole process. So we split the text ourselves; the tests compare the result with that module.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from api.codes.refusals.csv_files import CsvCode
from strategies import Refusal

MAX_CELLS = 16_384
"""Most cells in a row, blank ones included: the width of a sheet in Excel."""
MAX_ROWS = 1_048_576
"""Most rows, blank ones included: the height of a sheet in Excel."""
MAX_ROW_LENGTH = 1_000_000
"""Most characters in a row, those of blank cells included."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_MAX_QUOTED_LENGTH = 40


class Record(NamedTuple):
    """One row of a spreadsheet, blank or not."""

    number: int
    """The row's number in a spreadsheet: 1 is the first one, blank rows count, a cell of many lines is in one row."""
    line: int
    """The line of the file on which it begins, as a text editor counts."""
    cells: list[str]
    end: int
    """The index in the text after its line end."""
    next_line: int
    """The line of the file that begins there."""


def records(
    text: str, delimiter: str, names: Sequence[str] = (), *, start: int = 0, number: int = 1, line: int = 1
) -> Iterator[Record]:
    """Yield the records from the index ``start``, where row ``number`` and line ``line`` begin.

    ``names`` are the header cells, for the messages of refusals.

    Raises Refusal CSV_INVALID for a quote that is not closed or is followed by text, and CSV_TOO_LARGE.
    """
    blanks = re.compile("[ \u00a0]*" if delimiter == "\t" else "[ \t\u00a0]*")
    border = re.compile(f"[{re.escape(delimiter)}\r\n]")
    position = start
    while position < len(text):
        if number > MAX_ROWS:
            raise Refusal.of(CsvCode.CSV_TOO_LARGE, case="file", limit=MAX_ROWS)
        # Each search is bounded, because a search over many megabytes would block the other threads.
        most = min(position + MAX_ROW_LENGTH, len(text))
        found = _LINE_END.search(text, position, most)
        end, following = found.span() if found else (most, most)
        lines = 1
        if text.find('"', position, end) < 0:
            if text.count(delimiter, position, end) >= MAX_CELLS:
                raise _too_wide(number)
            if not found and most < len(text):
                raise _too_long(number)
            cells = text[position:end].split(delimiter)
        else:
            cells, following = _quoted_record(text, position, delimiter, (blanks, border), number, line, names)
            if following > end:
                lines = line_ends(text, position, following)
        yield Record(number, line, cells, following, line + lines)
        position, number, line = following, number + 1, line + lines


def column_label(index: int, name: str = "") -> str:
    """Name a column as a spreadsheet does, with its header: ``column B (First Name)``. The first index is 0."""
    letters, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    shown = " ".join(name[:_MAX_QUOTED_LENGTH].split())
    return f"column {letters} ({shown})" if shown else f"column {letters}"


def _quoted_record(
    text: str,
    position: int,
    delimiter: str,
    patterns: tuple[re.Pattern[str], re.Pattern[str]],
    number: int,
    line: int,
    names: Sequence[str],
) -> tuple[list[str], int]:
    """Return the cells of a record with a quote in it, and the index after its line end.

    ``patterns`` are the blanks around a quoted cell, and what ends an unquoted one.
    """
    blanks, border = patterns
    first, cells = position, list[str]()
    while True:
        opening = _end_of(blanks, text, position)
        if text.startswith('"', opening):
            closing = _closing(text, opening)
            if closing < 0:
                place = _place(text, first, opening, number, line, len(cells), names)
                raise Refusal.of(CsvCode.CSV_INVALID, case="open_quote", place=place)
            position = _end_of(blanks, text, closing + 1)
            if position < len(text) and text[position] != delimiter and text[position] not in "\r\n":
                place = _place(text, first, opening, number, line, len(cells), names)
                ends = line + line_ends(text, first, closing)
                behind = text[position : position + _MAX_QUOTED_LENGTH].splitlines()[0]
                raise Refusal.of(CsvCode.CSV_INVALID, case="text_after_quote", place=place, ends=ends, rest=behind)
            if position - first > MAX_ROW_LENGTH:
                raise _too_long(number)
            cells.append(text[opening + 1 : closing].replace('""', '"'))
        else:
            most = min(first + MAX_ROW_LENGTH, len(text))
            found = border.search(text, position, most)
            if not found and most < len(text):
                raise _too_long(number)
            ending = found.start() if found else most
            cells.append(text[position:ending])
            position = ending
        if len(cells) > MAX_CELLS:
            raise _too_wide(number)
        if position == len(text) or text[position] != delimiter:
            return cells, _end_of(_LINE_END, text, position)
        position += 1


def _closing(text: str, opening: int) -> int:
    """Return the index of the quote that closes a cell; -1 if there is none. Doubled quotes are content."""
    closing = text.find('"', opening + 1)
    while closing >= 0 and text.startswith('"', closing + 1):
        closing = text.find('"', closing + 2)
    return closing


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Return where a match at the position ends; the position itself for none."""
    found = pattern.match(text, position, position + MAX_ROW_LENGTH)
    return found.end() if found else position


def _place(text: str, first: int, at: int, number: int, line: int, index: int, names: Sequence[str]) -> str:
    """Say where in the file something is: row, line if it has another number, column."""
    on = line + line_ends(text, first, at)
    lined = "" if on == number else f" (line {on} of the file)"
    return f"row {number}{lined}, {column_label(index, names[index] if index < len(names) else '')}"


def line_ends(text: str, start: int, end: int) -> int:
    """Count the line ends in a part of a text."""
    return sum(1 for _ in _LINE_END.finditer(text, start, end))


def _too_wide(number: int) -> Refusal:
    return Refusal.of(CsvCode.CSV_TOO_LARGE, case="cells", number=number, limit=MAX_CELLS)


def _too_long(number: int) -> Refusal:
    return Refusal.of(CsvCode.CSV_TOO_LARGE, case="row", number=number, limit=MAX_ROW_LENGTH)
