"""Incoming mails and events: store them, take the next ones, and write their results.

``attempts`` is written before a row is processed, so that an attempt that crashes the process counts too.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from api.ids import new_id
from api.states import IncomingResult, MatchedBy
from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, Row, document, execute, in_list, instant, instant_or_past

MAIL = "MAIL"
"""The kind of a row whose mail has not been read."""
COLUMNS = ("id", "source", "key", "kind", "at", "stored_at", "due_at", "content", "details", "attempts", "reason")
OPEN = "done_at IS NULL"
"""SQL condition of the index of rows that are not processed yet."""
RESULT_COLUMNS = {
    "id": "text",
    "kind": "text",
    "result": "text",
    "reason": "text",
    "matched_by": "text",
    "workspace_id": "text",
    "send_id": "text",
}
MAX_INSERT_ROWS = 500
"""The most rows of one statement. SQLite allows 32,766 parameters."""


TRANSMISSION_WAIT = timedelta(seconds=5)
"""How long a row waits for the end of its email's transmission."""


class NewIncoming(NamedTuple):
    """A mail or an event to store."""

    key: str
    kind: str
    at: datetime
    content: bytes | None
    details: dict[str, Any]


async def add(source: str, rows: Sequence[NewIncoming], now: datetime) -> int:
    """Store mails and events. Those that the table has already are left out. Returns the number of new rows.

    They are processed in the order of ``rows``. They are inserted in the order of their keys, so that two transactions
    with the same keys do not lock each other out.
    """
    added = 0
    numbered = sorted(((new_id("inc"), row) for row in rows), key=lambda each: each[1].key)
    for start in range(0, len(rows), MAX_INSERT_ROWS):
        part = numbered[start : start + MAX_INSERT_ROWS]
        values = [
            value
            for row_id, row in part
            for value in (
                row_id, source, row.key, row.kind, row.at, now, now, row.content, json.dumps(row.details), 0, "",
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


class IncomingRow(NamedTuple):
    """A mail or an event that a process works on."""

    id: str
    source: str
    key: str
    kind: str
    at: datetime
    content: bytes | None
    details: dict[str, Any]
    attempts: int
    """Including the present one."""
    errors: int
    """The attempts that failed with an error."""

    @property
    def ended_processes(self) -> int:
        """The attempts during which the process ended, for whatever reason."""
        return self.attempts - 1 - self.errors

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """The addresses of the mailbox in which a mail was found."""
        return tuple(self.details.get("addresses", ()))


class Result(NamedTuple):
    """The result of a mail or an event."""

    id: str
    kind: str
    result: IncomingResult
    reason: str
    matched_by: MatchedBy | None = None
    workspace_id: str | None = None
    send_id: str | None = None


async def take(now: datetime, max_rows: int, max_bytes: int) -> list[IncomingRow]:
    """Return the next rows that are due, and count the attempt. Call in no transaction: the count must be committed.

    A row that was attempted before is returned alone, because it may have crashed the process.
    """
    candidates = await execute(
        f"SELECT id, attempts, coalesce(length(content), 0) AS size FROM incoming_event WHERE {OPEN} AND due_at <= $1"
        " ORDER BY due_at, id LIMIT $2",
        now,
        max_rows,
    )
    ids: list[str] = []
    size = 0
    for row in candidates:
        size += row["size"]
        if ids and (row["attempts"] or size > max_bytes):
            break
        ids.append(row["id"])
        if row["attempts"]:
            break
    return await _take(ids)


async def take_one(source: str, key: str) -> list[IncomingRow]:
    """Return one row, also before it is due, unless it is processed already. Counts the attempt as ``take`` does."""
    rows = await execute(f"SELECT id FROM incoming_event WHERE source = $1 AND key = $2 AND {OPEN}", source, key)
    return await _take([row["id"] for row in rows])


async def _take(ids: Sequence[str]) -> list[IncomingRow]:
    rows = await execute(
        f"UPDATE incoming_event SET attempts = attempts + 1 WHERE {in_list('id', 1)} AND {OPEN}"
        " RETURNING id, source, key, kind, at, content, details, attempts, errors, due_at",
        list(ids),
    )
    rows = sorted(rows, key=lambda row: (instant(row["due_at"]), row["id"]))
    return [
        IncomingRow(
            row["id"], row["source"], row["key"], row["kind"], instant_or_past(row["at"]), row["content"],
            document(row["details"]), row["attempts"], row["errors"],
        )
        for row in rows
    ]  # fmt: skip


class Outcome(NamedTuple):
    """The result of a mail or an event so far."""

    kind: str
    result: IncomingResult | None
    reason: str


async def outcome(source: str, key: str) -> Outcome:
    """Return the result of a mail or an event. ``result`` is None until it is processed."""
    (row,) = await execute(
        "SELECT kind, result, reason FROM incoming_event WHERE source = $1 AND key = $2", source, key
    )
    return Outcome(row["kind"], IncomingResult(row["result"]) if row["result"] else None, row["reason"])


async def lock_open(ids: Sequence[str]) -> set[str]:
    """Return those of these rows that are not processed yet. No other transaction processes them before this ends."""
    lock = "FOR UPDATE" if is_postgres() else ""
    rows = await execute(
        f"SELECT id FROM incoming_event WHERE {in_list('id', 1)} AND {OPEN} ORDER BY id {lock}", list(ids)
    )
    return {row["id"] for row in rows}


async def write_results(results: Sequence[Result], now: datetime) -> None:
    """Mark rows as processed. The bytes of a mail are kept only if it failed, so that it can be tried again."""
    rows = Records(RESULT_COLUMNS, results)
    await execute(
        "UPDATE incoming_event SET done_at = $1, kind = r.kind, result = r.result, reason = r.reason,"
        " matched_by = r.matched_by, workspace_id = r.workspace_id, send_id = r.send_id,"
        " content = CASE WHEN r.result = 'FAILED' THEN content END"
        f" FROM {rows.table(2)} WHERE incoming_event.id = r.id",
        now,
        rows,
    )


async def postpone(ids: Sequence[str], due_at: datetime, reason: str, *, counts: bool) -> None:
    """Postpone rows until ``due_at`` (UTC). ``counts`` says whether the attempt counts as an error."""
    count = (
        "errors = errors + 1" if counts else "attempts = CASE WHEN attempts > errors THEN attempts - 1 ELSE errors END"
    )
    await execute(
        f"UPDATE incoming_event SET due_at = $2, reason = $3, {count} WHERE {in_list('id', 1)} AND {OPEN}",
        list(ids),
        due_at,
        reason,
    )


async def next_due() -> datetime | None:
    """Return when (UTC) the next row is due; None if all are processed."""
    (row,) = await execute(f"SELECT min(due_at) AS due_at FROM incoming_event WHERE {OPEN}")
    return instant(row["due_at"]) if row["due_at"] else None


async def delete_old(before: datetime, max_rows: int) -> int:
    """Delete up to ``max_rows`` rows that were processed before a time. Returns their number."""
    rows = await execute(
        "DELETE FROM incoming_event WHERE id IN (SELECT id FROM incoming_event WHERE done_at IS NOT NULL"
        " AND done_at < $1 ORDER BY done_at LIMIT $2) RETURNING id",
        before,
        max_rows,
    )
    return len(rows)


async def rows_by_result(result: IncomingResult, limit: int) -> Sequence[Row]:
    """Return the last rows with a result, without contents and addresses."""
    return await execute(
        "SELECT id, source, key, kind, at, done_at, result, reason, attempts, workspace_id, send_id FROM incoming_event"
        " WHERE done_at IS NOT NULL AND result = $1 ORDER BY done_at DESC LIMIT $2",
        str(result),
        limit,
    )


async def reopen_failed(ids: Sequence[str] | None, now: datetime) -> int:
    """Make failed rows due again: those of ``ids``, or all. Returns their number."""
    condition, values = ("true", []) if ids is None else (in_list("id", 2), [list(ids)])
    rows = await execute(
        "UPDATE incoming_event SET done_at = NULL, result = NULL, attempts = 0, errors = 0, due_at = $1"
        f" WHERE done_at IS NOT NULL AND result = 'FAILED' AND {condition} RETURNING id",
        now,
        *values,
    )
    return len(rows)
