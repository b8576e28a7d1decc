"""How many calls to a CRM's API were made, and its limit. All processes share them in the row of the connection."""

from datetime import datetime

from api.store.engine.sql import execute

RUNNING = "state IN ('CONNECTED', 'FAILING', 'RECONNECT')"
BELOW_SHARE = "(api_limit IS NULL OR coalesce(api_used, 0) * 100 < api_limit * $2)"


async def count_call(connection_id: str, share: int, now: datetime) -> bool:
    """Count one call. Returns False, and counts nothing, if ``share`` percent of the limit are used."""
    rows = await execute(
        "UPDATE crm_connection SET api_used = coalesce(api_used, 0) + 1, api_counted_at = $3 WHERE id = $1"
        f" AND {RUNNING} AND {BELOW_SHARE} RETURNING id",
        connection_id, share, now,
    )  # fmt: skip
    return bool(rows)


async def count_probe(connection_id: str, now: datetime, counted_before: datetime) -> bool:
    """Count a call that queries the API use, unless the CRM has reported it since ``counted_before`` (UTC)."""
    rows = await execute(
        "UPDATE crm_connection SET api_used = coalesce(api_used, 0) + 1, api_counted_at = $2"
        f" WHERE id = $1 AND {RUNNING} AND (api_counted_at IS NULL OR api_counted_at <= $3 OR api_counted_at > $2)"
        " RETURNING id",
        connection_id, now, counted_before,
    )  # fmt: skip
    return bool(rows)


async def is_running(connection_id: str) -> bool:
    """Say whether a connection can be used: it is neither paused nor disconnected."""
    return bool(await execute(f"SELECT id FROM crm_connection WHERE id = $1 AND {RUNNING}", connection_id))


async def store_use(connection_id: str, used: int, limit: int, at: datetime) -> None:
    """Store the API use and the limit that the CRM reported at ``at`` (UTC).

    If a call was counted since, the CRM may not have counted it yet. Then the larger number stays.
    """
    await execute(
        "UPDATE crm_connection SET api_limit = $3, api_used = CASE WHEN api_used IS NULL OR api_used < $2 OR"
        " api_counted_at < $4 THEN $2 ELSE api_used END,"
        " api_counted_at = CASE WHEN api_counted_at > $4 THEN api_counted_at ELSE $4 END WHERE id = $1",
        connection_id, used, limit, at,
    )  # fmt: skip
