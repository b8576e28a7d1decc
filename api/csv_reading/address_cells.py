"""Email addresses as spreadsheets and mail programs write them into a cell."""

import re
import unicodedata
from urllib.parse import unquote

MAX_CELL_LENGTH = 1_000
"""Longest cell that is parsed, in characters."""

_NAMED = re.compile(r"[^<>]*<([^<>]*)>[;,\s]*")


def address_in(cell: str) -> str:
    """Return the address in a cell without name, brackets and ``mailto:``; other cells are returned unchanged.

    Reads ``Ada Lovelace <ada@example.com>``, ``mailto:ada@example.com?subject=Hi``, ``<ada@example.com>;``, and
    strips blanks and invisible characters. It does not validate the address.
    """
    if len(cell) > MAX_CELL_LENGTH:
        return cell
    named = _NAMED.fullmatch(cell)
    found = _bare(named[1] if named else cell)
    if found[:7].casefold() == "mailto:":
        found = _bare(unquote(found[7:].partition("?")[0]))
    # Outlook ends a list of recipients with a semicolon. Two addresses in one cell remain two, and are refused.
    return _bare(found.rstrip(";,")) if "@" in found else found


def _bare(text: str) -> str:
    """Drop whitespace and invisible format characters (zero-width spaces, direction marks) at both ends."""
    start, end = 0, len(text)
    while start < end and _invisible(text[start]):
        start += 1
    while end > start and _invisible(text[end - 1]):
        end -= 1
    return text[start:end]


def _invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"
