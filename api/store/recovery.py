"""What a restored backup does not know: which emails left, and which jobs went on, after it was made."""

from collections.abc import Sequence
from datetime import datetime

from api.store.sql import Row, among, instant, run

REAL = "workspace_id IN (SELECT id FROM workspace WHERE NOT sandbox)"
UNSENT = "status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING')"


async def newest_event() -> datetime | None:
    """Return when the last event of a workspace in real time was written, UTC."""
    newest = "(SELECT at FROM event WHERE workspace_id = workspace.id ORDER BY id DESC LIMIT 1)"
    rows = await run(f"SELECT {newest} AS at FROM workspace WHERE NOT sandbox")
    return max((instant(row["at"]) for row in rows if row["at"] is not None), default=None)


async def workspaces() -> list[str]:
    """Return the workspaces whose emails leave: all but sandboxes."""
    return [row["id"] for row in await run("SELECT id FROM workspace WHERE NOT sandbox ORDER BY id")]


async def unsent(workspace_id: str, until: datetime, after: str, emails: int) -> list[str]:
    """Return the ids of the next unsent emails that were due by ``until`` (UTC), in the order of their ids."""
    rows = await run(
        f"SELECT id FROM send WHERE workspace_id = $1 AND {UNSENT} AND due_at <= $2 AND id > $3 ORDER BY id LIMIT $4",
        workspace_id,
        until,
        after,
        emails,
    )
    return [row["id"] for row in rows]


async def doubt(ids: list[str], reason: str, detail: str) -> Sequence[Row]:
    """Put unsent emails in doubt. Returns them."""
    return await run(
        "UPDATE send SET status = 'IN_DOUBT', held = false, attempt_id = NULL, lease_until = NULL,"
        f" reason = $2, detail = $3 WHERE {among('id', 1)} AND {UNSENT}"
        " RETURNING id, workspace_id, enrollment_id, step_id, person_id, due_at",
        ids,
        reason,
        detail,
    )


async def pause_launches() -> int:
    """Pause every launch in the background. Returns how many were running."""
    rows = await run(
        "UPDATE launch SET status = 'PAUSED', paused_with_campaign = false, lease_until = NULL"
        f" WHERE status = 'RUNNING' AND {REAL} RETURNING id"
    )
    return len(rows)


async def running_launches() -> int:
    """Count the launches in the background that enroll people."""
    (row,) = await run(f"SELECT count(*) AS found FROM launch WHERE status = 'RUNNING' AND {REAL}")
    return int(row["found"])


async def open_tasks() -> int:
    """Count the tasks that are open."""
    (row,) = await run(f"SELECT count(*) AS found FROM task WHERE status = 'OPEN' AND {REAL}")
    return int(row["found"])
