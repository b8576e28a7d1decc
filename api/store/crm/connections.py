"""Connections to CRMs: find them, and write whether they work."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from api.crm_states import CrmState
from api.models import CrmConnection
from api.store.engine.sql import execute

ACTIVE = "state <> 'DISCONNECTED'"


async def connection_of(workspace_id: str, sender_id: str | None = None) -> CrmConnection | None:
    """Return the connection of a workspace, or of one of its senders, that is not disconnected."""
    return await (
        CrmConnection.filter(workspace_id=workspace_id, sender_id=sender_id)
        .exclude(state=CrmState.DISCONNECTED)
        .first()
    )


async def connections_of(workspace_id: str) -> Sequence[CrmConnection]:
    """Return the connections of a workspace and of its senders that are not disconnected, the oldest first."""
    return await CrmConnection.filter(workspace_id=workspace_id).exclude(state=CrmState.DISCONNECTED).order_by("id")


async def earlier_connection(workspace_id: str, sender_id: str | None, crm: str, org_id: str) -> CrmConnection | None:
    """Return the connection to an organization, disconnected or not: the latest one."""
    rows = CrmConnection.filter(workspace_id=workspace_id, sender_id=sender_id, crm=crm, org_id=org_id)
    return await rows.order_by("-id").first()


async def last_disconnected(workspace_id: str) -> CrmConnection | None:
    """Return the workspace's own connection that was disconnected last."""
    rows = CrmConnection.filter(workspace_id=workspace_id, sender_id=None, state=CrmState.DISCONNECTED)
    return await rows.order_by("-disconnected_at").first()


async def set_works(connection_id: str) -> bool:
    """Write that a connection works. Returns whether it failed before. One that is paused stays so."""
    rows = await execute(
        "UPDATE crm_connection SET state = 'CONNECTED', code = '', detail = '', failures = 0, failing_since = NULL,"
        " retry_at = NULL WHERE id = $1 AND (state = 'FAILING' OR (state = 'CONNECTED' AND failures > 0)) RETURNING id",
        connection_id,
    )
    return bool(rows)


async def set_failed(
    connection_id: str, state: CrmState, code: str, detail: str, now: datetime, retry_at: datetime | None
) -> int:
    """Write a failure of a connection that is CONNECTED or FAILING. Returns the failures in a row; 0 for others."""
    rows = await execute(
        "UPDATE crm_connection SET state = $2, code = $3, detail = $4, failures = failures + 1,"
        " failing_since = coalesce(failing_since, $5), retry_at = $6"
        " WHERE id = $1 AND state IN ('CONNECTED', 'FAILING') RETURNING failures",
        connection_id, state.value, code, detail, now, retry_at,
    )  # fmt: skip
    return int(rows[0]["failures"]) if rows else 0


async def set_synced(connection_id: str, now: datetime) -> None:
    """Write that everything was in sync at ``now`` (UTC)."""
    await execute("UPDATE crm_connection SET synced_at = $2 WHERE id = $1", connection_id, now)


async def set_paused(connection_id: str) -> bool:
    """Pause a connection. Returns False if it is disconnected."""
    rows = await execute(
        f"UPDATE crm_connection SET state = 'PAUSED' WHERE id = $1 AND {ACTIVE} RETURNING id", connection_id
    )
    return bool(rows)


async def set_retried(connection_id: str) -> bool:
    """Make a connection usable at once, also a paused one. Returns False if it is disconnected."""
    rows = await execute(
        "UPDATE crm_connection SET state = CASE WHEN failures > 0 THEN 'FAILING' ELSE 'CONNECTED' END, retry_at = NULL"
        f" WHERE id = $1 AND {ACTIVE} RETURNING id",
        connection_id,
    )
    return bool(rows)


async def set_disconnected(connection_id: str, now: datetime, keep_until: datetime | None) -> bool:
    """Delete the secrets of a connection, and write that it is disconnected. Returns False if it was so before."""
    rows = await execute(
        "UPDATE crm_connection SET state = 'DISCONNECTED', secrets = '', secrets_number = secrets_number + 1,"
        " renewing_by = NULL, renewing_until = NULL, code = '', detail = '', failures = 0, failing_since = NULL,"
        f" retry_at = NULL, disconnected_at = $2, keep_until = $3 WHERE id = $1 AND {ACTIVE} RETURNING id",
        connection_id, now, keep_until,
    )  # fmt: skip
    return bool(rows)


async def all_secrets() -> Sequence[Mapping[str, Any]]:
    """Return id, secrets and their number of every connection that has secrets, and those of logins (number null)."""
    return await execute(
        "SELECT id, secrets, secrets_number FROM crm_connection WHERE secrets <> ''"
        " UNION ALL SELECT id, secrets, NULL FROM crm_login ORDER BY id"
    )
