"""The CRM users of senders: found by address, by the sender's own login, or chosen by a user."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.codes.crm.connections import CrmConnectionCode
from api.mail.address import AddressProblem, address_key
from api.models import CrmConnection, CrmUser, Sender
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.crm_errors import refusal_of
from api.services.crm.connections.opening import open_connection
from api.services.crm.connections.usable import usable_connection
from api.services.crm.tasks.switching import refresh_sync
from api.store.crm import settings as store
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import transaction
from plugins.crms.access import CrmIdentity
from plugins.crms.checks import MAX_REMOTE_ID_CHARACTERS
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import RemoteUser
from strategies import Refusal


async def link_users(workspace_id: str, crm: str, org_id: str, users: Sequence[RemoteUser]) -> None:
    """Link each sender without a user in this organization to the active user with the sender's address."""
    by_address: dict[str, RemoteUser | None] = {}
    for user in users:
        if user.is_active and user.address:
            key = _key(user.address)
            if key is not None:
                # If two users have the address, somebody must choose.
                by_address[key] = None if key in by_address else user
    linked = {row.sender_id: row for row in await store.users_of(workspace_id, crm)}
    for sender in await Sender.filter(workspace_id=workspace_id):
        found, row = by_address.get(sender.email_key), linked.get(sender.id)
        if found is not None and (row is None or row.org_id != org_id or not row.user_id):
            await store.save_user(workspace_id, crm, sender.id, _values(org_id, found.remote_id, found.name))


async def link_own_user(workspace_id: str, crm: str, sender_id: str, identity: CrmIdentity) -> None:
    """Link a sender to the CRM user of the sender's own login."""
    values = _values(identity.organization_id, identity.user_id, identity.user_name)
    await store.save_user(workspace_id, crm, sender_id, values)


async def set_user(context: WorkspaceContext, sender_id: str, given: Mapping[str, Any]) -> CrmUser:
    """Set the CRM user of a sender (``user_id``), and whether the sender's tasks are synced (``sync_tasks``).

    A value that is not given stays. ``user_id`` None removes the link; ``sync_tasks`` None: as the settings say. Raises
    Refusal.
    """
    sender = await get_or_refuse(Sender, context.workspace_id, sender_id, ("senderId",))
    connection = await usable_connection(context)
    values: dict[str, Any] = {name: given[name] for name in ("sync_tasks",) if name in given}
    if given.get("user_id"):
        user = await _find_user(context, connection, given["user_id"])
        values |= _values(connection.org_id, user.remote_id, user.name)
    elif "user_id" in given:
        values |= _values(connection.org_id, "", "")
    async with transaction():
        row = await store.save_user(context.workspace_id, connection.crm, sender.id, values)
        await refresh_sync(context.workspace_id, context.clock())
    context.wake()
    return row


async def _find_user(context: WorkspaceContext, connection: CrmConnection, user_id: str) -> RemoteUser:
    path = ("userId",)
    wanted = inputs.line(user_id, path, limit=MAX_REMOTE_ID_CHARACTERS)
    try:
        async with open_connection(context, connection, asked_by_user=True) as session:
            found = await session.find_users(remote_ids=[wanted])
    except CrmError as error:
        raise refusal_of(error, path) from None
    user = next(iter(found), None)
    if user is None or not user.is_active:
        raise Refusal.of(CrmConnectionCode.CRM_USER_UNKNOWN, path, user=wanted)
    return user


def _key(address: str) -> str | None:
    """Return the key of an address of the CRM. None if it cannot be one."""
    try:
        return address_key(address.strip())
    except AddressProblem:
        return None


def _values(org_id: str, user_id: str, user_name: str) -> dict[str, Any]:
    return {"org_id": org_id, "user_id": user_id, "user_name": user_name[:255]}
