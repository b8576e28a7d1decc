"""Numbers of waiting emails for operators, from indexes that stay small. store/jobs.py counts background jobs."""

from datetime import datetime
from typing import Any

from api.store.dispatch.transmissions import CLAIMED, LEASED, WAITING
from api.store.engine.sql import execute, instant
from api.store.replies.incoming import next_due


async def backlog_numbers(now: datetime) -> dict[str, float]:
    """Return the numbers of emails that are due, claimed and so on, and for how many seconds the oldest is due."""
    # By sender, as in the index of waiting emails: emails that are due later cost nothing.
    due = f"FROM send WHERE send.sender_id = sender.id AND {WAITING} AND due_at <= $1"
    (row,) = await execute(
        f"SELECT sum(emails) AS due, min(oldest) AS oldest FROM (SELECT (SELECT count(*) {due}) AS emails,"
        f" (SELECT min(due_at) {due}) AS oldest FROM sender"
        " WHERE workspace_id IN (SELECT id FROM workspace WHERE NOT sandbox)) AS each_sender",
        now,
    )

    async def count(rows: str, *values: Any) -> float:
        (found,) = await execute(f"SELECT count(*) AS found FROM {rows}", *values)
        return float(found["found"])

    return {
        "due": float(row["due"] or 0),
        "oldest_due_seconds": max(0.0, (now - instant(row["oldest"])).total_seconds()) if row["oldest"] else 0.0,
        "claimed": await count(f"send WHERE {CLAIMED}"),
        "transmitting": await count(f"send WHERE {LEASED} AND status = 'TRANSMITTING'"),
        "on_hold": await count("send WHERE held"),
        "in_doubt": await count("send WHERE status = 'IN_DOUBT'"),
        "oldest_incoming_seconds": max(0.0, (now - oldest).total_seconds()) if (oldest := await next_due()) else 0.0,
        "incoming_set_aside": await count("incoming_event WHERE result = 'FAILED'"),
        "paused_accounts": await count("account_pause WHERE until > $1", now),
    }
