"""The send ledger's transitions. Each is one conditional UPDATE, fenced on the attempt that owns the send.

What would wait again goes on hold where its campaign is paused. Each statement asks that of the campaign's row and
keeps it so (on PostgreSQL) until it commits, so that a pause has happened before it, or happens after it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.ids import new_id
from api.states import WAITING_STATUSES
from api.store.database import is_postgres
from api.store.sql import among, instant, recordset, run

WAITING = "status IN ('SCHEDULED', 'DEFERRED') AND NOT held"
"""As the partial index has it, word by word."""
AGAIN = "CASE WHEN attempts > 0 THEN 'DEFERRED' ELSE 'SCHEDULED' END"
"""The status of a send that was claimed and did not leave."""
RESEND_AFTER = timedelta(minutes=15)
"""How long a doubt rests before a campaign's opt-in resends it: a server's late answer may still settle it."""

OUTCOME = {
    "id": "text",
    "attempt": "text",
    "status": "text",
    "due_at": "timestamptz",
    "attempts": "int",
    "reason": "text",
    "detail": "text",
    "sent_at": "timestamptz",
    "late": "boolean",
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A send that this process owns until its lease ends."""

    id: str
    attempt: str
    workspace_id: str
    enrollment_id: str
    step_id: str
    person_id: str
    sender_id: str
    sandbox: bool
    by_hand: bool
    subject: str | None
    html: str | None
    zone: str
    attempts: int
    due_at: datetime


def _whose(sends: str, condition: str, columns: str = "send.id", enrollment: str = "send.enrollment_id") -> str:
    """Return a table ``whose`` that says of sends whether their campaign is paused, and keeps that so."""
    lock = "FOR SHARE OF campaign" if is_postgres() else ""
    return (
        f"WITH whose AS (SELECT {columns}, campaign.paused_at IS NOT NULL AS paused FROM {sends}"
        f" JOIN enrollment ON enrollment.id = {enrollment}"
        f" JOIN campaign ON campaign.id = enrollment.campaign_id WHERE {condition} {lock})"
    )


async def claim(sender_id: str, now: datetime, lease_until: datetime, limit: int) -> list[Claimed]:
    """Take up to ``limit`` sends of a sender that are due at ``now``, the earliest first, for a new attempt."""
    attempt = new_id("att")
    row, lock = ("ctid", "FOR UPDATE SKIP LOCKED") if is_postgres() else ("rowid", "")
    first = f"SELECT {row} FROM send WHERE sender_id = $3 AND {WAITING} AND due_at <= $4 ORDER BY due_at, id LIMIT $5 {lock}"  # noqa: E501
    chosen = f"ctid = ANY(ARRAY({first}))" if is_postgres() else f"rowid IN ({first})"
    rows = await run(
        f"UPDATE send SET status = 'CLAIMED', attempt_id = $1, lease_until = $2 WHERE {chosen} RETURNING"
        " id, workspace_id, enrollment_id, step_id, person_id, sender_id, sandbox, by_hand, subject, html, zone,"
        " attempts, due_at",
        attempt,
        lease_until,
        sender_id,
        now,
        limit,
    )
    rows.sort(key=lambda found: (str(found["due_at"]), found["id"]))
    return [
        Claimed(
            **{name: value for name, value in found.items() if name not in {"due_at", "sandbox", "by_hand"}},
            attempt=attempt,
            sandbox=bool(found["sandbox"]),
            by_hand=bool(found["by_hand"]),
            due_at=instant(found["due_at"]),
        )
        for found in rows
    ]


async def begin_transmission(sends: Iterable[tuple[Claimed, str]], lease_until: datetime) -> set[str]:
    """Commit that emails are about to leave, with their Message-IDs. Returns the ids of those that may.

    Not those that are no longer their attempt's, whose person has unsubscribed, or whose campaign has ended; and
    where it is paused, they are put on hold here, so that nobody claims them again.
    """
    rows = [
        {"id": send.id, "attempt": send.attempt, "enrollment": send.enrollment_id, "message_id": message_id}
        for send, message_id in sends
    ]
    given = recordset(1, {"id": "text", "attempt": "text", "enrollment": "text", "message_id": "text"})
    may = "enrollment.status IN ('ACTIVE', 'FINISHED')"
    whose = _whose(given, may, "r.id, r.attempt, r.message_id", "r.enrollment")
    began = await run(
        f"{whose} UPDATE send SET status = CASE WHEN whose.paused THEN {AGAIN} ELSE 'TRANSMITTING' END,"
        " held = whose.paused, attempt_id = CASE WHEN whose.paused THEN NULL ELSE attempt_id END, lease_until = $2,"
        " message_id = CASE WHEN whose.paused THEN send.message_id ELSE whose.message_id END"
        " FROM whose WHERE send.id = whose.id AND send.attempt_id = whose.attempt AND send.status = 'CLAIMED'"
        " AND EXISTS (SELECT 1 FROM person WHERE person.id = send.person_id AND unsubscribed_at IS NULL)"
        " RETURNING send.id, send.held",
        rows,
        lease_until,
    )
    return {row["id"] for row in began if not row["held"]}


