"""Claim due emails for an attempt, and release claims.

``claim`` takes all due emails of a sender in one statement. If it fails because of some of them, ``claim_by_ids``
claims the others.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from api.ids import new_id
from api.store.dispatch.claimed_email import ClaimedEmail, read_claimed
from api.store.dispatch.transmissions import CLAIMED, UNSENT_STATUS, WAITING, with_paused_campaigns
from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, Row, execute, in_list
from api.store.engine.transactions import retry_on_deadlock

CLAIMED_BY_ATTEMPT = "status = 'CLAIMED' AND attempt_id = "
"""SQL condition, which ends with the attempt. The failed claim may have been committed for its attempt."""
ClaimColumn = Literal["workspace_id", "sender_id", "person_id", "step_id"]


async def claim(
    sender_id: str,
    now: datetime,
    lease_until: datetime,
    limit: int,
    attempt: str = "",
    excluded_ids: Sequence[str] = (),
) -> list[ClaimedEmail]:
    """Claim up to ``limit`` emails of a sender that are due at ``now`` (UTC), the earliest first, for a new attempt.

    Emails whose ids are in ``excluded_ids`` are not claimed.
    """
    row, lock = ("ctid", "FOR UPDATE SKIP LOCKED") if is_postgres() else ("rowid", "")
    others = f"AND NOT ({in_list('id', 6)})" if excluded_ids else ""
    # The subquery lets PostgreSQL keep one plan. It would plan each claim again for a number that it knows.
    first = (
        f"SELECT {row} FROM send WHERE sender_id = $3 AND {WAITING} AND due_at <= $4 {others}"
        f" ORDER BY due_at, id LIMIT (SELECT CAST($5 AS integer)) {lock}"
    )
    chosen = f"ctid = ANY(ARRAY({first}))" if is_postgres() else f"rowid IN ({first})"
    rows = await execute(
        f"UPDATE send SET status = 'CLAIMED', attempt_id = $1, lease_until = $2 WHERE {chosen}"
        f" RETURNING {', '.join(ClaimedEmail._fields)}",
        attempt or new_id("att"),
        lease_until,
        sender_id,
        now,
        limit,
        *([list(excluded_ids)] if excluded_ids else []),
    )
    return read_claimed(rows)


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
        "UPDATE send SET status = 'FAILED', attempt_id = NULL, lease_until = NULL, due_at = $2, failed_at = $2,"
        f" reason = $4, detail = $5 WHERE id = $1 AND (({WAITING} AND due_at <= $2) OR ({CLAIMED_BY_ATTEMPT} $3))"
        " RETURNING id, workspace_id, enrollment_id, step_id, person_id",
        send_id,
        now,
        attempt,
        reason,
        detail,
    )
    return rows[0] if rows else None


async def still_claimed(sends: Sequence[ClaimedEmail]) -> set[str]:
    """Return the ids of sends that are still claimed by their attempts."""
    records = Records({"id": "text", "attempt": "text"}, [(send.id, send.attempt_id) for send in sends])
    rows = await execute(
        f"SELECT send.id FROM send, {records.table(1, fenced=True)}"
        " WHERE send.id = r.id AND send.attempt_id = r.attempt AND send.status || '' = 'CLAIMED'",
        records,
    )
    return {row["id"] for row in rows}


async def release_expired_claims(
    real_now: datetime, ids: Sequence[str] | None = None, excluded_ids: Sequence[str] = ()
) -> Sequence[Row]:
    """Release expired claims: of all emails, or of ``ids``, except ``excluded_ids``. Returns the emails."""
    if ids is not None:
        return await _release_where(f"send.lease_until < $1 AND {in_list('send.id', 2)}", real_now, list(ids))
    if excluded_ids:
        return await _release_where(
            f"send.lease_until < $1 AND NOT ({in_list('send.id', 2)})", real_now, list(excluded_ids)
        )
    return await _release_where("send.lease_until < $1", real_now)


@retry_on_deadlock
async def release_claims(column: ClaimColumn, ids: Sequence[str]) -> int:
    """Release the claims of some workspaces, senders, people or steps, so that their emails are rendered again.

    Call it after the change is committed, so that the next claim reads the change. Returns the number of emails.

    A read first looks for claims, because on SQLite an update waits for the writes of jobs and of dispatch, even if it
    finds nothing. A claim that is committed after that read loads its rows after the change.
    """
    condition = in_list(f"send.{column}", 1)
    if not await execute(f"SELECT 1 AS found FROM send WHERE {CLAIMED} AND {condition} LIMIT 1", list(ids)):
        return 0
    return len(await _release_where(condition, list(ids)))


async def _release_where(condition: str, *values: Any) -> Sequence[Row]:
    claimed = f"{CLAIMED} AND {condition}"
    return await execute(
        f"{with_paused_campaigns(claimed, one_off=True)} UPDATE send SET status = {UNSENT_STATUS},"
        " held = campaign_pause.paused, attempt_id = NULL, lease_until = NULL FROM campaign_pause"
        f" WHERE send.id = campaign_pause.id AND {claimed} RETURNING send.id",
        *values,
    )
