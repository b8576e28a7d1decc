"""Reads a CSV text as a table: finds the delimiter, the header and the rows."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from api.codes.refusals.csv_files import CsvCode
from api.csv_formulas import unguarded
from api.csv_reading.address_cells import address_in
from api.csv_reading.names import plain_name
from api.csv_reading.records import MAX_CELLS, MAX_ROW_LENGTH, Record, column_label, line_ends, records
from strategies import Refusal

MAX_COLUMNS = 200
MAX_HEADER_LENGTH = MAX_ROW_LENGTH
DELIMITERS = ",;\t|"
BLANKS = (
    "".join(map(chr, range(9, 14)))
    + "\x1c\x1d\x1e\x1f\x20\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
    + ("".join(map(chr, range(0x2000, 0x200C))) + "\u200e\u200f\u2060\ufeff")
    + "\x1a"  # ends a file of DOS programs
)
"""Characters stripped from both ends of a cell: whitespace and invisible marks. Joiners are kept."""

_BLANK_START = re.compile(f"[{re.escape(BLANKS + DELIMITERS)}]*")
_SEPARATOR_LINE = re.compile(r'"?sep=(.?)"?[ ,;\t|]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_WRONG_BEGINNINGS = {
    "PK\x03\x04": CsvCode.CSV_INVALID.message(),
    "\u00ef\u00bb\u00bf": CsvCode.CSV_INVALID.message("utf_8"),
    "\u00ff\u00fe": CsvCode.CSV_INVALID.message("utf_16"),
    "\u00fe\u00ff": CsvCode.CSV_INVALID.message("utf_16"),
}


class Row(NamedTuple):
    """A row under the header that is not blank."""

    number: int
    """The row's number in a spreadsheet. The header is row 1, unless blank rows precede it."""
    cells: list[str]
    """Stripped cells: at least as many as in the header; more only if an extra cell has content."""


@dataclass(frozen=True, slots=True)
class Table:
    """The header of a CSV text. Each call of ``rows`` reads the rest from its start."""

    header: tuple[str, ...]
    """The cells of the header, without blanks at their ends and without blank cells at its end."""
    delimiter: str
    text: str = field(repr=False)
    header_record: Record = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """Give the rows that are not blank.

        Raises Refusal as ``records`` does, and CSV_UNNAMED_COLUMN where a cell has content under a blank header cell.
        """
        width = len(self.header)
        unnamed = [index for index, name in enumerate(self.header) if not name]
        first = self.header_record
        start, number, line = first.end, first.number + 1, first.next_line
        for record in records(self.text, self.delimiter, self.header, start=start, number=number, line=line):
            cells = [unguarded(cell.strip(BLANKS)).strip(BLANKS) for cell in record.cells]
            if not any(cells):
                continue
            for index in unnamed:
                if index < len(cells) and cells[index]:
                    raise Refusal.of(
                        CsvCode.CSV_UNNAMED_COLUMN,
                        number=record.number,
                        cell=cells[index][:40],
                        column=column_label(index),
                    )
            if len(cells) > width and not any(cells[width:]):
                del cells[width:]
            yield Row(record.number, cells + [""] * (width - len(cells)))

    def row_inside(self, row: Row, column: int, *, any_width: bool = False) -> int | None:
        """Return the index of a cell that seems to contain the following rows, because a quote is missing at its start.

        A line of such a cell has an address in the given column. It has as many cells as the header; the last line
        may end before, where a later quote has closed the cell. ``any_width`` takes lines of any number of cells.
        """
        width = len(self.header)
        for index, cell in enumerate(row.cells):
            lines = cell.splitlines()[1:] if width > 1 and ("\n" in cell or "\r" in cell) else []
            for number, line in enumerate(lines, 1):
                if "@" not in line or line.count(self.delimiter) >= MAX_CELLS:
                    continue
                cells = [each.strip(BLANKS + '"') for each in line.split(self.delimiter)]
                while len(cells) > width and not cells[-1]:
                    cells.pop()
                whole = any_width or len(cells) == width or (number == len(lines) and len(cells) == index + 1 > 1)
                if whole and column < len(cells) and _is_address(cells[column]):
                    return index
        return None

    def check_header(self, column: int) -> None:
        """Refuse a header cell that seems to contain rows with an address in the given column. Raises Refusal."""
        number = self.header_record.number
        index = self.row_inside(Row(number, list(self.header)), column, any_width=True)
        if index is not None:
            label = column_label(index, self.header[index])
            raise Refusal.of(CsvCode.CSV_INVALID, case="header", number=number, label=label)