async def settle(outcomes: list[Mapping[str, Any]]) -> set[str]:
    """Write what became of attempts (columns as in OUTCOME). Returns the ids of those that were still theirs.

    ``late`` lets an answer that comes after its lease settle a doubt, as long as no other attempt has begun.
    """
    table = recordset(1, OUTCOME)
    # Most have left, and no pause is of interest to them.
    again = any(outcome["status"] in WAITING_STATUSES for outcome in outcomes)
    whose = _whose(f"{table} JOIN send ON send.id = r.id", "r.status IN ('SCHEDULED', 'DEFERRED')") if again else ""
    held = "coalesce(whose.paused, false)" if again else "false"
    settled = await run(
        f"{whose} UPDATE send SET status = r.status, held = {held}, attempt_id = NULL,"
        " lease_until = NULL, due_at = coalesce(r.due_at, send.due_at), attempts = r.attempts, reason = r.reason,"
        " detail = r.detail, sent_at = r.sent_at"
        f" FROM {table} {'LEFT JOIN whose ON whose.id = r.id' if again else ''}"
        " WHERE send.id = r.id AND send.attempt_id = r.attempt"
        " AND (send.status IN ('CLAIMED', 'TRANSMITTING')"
        " OR (r.late AND send.status IN ('IN_DOUBT', 'SCHEDULED', 'DEFERRED')))"
        " RETURNING send.id",
        list(outcomes),
    )
    return {row["id"] for row in settled}


async def renew(attempts: list[str], lease_until: datetime) -> None:
    """Hold the leases of a process's own attempts for longer."""
    await run(
        f"UPDATE send SET lease_until = $2 WHERE {among('attempt_id', 1)} AND status IN ('CLAIMED', 'TRANSMITTING')",
        attempts,
        lease_until,
    )


async def release_expired(real_now: datetime) -> int:
    """Give back the claims of whoever stopped in the middle. Returns how many."""
    expired = "send.status = 'CLAIMED' AND send.lease_until < $1"
    rows = await run(
        f"{_whose('send', expired)} UPDATE send SET status = {AGAIN}, held = whose.paused, attempt_id = NULL,"
        f" lease_until = NULL FROM whose WHERE send.id = whose.id AND {expired} RETURNING send.id",
        real_now,
    )
    return len(rows)


async def doubt_expired(real_now: datetime, reason: str, detail: str) -> list[dict[str, Any]]:
    """Put transmissions that nobody finished in doubt, and return them. Their attempt may still learn better."""
    return await run(
        "UPDATE send SET status = 'IN_DOUBT', lease_until = NULL, reason = $2, detail = $3, due_at = $4"
        " WHERE status = 'TRANSMITTING' AND lease_until < $1"
        " RETURNING id, workspace_id, enrollment_id, step_id, person_id, sandbox",
        real_now,
        reason,
        detail,
        real_now + RESEND_AFTER,
    )


async def resend_doubts(now: datetime, reason: str, detail: str) -> list[dict[str, Any]]:
    """Schedule again the doubts whose campaign allows it, up to its cap. Returns them."""
    rested = "send.status = 'IN_DOUBT' AND send.due_at <= $1"
    return await run(
        f"{_whose('send', f'{rested} AND send.doubts < campaign.in_doubt_resends')}"
        " UPDATE send SET status = 'DEFERRED', held = whose.paused, doubts = doubts + 1, reason = $2, detail = $3"
        f" FROM whose WHERE send.id = whose.id AND {rested}"
        " RETURNING send.id, send.workspace_id, send.enrollment_id, send.step_id, send.person_id, send.doubts",
        now,
        reason,
        detail,
    )


async def first_due(workspace_id: str | None) -> list[dict[str, Any]]:
    """Return each sender that has a waiting email, with when its first is due: a sandbox's, or all real ones."""
    where = "workspace_id = $1" if workspace_id else "workspace_id IN (SELECT id FROM workspace WHERE NOT sandbox)"
    first = f"SELECT min(due_at) FROM send WHERE send.sender_id = sender.id AND {WAITING}"
    rows = await run(
        f"SELECT * FROM (SELECT id, workspace_id, name, email, channel, channel_config, throttle_emails,"
        f" throttle_seconds, daily_cap, ({first}) AS first_due FROM sender WHERE {where}) AS found"
        " WHERE first_due IS NOT NULL ORDER BY first_due, id",
        *([workspace_id] if workspace_id else []),
    )
    for row in rows:
        row["first_due"] = instant(row["first_due"])
    return rows


async def next_expiry(workspace_id: str | None) -> datetime | None:
    """Return when the first open task expires."""
    where = "workspace_id = $1" if workspace_id else "NOT sandbox"
    (row,) = await run(
        f"SELECT min(expires_at) AS first FROM task WHERE status = 'OPEN' AND expires_at IS NOT NULL AND {where}",
        *([workspace_id] if workspace_id else []),
    )
    return instant(row["first"]) if row["first"] is not None else None
