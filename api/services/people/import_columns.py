"""The columns of a CSV of people: match the header's cells with the fields of a person."""

from dataclasses import dataclass

from api.codes.refusals.csv_files import CsvCode
from api.csv_reading import COLUMN_NAMES, MAX_NAME_LENGTH, Table, column_label, plain_name
from api.services.people.people import ARGUMENT_NAMES, BUILT_IN_FIELDS, FIELD_NAME_PATTERN
from strategies import Refusal
from strategies.codes import Message
from strategies.errors import RefusalCollector

EMAIL_NAMES = COLUMN_NAMES["email"]
DYNAMIC_FIELD = "fields."
"""What an export puts before the name of a dynamic field, such as ``fields.city``."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, in the order of the file."""

    header: tuple[str, ...]
    """The names as in the file."""
    names: tuple[str, ...]
    """The field of each column: email, first_name, …, or a dynamic field. Empty if the column has no name."""

    def header_of(self, path: tuple[str, ...]) -> str | None:
        """Return the header of the column that a refusal's path names. None if the path names the whole row."""
        field_of_argument = {path: name for name, path in ARGUMENT_NAMES.items()} | {"email": "email", "zone": "zone"}
        first = path[0] if path else ""
        name = path[1] if first == "fields" and len(path) > 1 else field_of_argument.get(first)
        return self.header[self.names.index(name)] if name in self.names else None


def columns_of(table: Table) -> Columns:
    """Match a table's header with the fields of people. Raises Refusal without a path."""
    plain = tuple(plain_name(header.removeprefix(DYNAMIC_FIELD)) for header in table.header)
    names = list(plain)
    for field, aliases in COLUMN_NAMES.items():
        # An alias names the field only if no column has the field's own name. Else it is a dynamic field.
        if field not in plain:
            names = [field if name in aliases else name for name in names]
    if "email" not in names:
        raise Refusal(*_no_email(table))
    table.check_header(names.index("email"))
    refusals = RefusalCollector()
    for index, (name, header) in enumerate(zip(names, table.header, strict=True)):
        first = names.index(name)
        own = header and name not in COLUMN_NAMES
        if first < index and header:
            both = f"{column_label(first, table.header[first])} and {column_label(index, header)}"
            refusals.add(Refusal.of(CsvCode.CSV_DUPLICATE_COLUMN, columns=both[0].upper() + both[1:], name=name[:60]))
        elif len(header) > MAX_NAME_LENGTH or (
            own and (not FIELD_NAME_PATTERN.fullmatch(name) or name in BUILT_IN_FIELDS)
        ):
            refusals.add(Refusal.of(CsvCode.CSV_INVALID_COLUMN, column=column_label(index, header)))
    refusals.raise_any()
    return Columns(table.header, tuple(names))


def _no_email(table: Table) -> Message:
    if not table.header:
        return CsvCode.CSV_NO_EMAIL_COLUMN.message("blank")
    row = table.header_record.number
    if any("@" in cell for cell in table.header):
        return CsvCode.CSV_NO_EMAIL_COLUMN.message("no_header", row=row)
    named = ", ".join(cell[:40] for cell in table.header)[:200]
    return CsvCode.CSV_NO_EMAIL_COLUMN.message(row=row, columns=named)
