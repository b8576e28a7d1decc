"""Read the connections, the settings and the users of a workspace's CRM."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from api.crm_states import CrmState
from api.models import CrmConnection, CrmSettings, CrmUser, Sender
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.crm_errors import refusal_of
from api.services.crm.connections.opening import open_connection
from api.services.crm.connections.settings import settings_of
from api.services.crm.connections.usable import usable_connection
from api.store.crm import changes, connections
from api.store.crm import settings as store
from api.store.crm.backlog import KindBacklog, backlog_by_kind
from plugins.crms.contract import Crm
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import RemoteUser

MAX_USERS = 200
"""Most addresses that are looked up in the CRM at once."""


def crms(context: WorkspaceContext) -> Mapping[str, Crm]:
    """Return the installed CRMs by key."""
    return context.installed.crms


async def connection(context: WorkspaceContext, sender_id: str | None = None) -> CrmConnection | None:
    """Return the connection of the workspace or a sender. If there is none, the workspace's last one."""
    row = await connections.connection_of(context.workspace_id, sender_id)
    if row is None and sender_id is None:
        return await connections.last_disconnected(context.workspace_id)
    return row


async def own_login(context: WorkspaceContext, sender_id: str) -> CrmConnection | None:
    """Return the own login of a sender."""
    return await connections.connection_of(context.workspace_id, sender_id)


async def backlog(context: WorkspaceContext, row: CrmConnection) -> Sequence[KindBacklog]:
    """Return the changes that wait for a connection, by kind. A sender's own connection has none."""
    if row.sender_id is not None:
        return []
    found = await backlog_by_kind(context.workspace_id)
    if row.state is CrmState.DISCONNECTED and (row.keep_until is None or row.keep_until <= context.clock()):
        return [each._replace(waiting=0, failed=0) for each in found]
    return found


async def next_attempt(context: WorkspaceContext, row: CrmConnection) -> datetime | None:
    """Return when (UTC) the CRM is called next because of a change or a failure; None if nothing waits."""
    if row.sender_id is not None or row.state not in {CrmState.CONNECTED, CrmState.FAILING}:
        return None
    due = await changes.next_due_of_all(context.workspace_id)
    return row.retry_at if row.retry_at is not None and (due is None or due < row.retry_at) else due


async def settings(context: WorkspaceContext, row: CrmConnection) -> CrmSettings:
    """Return the settings of the workspace for the CRM of a connection."""
    return await settings_of(context.workspace_id, row.crm)


async def users(context: WorkspaceContext, row: CrmConnection) -> Sequence[CrmUser]:
    """Return the CRM users of senders, for the senders that have one or a setting of their own."""
    found = await store.users_of(context.workspace_id, row.crm)
    return [
        user if user.org_id == row.org_id else _without_user(user)
        for user in found
        if user.org_id == row.org_id or user.sync_tasks is not None
    ]


def _without_user(row: CrmUser) -> CrmUser:
    """Leave out a user of another organization."""
    row.user_id = row.user_name = ""
    return row


async def find_users(context: WorkspaceContext, addresses: Sequence[str]) -> Sequence[RemoteUser]:
    """Ask the CRM for the users that have one of these addresses; those of all senders if none is given.

    Raises Refusal.
    """
    row = await usable_connection(context)
    if not addresses:
        senders = await Sender.filter(workspace_id=context.workspace_id).order_by("id").limit(MAX_USERS)
        addresses = [sender.email for sender in senders]
    try:
        async with open_connection(context, row, asked_by_user=True) as session:
            return await session.find_users(addresses=list(addresses))
    except CrmError as error:
        raise refusal_of(error) from None
