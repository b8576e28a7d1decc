"""The tasks of calls that are synced with the CRM: the call is logged in the task's own record."""

from collections.abc import Sequence
from typing import NamedTuple

from api.store.engine.sql import execute, in_list


class RemoteCall(NamedTuple):
    """The record of a call's task. ``is_pending``: the CRM does not have it yet."""

    remote_id: str | None
    is_pending: bool


async def remote_calls(org: str, task_ids: Sequence[str]) -> dict[str, RemoteCall]:
    """Return those of these tasks that are synced, and whose record the CRM has not lost."""
    rows = await execute(
        f"SELECT id, remote_id, state FROM crm_task WHERE org = $1 AND {in_list('id', 2)} AND state <> 'GONE'",
        org,
        list(task_ids),
    )
    return {row["id"]: RemoteCall(row["remote_id"], row["remote_id"] is None) for row in rows}
