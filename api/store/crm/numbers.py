"""Numbers of all CRM connections of the server, for /metrics."""

from dataclasses import dataclass
from datetime import datetime

from api.store.engine.sql import execute, instant_or_past


@dataclass(frozen=True, slots=True)
class CrmNumbers:
    """The changes that wait for CRMs, and the states of connections."""

    changes: dict[tuple[str, str], int]
    """Changes of connected workspaces that wait for the CRM, by kind and state (WAITING or FAILED).

    Changes that are kept after disconnecting do not count, because no process sends them.
    """
    failures: dict[str, int]
    """Changes whose last attempt failed, by category."""
    oldest_seconds: float
    """How long the oldest change has waited. Those that wait for a user do not count."""
    connections: dict[str, int]
    """Connections by state."""
    api_use: float
    """The largest share of a CRM's API limit that is used, from 0 to 1."""


async def crm_numbers(now: datetime) -> CrmNumbers:
    """Count the changes and connections of all workspaces. ``now`` is real time (UTC)."""
    rows = await execute(
        "SELECT kind, state, category, count(*) AS number, min(changed_at) AS oldest FROM crm_change"
        " WHERE workspace_id IN"
        " (SELECT workspace_id FROM crm_connection WHERE sender_id IS NULL AND state <> 'DISCONNECTED')"
        " GROUP BY kind, state, category"
    )
    changes: dict[tuple[str, str], int] = {}
    failures: dict[str, int] = {}
    oldest = now
    for row in rows:
        key = (row["kind"], row["state"])
        changes[key] = changes.get(key, 0) + int(row["number"])
        if row["category"]:
            failures[row["category"]] = failures.get(row["category"], 0) + int(row["number"])
        if row["state"] == "WAITING":
            oldest = min(oldest, instant_or_past(row["oldest"]))
    states = await execute("SELECT state, count(*) AS number FROM crm_connection GROUP BY state")
    use = await execute(
        "SELECT max(api_used * 1.0 / api_limit) AS share FROM crm_connection"
        " WHERE state <> 'DISCONNECTED' AND api_limit > 0"
    )
    return CrmNumbers(
        changes,
        failures,
        (now - oldest).total_seconds(),
        {row["state"]: int(row["number"]) for row in states},
        float(use[0]["share"] or 0),
    )
