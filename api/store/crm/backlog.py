"""How many changes wait for the CRM, by kind."""

from typing import NamedTuple

from api.crm_task_states import CrmChangeKind
from api.store.engine.sql import execute


class KindBacklog(NamedTuple):
    """The changes of one kind that wait, and those that have failed and wait for a user."""

    kind: CrmChangeKind
    waiting: int
    failed: int


async def backlog_by_kind(workspace_id: str) -> list[KindBacklog]:
    """Return the backlog of each kind, also of kinds without waiting changes."""
    rows = await execute(
        "SELECT kind, count(*) FILTER (WHERE state = 'WAITING') AS waiting,"
        " count(*) FILTER (WHERE state = 'FAILED') AS failed FROM crm_change WHERE workspace_id = $1 GROUP BY kind",
        workspace_id,
    )
    found = {row["kind"]: row for row in rows}
    return [
        KindBacklog(kind, *((found[kind]["waiting"], found[kind]["failed"]) if kind in found else (0, 0)))
        for kind in CrmChangeKind
    ]
