"""The send ledger's transitions. Each is one conditional UPDATE, fenced on the attempt that owns the send."""

from datetime import datetime, timedelta
from typing import Any

from tortoise.connection import get_connection
from tortoise.functions import Min

from api.ids import new_id
from api.models import Send, Task
from api.states import WAITING_STATUSES, SendStatus, TaskStatus
from api.store.database import is_postgres

LEASE = timedelta(minutes=30)
"""How long a claim holds: longer than any batch takes, short enough that a crash is noticed."""

CLAIM = """
UPDATE send SET status = 'CLAIMED', attempt_id = {p1}, lease_until = {p2}
WHERE id IN (
    SELECT id FROM send WHERE status IN ('SCHEDULED', 'DEFERRED') AND due_at <= {p3} AND {scope}
    ORDER BY due_at, id LIMIT {limit} {lock}
) RETURNING id
"""


async def claim(now: datetime, real_now: datetime, limit: int, workspace_id: str | None) -> tuple[str, list[Send]]:
    """Take up to ``limit`` due sends, of a sandbox's workspace or of all real ones. Returns the attempt and the sends.

    ``now`` decides what is due, ``real_now`` when the lease expires: a sandbox's clock is not the machine's.
    """
    attempt = new_id("att")
    postgres = is_postgres()
    holders = ("$1", "$2", "$3", "$4") if postgres else ("?", "?", "?", "?")
    statement = CLAIM.format(
        p1=holders[0],
        p2=holders[1],
        p3=holders[2],
        scope=f"workspace_id = {holders[3]}" if workspace_id else "NOT sandbox",
        limit=int(limit),
        lock="FOR UPDATE SKIP LOCKED" if postgres else "",
    )
    instants = [real_now + LEASE, now] if postgres else [str(real_now + LEASE), str(now)]
    values: list[Any] = [attempt, *instants, *([workspace_id] if workspace_id else [])]
    rows = await get_connection("default").execute_query_dict(statement, values)
    sends = await Send.filter(id__in=[row["id"] for row in rows]).order_by("due_at", "id") if rows else []
    return attempt, sends


async def next_due(workspace_id: str | None) -> datetime | None:
    """Return the earliest instant at which something is due: an email, or the expiry of a task."""
    about: dict[str, Any] = {"workspace_id": workspace_id} if workspace_id else {"sandbox": False}
    send = await Send.filter(status__in=WAITING_STATUSES, **about).annotate(first=Min("due_at")).values("first")
    task = (
        await Task.filter(status=TaskStatus.OPEN, expires_at__isnull=False, **about)
        .annotate(first=Min("expires_at"))
        .values("first")
    )
    moments = [row["first"] for row in (*send, *task) if row["first"] is not None]
    return min(moments, default=None)


async def begin_transmission(send: Send, attempt: str) -> bool:
    """Commit that the email is about to leave. False when the send is no longer this attempt's."""
    changed = await Send.filter(id=send.id, attempt_id=attempt, status=SendStatus.CLAIMED).update(
        status=SendStatus.TRANSMITTING
    )
    return changed == 1


async def settle(send: Send, attempt: str, **values: Any) -> bool:
    """Write what became of an attempt. False when the send is no longer this attempt's."""
    changed = await Send.filter(
        id=send.id, attempt_id=attempt, status__in=(SendStatus.CLAIMED, SendStatus.TRANSMITTING)
    ).update(attempt_id=None, lease_until=None, **values)
    return changed == 1


async def expired_leases(real_now: datetime) -> tuple[int, list[Send]]:
    """Give back claims that expired; return how many, and the transmissions that nobody finished: in doubt now."""
    released = await Send.filter(status=SendStatus.CLAIMED, lease_until__lt=real_now).update(
        status=SendStatus.SCHEDULED, attempt_id=None, lease_until=None
    )
    lost = await Send.filter(status=SendStatus.TRANSMITTING, lease_until__lt=real_now)
    doubted = []
    for send in lost:
        changed = await Send.filter(id=send.id, status=SendStatus.TRANSMITTING, attempt_id=send.attempt_id).update(
            status=SendStatus.IN_DOUBT,
            attempt_id=None,
            lease_until=None,
            reason="IN_DOUBT",
            detail="The process stopped while this email was being handed over. It may or may not have arrived.",
        )
        if changed:
            doubted.append(send)
    return released, doubted
