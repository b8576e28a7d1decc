"""Any table, written by any program in any dialect and encoding, comes back cell for cell."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.csv_reading import decode, read_table
from api.csv_reading.records import records
from api.csv_reading.table import BLANKS

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
CELL = st.one_of(
    st.text(LETTERS, max_size=8),
    st.text(st.sampled_from('"",;|\t \n\rab='), max_size=8),
    st.sampled_from(["", " ", '"', '""', "\r\n", "Müller; Söhne", '5" pipe', "Łódź", "\u200bx"]),
)
TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=0, max_size=8)
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]


def written(rows: list[list[str]], delimiter: str, quoting: int, line_end: str) -> str:
    # Before 3.13 the writer leaves line breaks of another kind than its own unquoted.
    if any(mark in cell for mark in set("\r\n") - set(line_end) for row in rows for cell in row):
        quoting = csv.QUOTE_ALL
    file = StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerows(rows)  # type: ignore[arg-type]
    return file.getvalue()


@given(
    TABLES,
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.sampled_from(ENCODINGS),
    st.booleans(),
    st.integers(0, 3),
)
def test_a_table_comes_back_cell_for_cell(
    rows: list[list[str]], delimiter: str, quoting: int, line_end: str, encoding: str, separator: bool, above: int
) -> None:
    width = max(map(len, rows), default=1)
    header = ["email", *(f"column {number}" for number in range(1, width))]
    text = f"sep={delimiter}{line_end}" if separator else ""
    text += above * line_end + written([header, *rows], delimiter, quoting, line_end)
    table = read_table(decode(text.encode(encoding)).text, {"email"})
    assert (table.header, table.header_record.number) == (tuple(header), above + 1)
    assert width == 1 or table.delimiter == delimiter
    stripped = [[cell.strip(BLANKS) for cell in row] for row in rows]
    expected = [(above + 2 + index, row) for index, row in enumerate(stripped) if any(row)]
    assert [(row.number, row.cells) for row in table.rows()] == expected


@given(st.text(st.sampled_from('"",;a b\n\r\t'), max_size=30))
def test_what_is_read_is_what_the_standard_library_reads_strictly(text: str) -> None:
    """Except for blanks around quotes, which it takes as text."""
    try:
        theirs = list(csv.reader(StringIO(text, newline=""), strict=True))
    except csv.Error:
        return
    if any(cell != cell.lstrip(" \t") and cell.lstrip(" \t").startswith('"') for row in theirs for cell in row):
        return
    assert [record.cells for record in records(text, ",")] == [row or [""] for row in theirs]


@given(st.text(st.sampled_from('"",;a@\n\r\t\x00\ufeffÃ¼='), max_size=40), st.binary(max_size=40))
def test_anything_is_read_or_refused(text: str, data: bytes) -> None:
    for given_text in (text, f"email,{text}"):
        _read(given_text)
    try:
        decoded = decode(data).text
    except Exception as problem:
        assert type(problem).__name__ == "Refusal", problem
    else:
        _read(decoded)


def _read(text: str) -> None:
    try:
        list(read_table(text, {"email"}).rows())
    except Exception as problem:
        assert type(problem).__name__ == "Refusal", problem


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_row_and_line_numbers_of_cells_with_line_breaks(line_end: str) -> None:
    text = line_end.join(["email", '"a', "", 'b"', "", "c"])
    found = [(record.number, record.line, record.cells) for record in records(text, ",")]
    assert found == [(1, 1, ["email"]), (2, 2, [f"a{line_end}{line_end}b"]), (3, 5, [""]), (4, 6, ["c"])]
