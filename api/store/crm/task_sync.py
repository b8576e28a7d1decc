"""How far the tasks of workspaces are synced with a CRM. While a row is on, triggers store changed tasks."""

from datetime import datetime

from api.models import CrmTaskSync
from api.store.engine.sql import execute

OPT_OUTS_OF_ORG = ", ".join(
    f"{name} = CASE WHEN crm_task_sync.org = excluded.org THEN crm_task_sync.{name} END"
    for name in ("opt_outs_since", "pulled_opt_outs_at", "all_opt_outs_at")
)
"""SQL: reset these columns if the organization is another one, because its opt-outs have not been read."""


async def turn_on(
    workspace_id: str, org: str, now: datetime, changes_since: datetime, deletions_since: datetime
) -> None:
    """Turn on the sync of tasks, if it is off or if the organization is another one."""
    await execute(
        "INSERT INTO crm_task_sync (id, org, is_on, began_at, changes_since, deletions_since)"
        " VALUES ($1, $2, true, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET org = excluded.org, is_on = true,"
        " began_at = excluded.began_at, ended_at = NULL, changes_since = excluded.changes_since,"
        " deletions_since = excluded.deletions_since, pulled_at = NULL, pulled_deletions_at = NULL,"
        f" {OPT_OUTS_OF_ORG}"
        " WHERE NOT crm_task_sync.is_on OR crm_task_sync.org <> excluded.org",
        workspace_id, org, now, changes_since, deletions_since,
    )  # fmt: skip


async def look_back(workspace_id: str, changes_since: datetime, deletions_since: datetime) -> None:
    """Make the next round read the changes and deletions in the CRM since these times (by its clock) again."""
    await execute(
        "UPDATE crm_task_sync SET changes_since = $2, deletions_since = $3, pulled_at = NULL,"
        " pulled_deletions_at = NULL WHERE id = $1",
        workspace_id, changes_since, deletions_since,
    )  # fmt: skip


async def turn_off(workspace_id: str, org: str | None, now: datetime) -> None:
    """Turn off the sync of tasks. Triggers do not store new tasks any more. Opt-outs of ``org`` are still pulled."""
    await execute(
        "UPDATE crm_task_sync SET is_on = false, ended_at = $2 WHERE id = $1 AND is_on", workspace_id, now
    )  # fmt: skip
    if org is not None:
        await execute(
            "INSERT INTO crm_task_sync (id, org, is_on, began_at, changes_since, deletions_since)"
            " VALUES ($1, $2, false, $3, $3, $3) ON CONFLICT (id) DO UPDATE SET org = excluded.org,"
            f" {OPT_OUTS_OF_ORG} WHERE crm_task_sync.org <> excluded.org",
            workspace_id, org, now,
        )  # fmt: skip


async def state_of(workspace_id: str) -> CrmTaskSync | None:
    """Return how far the tasks of a workspace are synced; None if they were never synced."""
    return await CrmTaskSync.get_or_none(id=workspace_id)


async def pulled(workspace_id: str, changes_since: datetime, now: datetime) -> None:
    """Store that all changes in the CRM before a time by its clock are known."""
    await execute(
        "UPDATE crm_task_sync SET changes_since = $2, pulled_at = $3 WHERE id = $1", workspace_id, changes_since, now
    )


async def pulled_deletions(workspace_id: str, deletions_since: datetime, now: datetime) -> None:
    """Store that all deletions in the CRM before a time by its clock are known."""
    await execute(
        "UPDATE crm_task_sync SET deletions_since = $2, pulled_deletions_at = $3 WHERE id = $1",
        workspace_id, deletions_since, now,
    )  # fmt: skip


async def pulled_opt_outs(
    workspace_id: str, opt_outs_since: datetime, now: datetime, all_opt_outs_at: datetime | None
) -> None:
    """Store that all changes of people in the CRM before a time by its clock are known.

    ``all_opt_outs_at`` is when all people who have opted out were last read (UTC).
    """
    await execute(
        "UPDATE crm_task_sync SET opt_outs_since = $2, pulled_opt_outs_at = $3, all_opt_outs_at = $4 WHERE id = $1",
        workspace_id, opt_outs_since, now, all_opt_outs_at,
    )  # fmt: skip


async def read_all_opt_outs(workspace_id: str) -> None:
    """Make the next round read all people who have opted out, because another field, user or setting applies now."""
    await execute(
        "UPDATE crm_task_sync SET pulled_opt_outs_at = NULL, all_opt_outs_at = NULL WHERE id = $1", workspace_id
    )


async def check_all(workspace_id: str, org: str, now: datetime) -> None:
    """Queue all tasks that an organization has, to compare them with their last synced values.

    Equal tasks cost no call. Tasks that it does not have are not queued: they are older than the sync of their
    assignee.
    """
    await execute(
        "INSERT INTO crm_change (id, workspace_id, kind, object_id, state, version, attempts, changed_at, next_at,"
        " category, code, detail) SELECT 'TASK:' || id, workspace_id, 'TASK', id, 'WAITING', 1, 0, $3, $3, '', '', ''"
        " FROM crm_task WHERE workspace_id = $1 AND org = $2 AND state IN ('SENDING', 'SYNCED')"
        " ON CONFLICT (id) DO NOTHING",
        workspace_id, org, now,
    )  # fmt: skip
