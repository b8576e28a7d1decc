"""Pause the connection of a workspace or a sender, and end the pause."""

from api.codes.crm.connections import CrmConnectionCode
from api.models import CrmConnection
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.usable import present_connection, require_role_for
from api.store.crm import changes, connections
from plugins.crms.codes import CrmCode
from strategies import Refusal


async def pause(context: WorkspaceContext, sender_id: str | None = None) -> CrmConnection:
    """Stop all calls of the CRM until ``retry``. Changes wait. Raises Refusal."""
    require_role_for(context, sender_id)
    row = await present_connection(context, sender_id)
    if not await connections.set_paused(row.id):
        raise Refusal.of(CrmConnectionCode.CRM_NOT_CONNECTED)
    await row.refresh_from_db()
    return row


async def retry(context: WorkspaceContext, sender_id: str | None = None) -> CrmConnection:
    """End a pause, or the wait after a failure: the CRM is called at once. Raises Refusal."""
    row = await present_connection(context, sender_id)
    if not await connections.set_retried(row.id):
        raise Refusal.of(CrmConnectionCode.CRM_NOT_CONNECTED)
    if row.sender_id is not None:
        await changes.retry_code(row.workspace_id, CrmCode.OWN_LOGIN_LOST, context.clock())
    await row.refresh_from_db()
    context.wake()
    return row
