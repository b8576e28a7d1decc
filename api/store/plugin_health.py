"""The health of plugins: one row for each plugin that has failed since the database was made."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.store.engine.sql import execute, instant_or_past

COLUMNS = "id, package, fault_code, fault_sentence, fault_at, faults, counted_from, pauses, paused_until"
TIMES = ("fault_at", "counted_from", "paused_until")


async def all_health() -> dict[str, dict[str, Any]]:
    """Return all rows by id."""
    return {row["id"]: _with_times(row) for row in await execute(f"SELECT {COLUMNS} FROM plugin_health")}


async def lock_health(plugin: str, package: str, code: str, sentence: str, now: datetime) -> dict[str, Any]:
    """Write the last fault of a plugin, and lock its row until the end of the transaction. Returns the row.

    The row has the time of the fault before this one; a new row has the time of this one.
    """
    rows = await execute(
        "INSERT INTO plugin_health (id, package, fault_code, fault_sentence, fault_at, faults, pauses)"
        " VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT (id) DO UPDATE SET package = excluded.package,"
        f" fault_code = excluded.fault_code, fault_sentence = excluded.fault_sentence RETURNING {COLUMNS}",
        plugin, package, code, sentence, now,
    )  # fmt: skip
    return _with_times(rows[0])


async def store_breaker(
    plugin: str,
    fault_at: datetime | None,
    faults: int,
    counted_from: datetime | None,
    pauses: int,
    paused_until: datetime | None,
) -> None:
    """Store the state of a breaker. Call in the transaction that has locked the row."""
    await execute(
        "UPDATE plugin_health SET fault_at = $2, faults = $3, counted_from = $4, pauses = $5, paused_until = $6"
        " WHERE id = $1",
        plugin, fault_at, faults, counted_from, pauses, paused_until,
    )  # fmt: skip


async def take_probe(plugin: str, now: datetime, until: datetime, longest: timedelta) -> bool:
    """Take the right to call a paused plugin once.

    Returns False if its pause is not over, or if another process was faster. A pause that ends later than any new one
    counts as over, because the clock was set back.
    """
    rows = await execute(
        "UPDATE plugin_health SET paused_until = $3 WHERE id = $1"
        " AND (paused_until <= $2 OR paused_until > $4) RETURNING id",
        plugin, now, until, now + 2 * longest,
    )  # fmt: skip
    return bool(rows)


async def end_pause(plugin: str) -> bool:
    """End the pause of a plugin that has answered again. Returns False if another process has done so."""
    rows = await execute(
        "UPDATE plugin_health SET paused_until = NULL, faults = 0, counted_from = NULL"
        " WHERE id = $1 AND paused_until IS NOT NULL RETURNING id",
        plugin,
    )
    return bool(rows)


async def campaigns_with_option(option: str) -> Sequence[Mapping[str, Any]]:
    """Return the id and the workspace of each campaign that has a step with this send option, and is not archived."""
    return await execute(
        "SELECT DISTINCT c.id, c.workspace_id FROM step AS s JOIN campaign AS c ON c.id = s.campaign_id"
        " WHERE s.send_option = $1 AND s.removed_at IS NULL AND c.archived_at IS NULL AND c.deleted_at IS NULL",
        option,
    )


def _with_times(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **{name: row[name] and instant_or_past(row[name]) for name in TIMES}}
