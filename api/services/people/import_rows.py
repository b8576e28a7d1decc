"""Check the rows of a CSV of people. A row has the values of a person, or is refused with the wrong column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from api.codes.refusals.csv_files import CsvCode
from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.csv_reading import COLUMN_NAMES, Row, Table, address_in, column_label, garbled, read_table
from api.services.people.import_columns import EMAIL_NAMES, Columns, columns_of
from api.services.people.people import ARGUMENT_NAMES, MAX_FIELDS, checked_columns
from strategies import Refusal
from strategies.errors import RefusalCollector

CELL_CHARACTERS = {"email": 1_000, "zone": 64, "first_name": 200, "last_name": 200, "title": 200, "company": 200}
"""Most characters in a cell. The limit for email allows a display name."""
OWN_FIELD_CHARACTERS = 1_000
"""Most characters in a cell of a dynamic field."""


class RefusedCell(NamedTuple):
    """Why a cell was refused, and the header of its column: None if the whole row was refused."""

    refusal: Refusal
    column: str | None = None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A checked row of the file. It has ``values``, or ``refusals`` of all its wrong cells."""

    number: int
    """The row's number in a spreadsheet, as ``api.csv_reading`` counts."""
    values: dict[str, Any]
    """Columns of api.models.Person. Blank cells are left out, so that they do not clear a value."""
    refusals: Sequence[RefusedCell] = ()
    length: int = 0
    """Number of characters in its cells."""


def open_people(source: str) -> tuple[Table, Columns]:
    """Read the header of a CSV of people. Raises Refusal without a path."""
    table = read_table(source, EMAIL_NAMES)
    return table, columns_of(table)


def person_rows(source: str) -> Iterator[PersonRow]:
    """Yield the rows that are not blank, checked, in the order of the file. Each call yields the same rows.

    If the source cannot be read further, the last row is a refused one. ``start_import`` reads each source to its end,
    so only a source that an earlier release accepted can end like that.
    """
    number = 0
    try:
        table, columns = open_people(source)
        for row in table.rows():
            number = row.number
            yield _check_row(table, columns, row)
    except Refusal as refusal:
        yield PersonRow(number + 1, {}, [RefusedCell(refusal)])


def _check_row(table: Table, columns: Columns, row: Row) -> PersonRow:
    length = sum(map(len, row.cells))
    try:
        return PersonRow(row.number, _values(table, columns, row), length=length)
    except Refusal as refusal:
        cells = [RefusedCell(each, columns.header_of(each.path)) for each in refusal.each]
        return PersonRow(row.number, {}, cells, length)


def _values(table: Table, columns: Columns, row: Row) -> dict[str, Any]:
    """Return the columns of a person. Raises Refusal with the path of the field."""
    width = len(columns.names)
    if len(row.cells) > width:
        index = next(index for index in range(width, len(row.cells)) if row.cells[index])
        raise Refusal.of(
            CsvCode.TOO_MANY_CELLS,
            cell=row.cells[index][:40],
            column=column_label(index),
            width=width,
            delimiter=table.delimiter,
        )
    filled = {name: cell for name, cell in zip(columns.names, row.cells, strict=True) if cell}
    if (inside := table.row_inside(row, columns.names.index("email"))) is not None:
        raise Refusal.of(CsvCode.CSV_INVALID, _path(columns.names[inside]), case="cell")
    refusals = RefusalCollector()
    for name, cell in list(filled.items()):
        try:
            _check_cell(name, cell)
        except Refusal as refusal:
            refusals.add(refusal)
            del filled[name]
    own = {name: cell for name, cell in filled.items() if name not in COLUMN_NAMES}
    built_in = {name: cell for name, cell in filled.items() if name in COLUMN_NAMES}
    if len(own) > MAX_FIELDS:
        refusals.add(Refusal.of(PersonCode.INVALID_FIELDS, (), case="row", count=len(own), limit=MAX_FIELDS))
        own = {}
    email = address_in(filled.get("email", ""))
    if not email and not any(each.path == ("email",) for each in refusals.found):
        refusals.add(Refusal.of(InputCode.REQUIRED, ("email",), case="row"))
    cells: dict[str, Any] = {name: email if name == "email" else cell for name, cell in built_in.items()}
    if not email:
        cells.pop("email", None)
    if own:
        cells["fields"] = own
    with refusals:
        values = checked_columns(cells)
    refusals.raise_any()
    return values


def _check_cell(name: str, cell: str) -> None:
    """Check a cell's length and characters, before the expensive checks."""
    limit = CELL_CHARACTERS.get(name, OWN_FIELD_CHARACTERS)
    if len(cell) > limit:
        raise Refusal.of(InputCode.TOO_LONG, _path(name), case="cell", limit=limit, length=len(cell))
    if problem := garbled(cell):
        raise Refusal(*problem, _path(name))


def _path(name: str) -> tuple[str, ...]:
    return (ARGUMENT_NAMES.get(name, name),) if name in COLUMN_NAMES else ("fields", name)
