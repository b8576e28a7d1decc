"""Incoming mails and events: store them, take the next ones, and write their results.

``attempts`` is written before a row is processed, so that a mail that ends the process is counted too.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.ids import new_id
from api.store.engine.sql import execute

MAIL = "MAIL"
"""The kind of a row whose mail has not been read."""
COLUMNS = ("id", "source", "key", "kind", "at", "stored_at", "due_at", "content", "details", "attempts", "reason")
MAX_INSERT_ROWS = 500
"""The most rows of one statement. SQLite allows 32,766 parameters."""


class NewIncoming(NamedTuple):
    """A mail or an event to store."""

    key: str
    kind: str
    at: datetime
    content: bytes | None
    details: dict[str, Any]


async def add(source: str, rows: Sequence[NewIncoming], now: datetime) -> int:
    """Store mails and events. Those that the table has already are left out. Returns the number of new rows."""
    added = 0
    for start in range(0, len(rows), MAX_INSERT_ROWS):
        part = rows[start : start + MAX_INSERT_ROWS]
        values = [
            value
            for row in part
            for value in (
                new_id("inc"), source, row.key, row.kind, row.at, now, now, row.content, json.dumps(row.details), 0, "",
            )
        ]  # fmt: skip
        width = len(COLUMNS)
        marks = ", ".join(
            f"({', '.join(f'${number}' for number in range(first, first + width))})"
            for first in range(1, width * len(part) + 1, width)
        )
        inserted = await execute(
            f"INSERT INTO incoming_event ({', '.join(COLUMNS)}) VALUES {marks} ON CONFLICT DO NOTHING RETURNING id",
            *values,
        )
        added += len(inserted)
    return added
