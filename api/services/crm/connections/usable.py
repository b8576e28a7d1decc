"""The connection that a request of a user works with."""

from api.codes.crm.connections import CrmConnectionCode
from api.crm_states import CrmState
from api.models import CrmConnection
from api.roles import Role
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.crm_errors import remedy
from api.store.crm import connections
from strategies import Refusal


def require_role_for(context: WorkspaceContext, sender_id: str | None) -> None:
    """Let only ADMIN tokens change the workspace's connection. Every rep may change a sender's. Raises Refusal."""
    if sender_id is None:
        context.require_role(Role.ADMIN)


async def present_connection(context: WorkspaceContext, sender_id: str | None = None) -> CrmConnection:
    """Return the connection of the workspace, or of a sender, whatever its state. Raises Refusal."""
    row = await connections.connection_of(context.workspace_id, sender_id)
    if row is not None:
        return row
    if sender_id is not None:
        raise Refusal.of(CrmConnectionCode.CRM_NOT_CONNECTED, ("senderId",), case="sender")
    raise Refusal.of(CrmConnectionCode.CRM_NOT_CONNECTED)


async def usable_connection(context: WorkspaceContext) -> CrmConnection:
    """Return the workspace's connection. Raises Refusal if there is none, or if it cannot be used."""
    row = await present_connection(context)
    if row.state is CrmState.PAUSED:
        raise Refusal.of(CrmConnectionCode.CRM_NOT_USABLE)
    if row.state is CrmState.RECONNECT:
        raise Refusal.of(CrmConnectionCode.CRM_NOT_USABLE, (), case="reconnect", reason=remedy(row.code)[0])
    return row
