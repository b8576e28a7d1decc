"""The history that send options can read: the results of a workspace's campaign emails, by hour of the week.

A count is a row that never changes. A launch reads the latest one before it, so that everything that is calculated for
its people later has the same history. A count is deleted when nobody needs it any more.
"""

import json
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.ids import new_id
from api.states import OPEN_LAUNCH_STATUSES
from api.store.engine.sql import Row, execute, in_byte_order, in_list, instant


class StoredHistory(NamedTuple):
    """One count: when it was made (UTC), and its numbers as JSON."""

    counted_at: datetime
    counts: str


class Place(NamedTuple):
    """The last email of a page: when it was sent, as the database returns it, and its id."""

    sent_at: Any
    id: str


async def histories(workspace_id: str) -> list[StoredHistory]:
    """Return all counts of a workspace, the oldest first."""
    rows = await execute(
        "SELECT counted_at, counts FROM send_history WHERE workspace_id = $1 ORDER BY counted_at", workspace_id
    )
    return [StoredHistory(instant(row["counted_at"]), row["counts"]) for row in rows]


async def history_before(workspace_id: str, at: datetime) -> list[StoredHistory]:
    """Return the latest count of a workspace before a time (UTC), if there is one."""
    rows = await execute(
        "SELECT counted_at, counts FROM send_history WHERE workspace_id = $1 AND counted_at < $2"
        " ORDER BY counted_at DESC LIMIT 1",
        workspace_id,
        at,
    )
    return [StoredHistory(instant(row["counted_at"]), row["counts"]) for row in rows]


async def last_checked() -> dict[str, datetime]:
    """Return when the emails of each workspace were counted last (UTC), by workspace id."""
    rows = await execute("SELECT workspace_id, max(checked_at) AS at FROM send_history GROUP BY workspace_id")
    return {row["workspace_id"]: instant(row["at"]) for row in rows}


async def store_history(workspace_id: str, counts: Sequence[Sequence[int]], at: datetime) -> None:
    """Store a count that was made at a time (UTC), if it differs from the last one."""
    text, earlier = json.dumps(counts), await histories(workspace_id)
    if earlier and earlier[-1].counts == text:
        await execute(
            "UPDATE send_history SET checked_at = $2 WHERE workspace_id = $1 AND counted_at = $3",
            workspace_id,
            at,
            earlier[-1].counted_at,
        )
        return
    await execute(
        "INSERT INTO send_history (id, workspace_id, counted_at, checked_at, counts) VALUES ($1, $2, $3, $3, $4)"
        " ON CONFLICT (workspace_id, counted_at) DO NOTHING",
        new_id("hst"),
        workspace_id,
        at,
        text,
    )


async def sent_emails(
    workspace_id: str, since: datetime, after: Place | None, *, archived: bool, emails: int
) -> Sequence[Row]:
    """Return the next campaign emails that a workspace has sent since a time, in the order of their sending.

    Each has ``id``, ``zone``, ``sent_at``, and whether it was ``opened``, ``clicked`` and ``replied`` (0 or 1).
    """
    order = in_byte_order("send.id")
    values = (since,) if after is None else after
    later = "sent_at >= $4" if after is None else f"(sent_at, {order}) > ($4, $5)"
    return await execute(
        "SELECT send.id AS id, zone, sent_at, CASE WHEN opens > 0 THEN 1 ELSE 0 END AS opened,"
        " CASE WHEN clicks > 0 THEN 1 ELSE 0 END AS clicked,"
        " CASE WHEN replied_at IS NULL THEN 0 ELSE 1 END AS replied, enrollment_id IS NOT NULL AS of_campaign"
        " FROM send LEFT JOIN engagement ON engagement.id = send.id"
        f" WHERE send.workspace_id = $1 AND status = 'SENT' AND archived = $2 AND sent_at IS NOT NULL AND {later}"
        f" ORDER BY sent_at, {order} LIMIT $3",
        workspace_id,
        archived,
        emails,
        *values,
    )


async def launch_times(workspace_id: str, own_options: Sequence[str]) -> list[datetime]:
    """Return when people were launched (UTC) who are active in campaigns with an option of a package, and launches
    that still enroll people.

    ``own_options`` are the keys of Touchline's own options, which read no history.
    """
    campaigns = await execute(
        "SELECT id FROM campaign WHERE workspace_id = $1 AND launched_at IS NOT NULL AND finished_at IS NULL"
        " AND EXISTS (SELECT 1 FROM step WHERE step.campaign_id = campaign.id AND removed_at IS NULL"
        f" AND send_option IS NOT NULL AND NOT ({in_list('send_option', 2)}))",
        workspace_id,
        list(own_options),
    )
    launches = await execute(
        "SELECT DISTINCT coalesce(resumed_at, launched_at) AS launched_at FROM launch WHERE workspace_id = $1"
        f" AND {in_list('status', 2)}",
        workspace_id,
        [str(status) for status in OPEN_LAUNCH_STATUSES],
    )
    found = {instant(row["launched_at"]) for row in launches}
    for campaign in campaigns:
        rows = await execute(
            "SELECT DISTINCT launched_at FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL", campaign["id"]
        )
        found |= {instant(row["launched_at"]) for row in rows}
    return sorted(found)


async def workspaces_with_history() -> list[str]:
    """Return the workspaces that have a count."""
    rows = await execute("SELECT DISTINCT workspace_id FROM send_history")
    return sorted(row["workspace_id"] for row in rows)


async def delete_unneeded(workspace_id: str, launched: Sequence[datetime], before: datetime) -> int:
    """Delete the counts before a time (UTC) that nobody who was launched at these times reads. Returns how many.

    The latest count of the workspace stays.
    """
    times = [each.counted_at for each in await histories(workspace_id)]
    needed = {bisect_left(times, at) - 1 for at in launched}
    unneeded = [at for number, at in enumerate(times[:-1]) if at < before and number not in needed]
    for at in unneeded:
        await execute("DELETE FROM send_history WHERE workspace_id = $1 AND counted_at = $2", workspace_id, at)
    return len(unneeded)
