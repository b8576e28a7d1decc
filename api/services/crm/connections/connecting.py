"""Connect a workspace or a sender to a CRM: try the access, and store it once the CRM has accepted it."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError

from api.codes.crm.connections import CrmConnectionCode
from api.codes.events.event_kinds import EventKind
from api.crm_states import CrmState
from api.crm_task_states import CrmChangeKind
from api.ids import new_id
from api.models import CrmConnection, Sender
from api.secret_strength import NEW_SECRET_HINT
from api.services.common.encryption import Encryption
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.access_values import GivenValues, check_values, find_crm, find_way
from api.services.crm.connections.crm_errors import refusal_of
from api.services.crm.connections.guarded_session import guarded_session
from api.services.crm.connections.hosts import NewConnectionHost
from api.services.crm.connections.opening import connection_event, was_lost
from api.services.crm.connections.revoking import access_to_revoke, outlives_replacing, revoke
from api.services.crm.connections.users import link_own_user, link_users
from api.services.crm.tasks.switching import refresh_sync
from api.store.crm import changes, connections, missed_opt_outs, task_sync
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import workspace_event, write
from plugins.crms.access import ApiUse, CrmAccess, CrmIdentity
from plugins.crms.codes import CrmCode
from plugins.crms.contract import Crm
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import RemoteUser
from strategies import Refusal

MAX_USERS_LOOKED_UP = 200
"""Most senders whose users in the CRM are looked up by address when a workspace connects."""


@dataclass(frozen=True, slots=True)
class AcceptedAccess:
    """An access that the CRM has accepted, with the CRM's answers."""

    access: CrmAccess
    identity: CrmIdentity
    use: ApiUse | None
    users: tuple[RemoteUser, ...] = ()
    """The users of the CRM that have the address of a sender."""


async def connect(
    context: WorkspaceContext, crm_key: str, given: GivenValues, sender_id: str | None = None
) -> CrmConnection:
    """Connect in a way that needs no approval on the CRM's page. Raises Refusal."""
    encryption = check_can_connect(context)
    crm = find_crm(context, crm_key)
    way = find_way(crm, given, asks_consent=False)
    if sender_id is not None:
        raise Refusal.of(CrmConnectionCode.CRM_OWN_LOGIN_REQUIRED, ("senderId",))
    access = check_values(context, way, given)
    await refuse_other_crm(context, crm, None)
    try:
        accepted = await try_access(context, crm, access)
    except CrmError as error:
        raise refusal_of(error, given.path) from None
    return await store_access(context, crm, encryption, accepted, None)


def check_can_connect(context: WorkspaceContext) -> Encryption:
    """Return the keys that encrypt the secrets. Raises Refusal if there are none, and in a sandbox."""
    if context.workspace.sandbox:
        raise Refusal.of(CrmConnectionCode.CRM_IN_SANDBOX)
    if context.crm.encryption is None:
        raise Refusal.of(CrmConnectionCode.ENCRYPTION_KEY_REQUIRED, (), hint=NEW_SECRET_HINT)
    return context.crm.encryption


async def refuse_other_crm(context: WorkspaceContext, crm: Crm, sender_id: str | None) -> None:
    """Refuse a second CRM for a workspace or a sender."""
    present = await connections.connection_of(context.workspace_id, sender_id)
    if present is not None and present.crm != crm.key:
        raise _already_connected(present)


async def try_access(context: WorkspaceContext, crm: Crm, access: CrmAccess) -> AcceptedAccess:
    """Open a session with a new access. Raises CrmError if the CRM does not accept it."""
    host = NewConnectionHost(access.secrets, context.clock)
    senders = await Sender.filter(workspace_id=context.workspace_id).order_by("id").limit(MAX_USERS_LOOKED_UP)
    async with guarded_session(crm, access, host) as session:
        identity = await session.identify()
        use = await session.limits() or host.use
        users = await session.find_users(addresses=[sender.email for sender in senders]) if senders else ()
    return AcceptedAccess(CrmAccess(access.way, access.values, host.secrets), identity, use, tuple(users))


async def store_access(
    context: WorkspaceContext, crm: Crm, encryption: Encryption, accepted: AcceptedAccess, sender_id: str | None
) -> CrmConnection:
    """Store an accepted access. The connection keeps its row if it leads to the same organization. Raises Refusal."""
    replaced = await connections.connection_of(context.workspace_id, sender_id)
    try:
        row = await _write(context, crm, encryption, accepted, sender_id)
    except IntegrityError:  # another request has connected at the same moment
        other = await connections.connection_of(context.workspace_id, sender_id)
        if other is None:
            raise
        raise _already_connected(other) from None
    context.wake()
    if replaced is not None and outlives_replacing(context, replaced):
        old = access_to_revoke(context, replaced)
        if old is not None:
            await revoke(context, replaced, old)
    return row


