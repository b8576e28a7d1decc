"""Which enrollments have come to their end."""

from datetime import datetime
from typing import Any

from api.store.database import is_postgres
from api.store.sql import among, run


async def finish(enrollment_ids: list[str], now: datetime) -> list[dict[str, Any]]:
    """Finish those of which nothing is pending, no task is open, and every step was reached. Returns them."""
    mine = among("id", 1)
    if is_postgres():
        # One after the other: two last emails that are settled side by side would not see each other.
        await run(f"SELECT id FROM enrollment WHERE {mine} ORDER BY id FOR UPDATE", sorted(set(enrollment_ids)))
    return await run(
        f"UPDATE enrollment SET status = 'FINISHED', ended_at = $2 WHERE {mine} AND status = 'ACTIVE'"
        " AND NOT EXISTS (SELECT 1 FROM send WHERE enrollment_id = enrollment.id"
        " AND send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING'))"
        " AND NOT EXISTS (SELECT 1 FROM task WHERE enrollment_id = enrollment.id AND done_at IS NULL)"
        " AND (SELECT count(*) FROM send WHERE enrollment_id = enrollment.id AND NOT by_hand)"
        " + (SELECT count(*) FROM task WHERE enrollment_id = enrollment.id)"
        " >= (SELECT count(*) FROM step WHERE step.campaign_id = enrollment.campaign_id)"
        " RETURNING id, workspace_id, campaign_id, person_id",
        sorted(set(enrollment_ids)),
        now,
    )
