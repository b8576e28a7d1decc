"""The keys of requests that clients may repeat. The unique index lets one of two concurrent requests commit."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from api.ids import new_id
from api.store.engine.sql import document, execute


class StoredRequest(NamedTuple):
    """A request that was carried out: the digest of its input, and the ids of the rows that it created."""

    digest: str
    result_ids: Sequence[str]


async def find(workspace_id: str, operation: str, key: str) -> StoredRequest | None:
    """Return the request that was carried out with a key."""
    rows = await execute(
        "SELECT digest, result_ids FROM request_key WHERE workspace_id = $1 AND operation = $2 AND key = $3",
        workspace_id,
        operation,
        key,
    )
    return StoredRequest(rows[0]["digest"], document(rows[0]["result_ids"])) if rows else None


async def store(workspace_id: str, operation: str, key: str, request: StoredRequest, now: datetime) -> bool:
    """Store a request. Returns False if its key is in use. Waits for a concurrent transaction with the same key.

    Call in the transaction of the request's changes. ``now`` is real time (UTC).
    """
    rows = await execute(
        "INSERT INTO request_key (id, workspace_id, operation, key, digest, result_ids, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (workspace_id, operation, key) DO NOTHING RETURNING id",
        new_id("key"), workspace_id, operation, key, request.digest, json.dumps(list(request.result_ids)), now,
    )  # fmt: skip
    return bool(rows)


async def delete_before(at: datetime) -> None:
    """Delete the keys of requests before a time (UTC)."""
    await execute("DELETE FROM request_key WHERE created_at < $1", at)
