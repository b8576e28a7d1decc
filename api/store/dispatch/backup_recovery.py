"""Recovery of a restored backup, which does not know what was sent or changed after it was made."""

from collections.abc import Sequence
from datetime import datetime

from api.store.engine.sql import Row, execute, in_byte_order, in_list, instant

IN_REAL_WORKSPACE = "workspace_id IN (SELECT id FROM workspace WHERE NOT sandbox)"
UNSENT = "('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING')"
UNSENT_OR_IN_DOUBT = "('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING', 'IN_DOUBT')"
OPEN_LAUNCH = "(status = 'RUNNING' OR status = 'PAUSED' AND paused_with_campaign)"
EXPIRING = "status = 'OPEN' AND expires_at <= $1"


async def newest_event(since: datetime, reason: str) -> datetime | None:
    """Return the time (UTC) of the last event of all workspaces except sandboxes.

    Events of an interrupted recovery do not count, so that it can be repeated. They begin with the first event at or
    after ``since`` that has the reason ``reason``.
    """
    recovered = (
        "coalesce((SELECT min(id) FROM event WHERE kind IN ('EMAIL_IN_DOUBT', 'EMAIL_SENT') AND at >= $1"
        " AND CAST(data AS TEXT) LIKE $2), 'zzz')"
    )
    newest = (
        f"(SELECT at FROM event WHERE workspace_id = workspace.id AND {in_byte_order('id')} < first.recovered"
        f" ORDER BY {in_byte_order('id')} DESC LIMIT 1)"
    )
    rows = await execute(
        f"WITH first AS (SELECT {recovered} AS recovered)"
        f" SELECT {newest} AS at FROM workspace CROSS JOIN first WHERE NOT sandbox",
        since,
        f"%{reason}%",
    )
    return max((instant(row["at"]) for row in rows if row["at"] is not None), default=None)


async def real_workspace_ids() -> list[str]:
    """Return the ids of all workspaces except sandboxes."""
    return [row["id"] for row in await execute("SELECT id FROM workspace WHERE NOT sandbox ORDER BY id")]


async def unsettled_emails(ids: list[str]) -> list[Row]:
    """Return those of these emails that are unsent or in doubt: id, workspace_id and due_at."""
    rows = await execute(
        f"SELECT id, workspace_id, due_at FROM send WHERE {in_list('id', 1)}"
        f" AND status IN {UNSENT_OR_IN_DOUBT} AND {IN_REAL_WORKSPACE} ORDER BY id",
        ids,
    )
    return list(rows)


async def possibly_sent_emails(workspace_id: str, until: datetime, reason: str, after: str, emails: int) -> list[Row]:
    """Return the next emails that may have been sent by ``until`` (UTC), in the order of their ids: id and status.

    These are unsent emails that were due by then, and emails in doubt for another reason than ``reason``, because the
    lost database may have settled or resent them.
    """
    rows = await execute(
        f"SELECT id, status FROM send WHERE workspace_id = $1 AND id > $4 AND (status IN {UNSENT} AND due_at <= $2"
        " OR status = 'IN_DOUBT' AND coalesce(reason, '') <> $3) ORDER BY id LIMIT $5",
        workspace_id,
        until,
        reason,
        after,
        emails,
    )
    return list(rows)


async def put_in_doubt(ids: list[str], reason: str, detail: str) -> Sequence[Row]:
    """Put unsent emails in doubt, and set the reason of emails that are already in doubt. Returns them."""
    return await execute(
        "UPDATE send SET status = 'IN_DOUBT', held = false, attempt_id = NULL, lease_until = NULL,"
        f" reason = $2, detail = $3 WHERE {in_list('id', 1)} AND status IN {UNSENT_OR_IN_DOUBT}"
        " RETURNING id, workspace_id, enrollment_id, step_id, person_id",
        ids,
        reason,
        detail,
    )


async def campaigns_with_open_edit() -> list[Row]:
    """Return the campaigns with an edit that has not been applied to all people: id and workspace_id."""
    return list(
        await execute(f"SELECT id, workspace_id FROM campaign WHERE editing AND {IN_REAL_WORKSPACE} ORDER BY id")
    )


async def pause_launches() -> int:
    """Pause all background launches, including those that would resume with their campaign. Returns their number."""
    rows = await execute(
        f"UPDATE launch SET status = 'PAUSED', paused_with_campaign = false WHERE {OPEN_LAUNCH} AND {IN_REAL_WORKSPACE}"
        " RETURNING id"
    )
    return len(rows)


async def count_open_launches() -> int:
    """Count the background launches that are running or would resume with their campaign."""
    (row,) = await execute(f"SELECT count(*) AS found FROM launch WHERE {OPEN_LAUNCH} AND {IN_REAL_WORKSPACE}")
    return int(row["found"])


async def expire_tasks(until: datetime) -> Sequence[Row]:
    """Mark open tasks as expired whose expiry time is ``until`` (UTC) or earlier. Returns them."""
    return await execute(
        f"UPDATE task SET status = 'EXPIRED' WHERE {EXPIRING} AND {IN_REAL_WORKSPACE}"
        " RETURNING id, workspace_id, enrollment_id, step_id, person_id, type,"
        " (SELECT campaign_id FROM enrollment WHERE enrollment.id = task.enrollment_id) AS campaign_id",
        until,
    )


async def count_expiring_tasks(until: datetime) -> int:
    """Count the open tasks whose expiry time is ``until`` (UTC) or earlier."""
    (row,) = await execute(f"SELECT count(*) AS found FROM task WHERE {EXPIRING} AND {IN_REAL_WORKSPACE}", until)
    return int(row["found"])


async def count_open_tasks() -> int:
    """Count the open tasks."""
    (row,) = await execute(f"SELECT count(*) AS found FROM task WHERE status = 'OPEN' AND {IN_REAL_WORKSPACE}")
    return int(row["found"])


async def note_in_connections(as_of: datetime) -> None:
    """Note in the connections to CRMs when the backup was made (UTC)."""
    await execute(f"UPDATE crm_connection SET restored_as_of = $1 WHERE {IN_REAL_WORKSPACE}", as_of)
