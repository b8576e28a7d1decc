"""Turn the sync of tasks on and off, by the connection and the settings of a workspace, and start its job."""

from datetime import datetime, timedelta

from api.models import CrmUser
from api.store import jobs
from api.store.crm import connections, settings, task_sync

CRM_SYNC_JOB = "crm_sync"
FIRST_PULL = timedelta(hours=24)
"""How far back the first sync pulls tasks of the CRM, as in Marketo's Sales Insight Actions."""
LOOK_BACK = timedelta(days=15)
"""How far back a sync that was on before pulls changes and deletions."""


async def refresh_sync(workspace_id: str, now: datetime) -> None:
    """Turn the sync of tasks on or off, and let the job of the CRM run. ``now`` is real time (UTC).

    Call it in the transaction that changes the connection, the settings or the users of the CRM. Existing tasks are not
    pushed when the sync is turned on, except changes of tasks that were synced before.
    """
    row = await connections.connection_of(workspace_id)
    if row is None:
        await task_sync.turn_off(workspace_id, None, now)
        return
    await keep_job(workspace_id, now)
    stored = await settings.settings_row(workspace_id, row.crm)
    syncs_some = await CrmUser.filter(workspace_id=workspace_id, crm=row.crm, sync_tasks=True).exists()
    org = f"{row.crm}:{row.org_id}"
    if not syncs_some and (stored is None or not stored.sync_tasks):
        await task_sync.turn_off(workspace_id, org, now)
        return
    before = await task_sync.state_of(workspace_id)
    if before is not None and before.is_on and before.org == org:
        # Another sender may be synced now: look back as for a workspace.
        changes_since = min(before.changes_since, now - FIRST_PULL)
        await task_sync.look_back(workspace_id, changes_since, min(before.deletions_since, now - LOOK_BACK))
        await task_sync.check_all(workspace_id, org, now)
        return
    changes_since, deletions_since = now - FIRST_PULL, now
    if before is not None and before.org == org and (before.is_on or before.ended_at is not None):
        changes_since = max(min(before.changes_since, changes_since), now - LOOK_BACK)
        deletions_since = now - LOOK_BACK
    await task_sync.turn_on(workspace_id, org, now, changes_since, deletions_since)
    await task_sync.check_all(workspace_id, org, now)


async def keep_job(workspace_id: str, now: datetime) -> None:
    """Start the job of the CRM, unless it runs. ``now`` is real time (UTC)."""
    await jobs.keep_open(CRM_SYNC_JOB, workspace_id, workspace_id, now)
