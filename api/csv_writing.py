"""Write rows as CSV that spreadsheets open safely: UTF-8 with a byte order mark, commas, CRLF (RFC 4180).

Without the mark, Excel reads UTF-8 as a code page of the machine.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from api.csv_formulas import guarded

MARK = "\ufeff"
"""The byte order mark, at the beginning of a file."""


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as lines of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def cell(value: Any) -> str:
    """Return a value of a GraphQL answer as a cell. Null is an empty cell, and an object or a list is JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return guarded(text)
