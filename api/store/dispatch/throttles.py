"""Rate limits of senders, as sliding windows: N emails in any M seconds, and a cap in any 24 hours.

The limits are exact across processes. An email takes a slot in the transaction before its transmission, and keeps the
slot until M seconds after the mail server's answer. So a server never sees more than N emails in any M seconds, however
slow it is. The table ``departure`` has one row for each slot.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.ids import new_id
from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, execute, in_list, instant
from strategies import Note
from strategies.calendar import known_zone
from strategies.timeline import timeline_notes

DAY = timedelta(hours=24)
SLOTS_KEPT_FOR = timedelta(hours=26)
"""How long a slot stays in the table: longer than the longest window."""
MAX_CLOCK_LEAD = timedelta(minutes=1)
"""How far an answer may lie in the future. A later one was recorded before the clock was set back."""
SLOT_COLUMNS = {"id": "text", "sender_id": "text", "send_id": "text", "began_at": "timestamptz"}


@dataclass(frozen=True, slots=True)
class ReachedLimit:
    """A limit that a sender has reached: so many emails in a time, and when (UTC) the next one may be sent."""

    emails: int
    span: timedelta
    until: datetime

    def notes(self, zone: str) -> list[Note]:
        """Return the notes of an explanation about this limit, for which an email waits, with times in ``zone``."""
        return list(timeline_notes.limited(self.emails, self.span, self.until, known_zone(zone)))


@dataclass(frozen=True, slots=True)
class Allowance:
    """The number of emails that may be sent now, and if it is 0, the limit that was reached."""

    emails: int
    reached: ReachedLimit | None = None


def windows(sender: Mapping[str, Any]) -> list[tuple[int, timedelta]]:
    """Return a sender's limits: each a number of emails, and the length of its window."""
    found = []
    if sender["throttle_emails"] is not None:
        found.append((int(sender["throttle_emails"]), timedelta(seconds=sender["throttle_seconds"])))
    if sender["daily_cap"] is not None:
        found.append((int(sender["daily_cap"]), DAY))
    return found


async def allowance(sender: Mapping[str, Any], now: datetime) -> Allowance:
    """Return how many emails a throttled sender may send at ``now`` (UTC)."""
    left, reached = 1_000_000, None
    for emails, span in windows(sender):
        (row,) = await execute(
            "SELECT count(*) AS used FROM departure WHERE sender_id = $1 AND (ended_at IS NULL OR ended_at > $2)",
            sender["id"],
            now - span,
        )
        left = min(left, emails - int(row["used"]))
        if row["used"] >= emails:
            await _limit_future_answers(sender["id"], now)
            rows = await execute(
                "SELECT ended_at FROM departure WHERE sender_id = $1 AND ended_at > $2 ORDER BY ended_at DESC"
                " LIMIT 1 OFFSET $3",
                sender["id"],
                now - span,
                emails - 1,
            )
            # Without such a row, the window waits for the answer to an email in transmission.
            until = instant(rows[0]["ended_at"]) + span if rows else now + timedelta(seconds=1)
            if reached is None or until > reached.until:
                reached = ReachedLimit(emails, span, max(until, now))
    return Allowance(max(left, 0), reached)


def reached_limit(sender: Mapping[str, Any]) -> ReachedLimit | None:
    """Return the limit that a sender has reached last, by its row. None if it has never reached its present limits."""
    if sender["limited_until"] is None:
        return None
    span = timedelta(seconds=sender["limited_seconds"])
    return ReachedLimit(sender["limited_emails"], span, instant(sender["limited_until"]))


async def store_reached_limit(sender: Mapping[str, Any], reached: ReachedLimit) -> None:
    """Store the limit for which a sender's due emails wait, so that people see it. Most calls find it stored."""
    if reached != reached_limit(sender):
        await execute(
            "UPDATE sender SET limited_until = $2, limited_emails = $3, limited_seconds = $4 WHERE id = $1",
            sender["id"],
            reached.until,
            reached.emails,
            int(reached.span.total_seconds()),
        )


async def explain_limit(send_ids: Sequence[str], line: Sequence[Any]) -> None:
    """Add a line, a code and its values, to the explanations of emails that waited for their sender's limit."""
    longer = "explanation || jsonb_build_array(CAST($2 AS jsonb))"
    if not is_postgres():
        # char(36) is a dollar sign, which marks a parameter in our statements: the path '$[#]' is behind the last line.
        longer = "json_insert(explanation, char(36) || '[#]', json($2))"
    await execute(f"UPDATE send SET explanation = {longer} WHERE {in_list('id', 1)}", list(send_ids), json.dumps(line))


async def _limit_future_answers(sender_id: str, now: datetime) -> None:
    """Count answers that lie in the future as received now, because the clock was set back.

    The window then stays closed for its whole length once, instead of until the clock reaches the old time again.
    """
    await execute(
        "UPDATE departure SET ended_at = $2 WHERE sender_id = $1 AND ended_at > $3",
        sender_id,
        now,
        now + MAX_CLOCK_LEAD,
    )


async def take_slots(sender: Mapping[str, Any], send_ids: list[str], now: datetime) -> set[str]:
    """Take slots for as many of these emails as may be sent. Returns their ids.

    Call it in the transaction that begins the transmission.
    """
    if is_postgres():
        await execute("SELECT id FROM sender WHERE id = $1 FOR NO KEY UPDATE", sender["id"])
    allowed = send_ids[: (await allowance(sender, now)).emails]
    rows = Records(SLOT_COLUMNS, [(new_id("dep"), sender["id"], each, now) for each in allowed])
    await execute(
        f"INSERT INTO departure (id, sender_id, send_id, began_at) SELECT id, sender_id, send_id, began_at"
        f" FROM {rows.table(1)}",
        rows,
    )
    return set(allowed)


async def start_windows(send_ids: Iterable[str], now: datetime) -> None:
    """Start the windows of these emails at ``now`` (UTC): the server has answered, or will never answer."""
    await execute(
        f"UPDATE departure SET ended_at = $2 WHERE ended_at IS NULL AND {in_list('send_id', 1)}",
        list(send_ids),
        now,
    )


async def delete_old_slots(now: datetime, sandbox_id: str | None = None) -> None:
    """Delete slots that are in no window any more: of one sandbox by its own clock, or of all real workspaces."""
    senders = "workspace_id = $2" if sandbox_id else "workspace_id IN (SELECT id FROM workspace WHERE NOT sandbox)"
    await execute(
        f"DELETE FROM departure WHERE ended_at < $1 AND sender_id IN (SELECT id FROM sender WHERE {senders})",
        now - SLOTS_KEPT_FOR,
        *([sandbox_id] if sandbox_id else []),
    )
