"""Writes SOQL. Every value goes through ``text``, ``like`` or ``instant``, so no value can change a query.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
and …/sforce_api_calls_soql_select_dateformats.htm
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}(?:\.[A-Za-z][A-Za-z0-9_]{0,79})?", re.ASCII)
MAX_LIST_BYTES = 10_000
"""Bytes of a list of values in a URL. A URL can have 16,384 bytes (…/api_rest/errorcodes.htm, 414)."""


def text(value: str) -> str:
    """Return a text literal."""
    return f"'{_escaped(value)}'"


def like(value: str) -> str:
    """Return a literal for LIKE that finds a text anywhere. Wildcards in the text lose their meaning."""
    pattern = re.sub(r"([%_])", r"\\\1", _escaped(value))
    return f"'%{pattern}%'"


def instant(moment: datetime) -> str:
    """Return a literal of a datetime. Salesforce's system fields have whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def select(fields: Sequence[str], sobject: str, condition: str, rest: str = "") -> str:
    """Return a query. Names of fields and objects come from the description or a setting, so they are checked."""
    for name in (*fields, sobject):
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a field or an object")
    parts = ("SELECT", ", ".join(fields), "FROM", sobject, "WHERE", condition, rest)
    return " ".join(part for part in parts if part)


def lists(values: Iterable[str]) -> Iterator[str]:
    """Yield lists for IN that together have all values, each short enough for a URL."""
    chunk: list[str] = []
    size = 0
    for value in dict.fromkeys(values):
        literal = text(value)
        length = len(quote(literal)) + 3
        if chunk and size + length > MAX_LIST_BYTES:
            yield f"({','.join(chunk)})"
            chunk, size = [], 0
        chunk.append(literal)
        size += length
    if chunk:
        yield f"({','.join(chunk)})"


def _escaped(value: str) -> str:
    """Escape a text. Other control characters cannot be in a field, so a space takes their place."""
    signs = (ESCAPES.get(sign) or (sign if sign.isprintable() or sign >= "\x80" else " ") for sign in value)
    return "".join(signs).encode("utf-8", "replace").decode()
