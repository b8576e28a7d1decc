"""The ranges of time in which send options let emails be sent.

The id of a row is a digest of its ranges, so emails with the same ranges share a row. Emails of the built-in send
options have none.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.dispatch.transmissions import CLAIMED, UNSENT_STATUS, with_paused_campaigns
from api.store.engine.sql import Records, Row, document, execute, in_list
from strategies.ranges import Range
from strategies.timeline.allowed_times import Ranges

ROWS_KEPT_FOR = timedelta(days=2)
"""How long a row without an email is kept.

The transaction that gave it to an email may not be committed yet.
"""
WAIT_COLUMNS = {
    "id": "text",
    "attempt": "text",
    "due_at": "timestamptz",
    "reason": "text",
    "detail": "text",
    "allowed_times_id": "text",
    "explanation": "jsonb",
}


def allowed_times_id(ranges: Ranges | None) -> str | None:
    """Return the id of the row with these ranges. None: the email can be sent at any time."""
    return None if ranges is None else hashlib.sha256(_text(ranges).encode()).hexdigest()


def _text(ranges: Ranges) -> str:
    """Return ranges as they are stored: pairs of seconds since 1970."""
    return json.dumps([[int(each.start.timestamp()), int(each.end.timestamp())] for each in ranges])


async def keep(planned: Iterable[Ranges | None], today: date) -> None:
    """Store the ranges of emails. Call in the transaction that writes the emails. Without ranges it does nothing."""
    texts = {_text(ranges) for ranges in planned if ranges is not None}
    rows = sorted((hashlib.sha256(text.encode()).hexdigest(), text, today) for text in texts)
    if rows:
        records = Records({"id": "text", "ranges": "text", "used_on": "date"}, rows)
        await execute(
            f"INSERT INTO allowed_times (id, ranges, used_on) SELECT id, ranges, used_on FROM {records.table(1)}"
            " WHERE true ON CONFLICT (id) DO UPDATE SET used_on = excluded.used_on"
            " WHERE allowed_times.used_on < excluded.used_on",
            records,
        )


async def find(ids: Iterable[str | None]) -> dict[str, Ranges]:
    """Return the ranges of these rows by id. Without ids it reads nothing."""
    row_ids = sorted({each for each in ids if each is not None})
    if not row_ids:
        return {}
    rows = await execute(f"SELECT id, ranges FROM allowed_times WHERE {in_list('id', 1)}", row_ids)
    return {row["id"]: tuple(_range(*pair) for pair in json.loads(row["ranges"])) for row in rows}


def _range(start: int, end: int) -> Range:
    return Range(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))


async def delete_unused(today: date) -> None:
    """Delete the ranges that no unsent email has."""
    await execute(
        "DELETE FROM allowed_times WHERE used_on < $1 AND NOT EXISTS (SELECT 1 FROM send"
        " WHERE send.allowed_times_id = allowed_times.id AND send.allowed_times_id IS NOT NULL"
        " AND send.status <> 'SENT')",
        today - ROWS_KEPT_FOR,
    )


class Wait(NamedTuple):
    """A claimed email that waits: until when (UTC), why, by which ranges, and its new explanation."""

    send: ClaimedEmail
    until: datetime
    reason: str | None
    """None: it is due again at once."""
    detail: str
    allowed_times_id: str | None
    explanation: Sequence[Sequence[Any]]
    is_new: bool = True
    """Whether it is written to the Live Feed, which does not repeat that a send option still allows no time."""


async def explanations(send_ids: Sequence[str]) -> Mapping[str, Any]:
    """Return the stored explanations of these emails by id."""
    rows = await execute(f"SELECT id, explanation FROM send WHERE {in_list('id', 1)}", list(send_ids))
    return {row["id"]: document(row["explanation"]) for row in rows}


async def postpone(waits: Sequence[Wait]) -> Sequence[Row]:
    """Release claimed emails until they can be sent. Returns those that their attempts still owned.

    The number of attempts stays. An email of a paused campaign is put on hold.
    """
    records = Records(
        WAIT_COLUMNS,
        [
            (
                wait.send.id,
                wait.send.attempt_id,
                wait.until,
                wait.reason,
                wait.detail,
                wait.allowed_times_id,
                json.dumps(wait.explanation),
            )
            for wait in waits
        ],
    )
    condition = f"{CLAIMED} AND {in_list('send.id', 1)}"
    return await execute(
        f"{with_paused_campaigns(condition, one_off=True)} UPDATE send SET status = {UNSENT_STATUS},"
        " held = campaign_pause.paused, attempt_id = NULL, lease_until = NULL, due_at = r.due_at, reason = r.reason,"
        " detail = r.detail, allowed_times_id = r.allowed_times_id, explanation = r.explanation"
        f" FROM campaign_pause, {records.table(2, fenced=True)}"
        " WHERE send.id = campaign_pause.id AND send.id = r.id AND send.attempt_id = r.attempt"
        # With a bare ``status``, PostgreSQL may compare each email on its way with each of these.
        " AND send.status || '' = 'CLAIMED'"
        " RETURNING send.id, send.workspace_id, send.enrollment_id, send.step_id, send.person_id",
        [wait.send.id for wait in waits],
        records,
    )
