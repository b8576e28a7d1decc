"""Claim emails by their ids, after the claim of all due emails has failed because of some of them."""

from collections.abc import Sequence
from datetime import datetime

from api.store.claimed_email import ClaimedEmail, read_claimed
from api.store.engine.database import is_postgres
from api.store.engine.sql import Row, execute, in_list
from api.store.send_ledger import WAITING

CLAIMED_BY_ATTEMPT = "status = 'CLAIMED' AND attempt_id = "
"""SQL condition, which ends with the attempt. The failed claim may have been committed for its attempt."""


async def due_ids(sender_id: str, now: datetime, limit: int, attempt: str, excluded_ids: Sequence[str]) -> list[str]:
    """Return the ids of up to ``limit`` emails of a sender that are due or claimed for this attempt, earliest first."""
    rows = await execute(
        f"SELECT id FROM send WHERE sender_id = $1 AND (({WAITING} AND due_at <= $2) OR ({CLAIMED_BY_ATTEMPT} $3))"
        f" AND NOT ({in_list('id', 5)}) ORDER BY due_at, id LIMIT $4",
        sender_id,
        now,
        attempt,
        limit,
        list(excluded_ids),
    )
    return [row["id"] for row in rows]


async def claim_by_ids(ids: Sequence[str], now: datetime, lease_until: datetime, attempt: str) -> list[ClaimedEmail]:
    """Claim those of these emails that are due or already claimed for this attempt."""
    lock = "FOR UPDATE SKIP LOCKED" if is_postgres() else ""
    rows = await execute(
        "UPDATE send SET status = 'CLAIMED', attempt_id = $2, lease_until = $3 WHERE id IN (SELECT id FROM send"
        f" WHERE {in_list('id', 1)} AND (({WAITING} AND due_at <= $4) OR ({CLAIMED_BY_ATTEMPT} $2)) {lock})"
        f" RETURNING {', '.join(ClaimedEmail._fields)}",
        list(ids),
        attempt,
        lease_until,
        now,
    )
    return read_claimed(rows)


async def fail_unreadable(send_id: str, now: datetime, attempt: str, reason: str, detail: str) -> Row | None:
    """Mark an unreadable email as failed if it is due or claimed for this attempt. Returns the columns of its event.

    Its due time becomes ``now`` (UTC), because the old one may be the value that cannot be read.
    """
    rows = await execute(
        "UPDATE send SET status = 'FAILED', attempt_id = NULL, lease_until = NULL, due_at = $2, reason = $4,"
        f" detail = $5 WHERE id = $1 AND (({WAITING} AND due_at <= $2) OR ({CLAIMED_BY_ATTEMPT} $3))"
        " RETURNING id, workspace_id, enrollment_id, step_id, person_id",
        send_id,
        now,
        attempt,
        reason,
        detail,
    )
    return rows[0] if rows else None