def _is_address(cell: str) -> bool:
    """Whether a cell looks like an address, with or without a name: it is not checked."""
    address = address_in(cell)
    return 0 < address.find("@") < len(address) - 1 and not any(map(str.isspace, address))


def read_table(text: str, required: Collection[str]) -> Table:
    """Find the delimiter and the header of a CSV text. ``required`` are the plain names of a column that it must have:
    the delimiter is the one with which such a column is found.

    Raises Refusal CSV_INVALID or CSV_TOO_LARGE, without a path. If no such column is found, the header comes back as
    it is, without cells for a blank file: the caller says what is missing.
    """
    for beginning, message in _WRONG_BEGINNINGS.items():
        if text.startswith(beginning):
            raise Refusal(*message)
    if (nul := text.find("\x00")) >= 0:
        line = line_ends(text, 0, nul) + 1
        raise Refusal.of(CsvCode.CSV_INVALID, case="nul", line=line)
    start = 1 if text.startswith("\ufeff") else 0
    line, number, delimiters = 1, 1, DELIMITERS
    if separator := _SEPARATOR_LINE.match(text, start):
        start, line, delimiters = separator.end(), 2, separator[1]
        if not delimiters or delimiters.isalnum() or delimiters in " \"'=":
            raise Refusal.of(CsvCode.CSV_INVALID, case="no_delimiter")
    blank = _BLANK_START.match(text, start, start + MAX_HEADER_LENGTH)
    above = max(text.rfind("\n", start, blank.end()), text.rfind("\r", start, blank.end())) + 1 if blank else start
    if above > start:
        skipped = line_ends(text, start, above)
        start, line = above, line + skipped
        number = skipped + 1
    header, delimiter = _header(text, start, number, line, delimiters, required)
    cells = [unguarded(cell.strip(BLANKS)) for cell in header.cells]
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > MAX_COLUMNS:
        raise Refusal.of(CsvCode.CSV_TOO_LARGE, case="columns", limit=MAX_COLUMNS, length=len(cells))
    return Table(tuple(cells), delimiter, text, header)


def _header(
    text: str, start: int, number: int, line: int, delimiters: str, required: Collection[str]
) -> tuple[Record, str]:
    """Return the first record that is not blank, and the delimiter.

    That is the one with which a required column is found; of several, the one that gives most columns.
    """
    found: list[tuple[tuple[bool, int, int], Record, str]] = []
    refused: list[tuple[int, Refusal]] = []
    beginning = text[: start + MAX_HEADER_LENGTH]
    for delimiter in delimiters:
        try:
            for record in records(beginning, delimiter, start=start, number=number, line=line):
                filled = [cell for cell in record.cells if cell.strip(BLANKS + DELIMITERS)]
                if filled:
                    fits = any(plain_name(cell.strip(BLANKS)) in required for cell in filled)
                    found.append(((fits, len(filled), len(record.cells)), record, delimiter))
                    break
            else:
                if len(beginning) == len(text):
                    return Record(number, line, [], len(text), line), delimiter
        except Refusal as refusal:
            if refusal.code == CsvCode.CSV_TOO_LARGE:
                raise
            refused.append((text.count(delimiter, start, start + 10_000), refusal))
    if refused and not any(fits for (fits, _, _), _, _ in found):
        raise max(refused, key=lambda pair: pair[0])[1]
    if not found:
        raise Refusal.of(CsvCode.CSV_TOO_LARGE, case="no_header", limit=MAX_HEADER_LENGTH)
    _, record, delimiter = max(found, key=lambda each: each[0])
    if record.end == len(beginning) < len(text):
        raise Refusal.of(CsvCode.CSV_TOO_LARGE, case="header", limit=MAX_HEADER_LENGTH)
    return record, delimiter
