"""Disconnect a CRM: revoke and delete its secrets, and keep or drop the changes that wait.

Changes that are kept reach the CRM if the workspace is connected to the same organization again in time. Otherwise the
next connection drops them (``connecting.py``). They are ids of objects, without contents.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from api.codes.crm.connections import CrmConnectionCode
from api.codes.events.event_kinds import EventKind
from api.crm_states import CrmWaitingChanges
from api.crm_task_states import CrmChangeKind
from api.models import CrmConnection
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.revoking import access_to_revoke, revoke
from api.services.crm.connections.usable import present_connection, require_role_for
from api.services.crm.tasks.switching import refresh_sync
from api.store.crm import changes, connections
from api.store.crm.backlog import KindBacklog, backlog_by_kind
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import workspace_event, write
from plugins.crms.codes import CrmCode
from strategies import Refusal

MIN_KEEP_DAYS, MAX_KEEP_DAYS, DEFAULT_KEEP_DAYS = 1, 90, 30


class Disconnected(NamedTuple):
    """The disconnected connection, and the changes that waited."""

    connection: CrmConnection
    backlog: Sequence[KindBacklog]
    is_revoked: bool
    """Whether the CRM has revoked the tokens. They are deleted here in any case."""


async def disconnect(
    context: WorkspaceContext,
    waiting: CrmWaitingChanges,
    keep_days: int | None = None,
    sender_id: str | None = None,
) -> Disconnected:
    """Disconnect the workspace, or a sender. Raises Refusal.

    Changes that wait belong to the workspace. When a sender is disconnected, those that failed because of the sender's
    login are sent with the workspace's connection.
    """
    require_role_for(context, sender_id)
    if waiting is CrmWaitingChanges.DROP and keep_days is not None:
        raise Refusal.of(CrmConnectionCode.CRM_KEEP_DAYS_INVALID, ("keepDays",), case="not_kept")
    days = DEFAULT_KEEP_DAYS if keep_days is None else keep_days
    if not MIN_KEEP_DAYS <= days <= MAX_KEEP_DAYS:
        least, most = MIN_KEEP_DAYS, MAX_KEEP_DAYS
        raise Refusal.of(CrmConnectionCode.CRM_KEEP_DAYS_INVALID, ("keepDays",), least=least, most=most)
    row = await present_connection(context, sender_id)
    access = access_to_revoke(context, row)
    backlog = await _write(context, row, waiting, timedelta(days=days))
    is_revoked = access is not None and await revoke(context, row, access)
    await row.refresh_from_db()
    return Disconnected(row, backlog, is_revoked)


@retry_on_deadlock
async def _write(
    context: WorkspaceContext, row: CrmConnection, waiting: CrmWaitingChanges, keep: timedelta
) -> Sequence[KindBacklog]:
    now = context.clock()
    is_own, drops = row.sender_id is not None, waiting is CrmWaitingChanges.DROP
    async with transaction():
        backlog = [] if is_own else await backlog_by_kind(row.workspace_id)
        keep_until = None if is_own or drops else now + keep
        if not await connections.set_disconnected(row.id, now, keep_until):
            raise Refusal.of(CrmConnectionCode.CRM_NOT_CONNECTED)
        if drops and not is_own:
            await changes.drop(row.workspace_id, list(CrmChangeKind))
        if not is_own:
            data = {"crm": row.crm, "organization": row.org_name or row.org_id, "kept": not drops}
            data["waiting"] = sum(each.waiting + each.failed for each in backlog)
            await write([workspace_event(row.workspace_id, EventKind.CRM_DISCONNECTED, now, data=data)])
        else:
            await changes.retry_code(row.workspace_id, CrmCode.OWN_LOGIN_LOST, now)
        await refresh_sync(row.workspace_id, now)
    return backlog
