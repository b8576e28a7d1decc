"""Bulk actions in the background: the items of each, numbered from 1, and how far the action is."""

import json
from collections.abc import Sequence
from datetime import datetime

from api.command_center import BulkActionStatus
from api.ids import new_id
from api.store.engine.sql import execute, numbered

KEPT_REFUSALS = 10_000
"""The most refusals of one bulk action that are kept. The others are only counted."""


async def store_items(action_id: str, item_ids: Sequence[str], already: int) -> None:
    """Store these ids, in their order, as items of an action, after the first ``already`` items."""
    await execute(
        "INSERT INTO bulk_item (bulk_action_id, position, item_id)"
        f" SELECT $1, $2 + number, value FROM {numbered('$3')}",
        action_id,
        already,
        list(item_ids),
    )


async def next_items(action_id: str, processed: int, limit: int) -> list[str]:
    """Return the ids of the items after the first ``processed``."""
    rows = await execute(
        "SELECT item_id FROM bulk_item WHERE bulk_action_id = $1 AND position > $2 AND position <= $3"
        " ORDER BY position",
        action_id,
        processed,
        processed + limit,
    )
    return [row["item_id"] for row in rows]


async def mark_processed(action_id: str, processed: int, *, done: bool) -> bool:
    """Store that one more item is processed, and lock the action until the transaction ends.

    Returns False if the action has been cancelled, or another process has processed the item.
    """
    rows = await execute(
        "UPDATE bulk_action SET processed = processed + 1, done = done + $3"
        " WHERE id = $1 AND processed = $2 AND status = 'RUNNING' RETURNING id",
        action_id,
        processed,
        int(done),
    )
    return bool(rows)


async def store_refusal(
    action_id: str, workspace_id: str, item_id: str, code: str, message: str, path: Sequence[str]
) -> None:
    """Store why an item was not changed, unless there are KEPT_REFUSALS already."""
    await execute(
        "INSERT INTO bulk_refusal (id, workspace_id, bulk_action_id, item_id, code, message, path)"
        " SELECT $1, $2, id, $4, $5, $6, $7 FROM bulk_action WHERE id = $3 AND processed - done <= $8",
        new_id("brf"), workspace_id, action_id, item_id, code, message, json.dumps(list(path)), KEPT_REFUSALS,
    )  # fmt: skip


async def end(action_id: str, status: BulkActionStatus, now: datetime, problem: str | None = None) -> bool:
    """End a running action, and delete its remaining items. Returns False if it has ended before."""
    rows = await execute(
        "UPDATE bulk_action SET status = $2, finished_at = $3, problem = coalesce($4, problem)"
        " WHERE id = $1 AND status = 'RUNNING' RETURNING id",
        action_id,
        status.value,
        now,
        problem,
    )
    if rows:
        await execute("DELETE FROM bulk_item WHERE bulk_action_id = $1", action_id)
    return bool(rows)


async def delete_ended_before(workspace_id: str, at: datetime) -> None:
    """Delete the actions of a workspace that ended before a time (UTC), with their refusals."""
    await execute("DELETE FROM bulk_action WHERE workspace_id = $1 AND finished_at < $2", workspace_id, at)
