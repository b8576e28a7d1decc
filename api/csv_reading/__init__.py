"""Read CSV files as spreadsheets and CRMs write them: bytes or text in, a header and numbered rows out.

Pure: no database, no clock, no network. May import ``strategies``. Services and the command line import it.

Imports: codes, strategies.
Imported by: cli, services.people.
"""

from api.csv_reading.address_cells import address_in
from api.csv_reading.decoding import ENCODINGS, Decoded, decode
from api.csv_reading.garbled import garbled
from api.csv_reading.names import COLUMN_NAMES, MAX_NAME_LENGTH, plain_name
from api.csv_reading.records import MAX_CELLS, column_label
from api.csv_reading.table import MAX_COLUMNS, Row, Table, read_table

__all__ = [
    "COLUMN_NAMES",
    "ENCODINGS",
    "MAX_CELLS",
    "MAX_COLUMNS",
    "MAX_NAME_LENGTH",
    "Decoded",
    "Row",
    "Table",
    "address_in",
    "column_label",
    "decode",
    "garbled",
    "plain_name",
    "read_table",
]