@retry_on_deadlock
async def _write(
    context: WorkspaceContext, crm: Crm, encryption: Encryption, accepted: AcceptedAccess, sender_id: str | None
) -> CrmConnection:
    now, identity = context.clock(), accepted.identity
    async with transaction():
        present = await connections.connection_of(context.workspace_id, sender_id)
        if present is not None and present.crm != crm.key:
            raise _already_connected(present)
        if present is not None and present.org_id != identity.organization_id:
            raise Refusal.of(
                CrmConnectionCode.CRM_ORGANIZATION_CHANGED,
                (),
                found=identity.organization_name or identity.organization_id,
                expected=present.org_name or present.org_id,
            )
        row = present or await connections.earlier_connection(
            context.workspace_id, sender_id, crm.key, identity.organization_id
        )
        is_new, is_restored = row is None, present is not None and was_lost(present)
        row = row or _new_row(context, crm, sender_id, now)
        if sender_id is None and present is None and not await _are_changes_kept(row, now):
            await changes.drop(context.workspace_id, list(CrmChangeKind))
        if sender_id is None and row.disconnected_at is not None:
            await missed_opt_outs.add(context.workspace_id, row.disconnected_at, now)
        _fill(row, accepted, encryption, now)
        await row.save(force_create=is_new)
        if sender_id is None:
            await link_users(context.workspace_id, crm.key, identity.organization_id, accepted.users)
            data = {"crm": crm.key, "organization": row.org_name or row.org_id, "user": row.user_name or row.user_id}
            await write([workspace_event(context.workspace_id, EventKind.CRM_CONNECTED, now, data=data)])
        else:
            await link_own_user(context.workspace_id, crm.key, sender_id, identity)
            await changes.retry_code(context.workspace_id, CrmCode.OWN_LOGIN_LOST, now)
        if is_restored:
            await write([connection_event(row, EventKind.CRM_CONNECTION_RESTORED, now)])
        await refresh_sync(context.workspace_id, now)
        if sender_id is None:
            await task_sync.read_all_opt_outs(context.workspace_id)
    return row


async def _are_changes_kept(row: CrmConnection, now: datetime) -> bool:
    """Say whether the waiting changes belong to this connection, and are not too old."""
    last = await connections.last_disconnected(row.workspace_id)
    return last is not None and last.id == row.id and last.keep_until is not None and last.keep_until > now


def _new_row(context: WorkspaceContext, crm: Crm, sender_id: str | None, now: datetime) -> CrmConnection:
    return CrmConnection(
        id=new_id("crm"), workspace_id=context.workspace_id, sender_id=sender_id, crm=crm.key, created_at=now
    )


def _fill(row: CrmConnection, accepted: AcceptedAccess, encryption: Encryption, now: datetime) -> None:
    identity, use = accepted.identity, accepted.use
    row.way, row.access_values = accepted.access.way, dict(accepted.access.values)
    row.secrets = encryption.encrypt(row.id, accepted.access.secrets)
    row.secrets_number += 1
    row.renewing_by = row.renewing_until = None
    row.state, row.connected_at = CrmState.CONNECTED, now
    row.disconnected_at = row.keep_until = None
    row.code, row.detail, row.failures = "", "", 0
    row.failing_since = row.retry_at = None
    row.org_id, row.org_name = identity.organization_id, identity.organization_name[:255]
    row.org_url, row.is_sandbox = identity.url[:500], identity.is_sandbox
    row.user_id, row.user_name = identity.user_id, identity.user_name[:255]
    if use is not None:
        row.api_used, row.api_limit, row.api_counted_at = use.used, use.limit, use.at


def _already_connected(row: CrmConnection) -> Refusal:
    return Refusal.of(CrmConnectionCode.CRM_ALREADY_CONNECTED, (), crm=row.crm, organization=row.org_name or row.org_id)


async def find_sender(context: WorkspaceContext, sender_id: str | None) -> Sender | None:
    """Return the sender of a sender's own connection; None for the workspace's connection. Raises Refusal."""
    if sender_id is None:
        return None
    return await get_or_refuse(Sender, context.workspace_id, sender_id, ("senderId",))
