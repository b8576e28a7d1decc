"""Addresses that have unsubscribed while the workspace was not connected: no trigger has noted them for the CRM."""

from datetime import datetime, timedelta

from api.crm_task_states import CrmChangeKind
from api.store.crm import changes
from api.store.engine.sql import execute

MARGIN = timedelta(minutes=1)
"""How much earlier the search begins: times of changes have whole seconds, and clocks differ."""


async def add(workspace_id: str, since: datetime, now: datetime) -> None:
    """Queue the opt-outs that have changed since a time (UTC) for the CRM. Call it in the transaction that connects."""
    rows = await execute(
        "SELECT DISTINCT suppression_id FROM suppression_change WHERE workspace_id = $1 AND at >= $2"
        " AND source <> 'CRM' AND (kind = 'UNSUBSCRIBED' OR source = 'UNDO')",
        workspace_id, since - MARGIN,
    )  # fmt: skip
    if rows:
        await changes.add(workspace_id, CrmChangeKind.OPT_OUT, [row["suppression_id"] for row in rows], now)
