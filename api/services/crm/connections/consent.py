"""Connect by a login on the CRM's own page: OAuth 2.0 authorization code (RFC 6749, 4.1) with PKCE (RFC 7636).

``start`` stores the login and returns the URL of the CRM's page. The CRM sends the browser back to /crm/callback with
the state and a code, and ``connect_by_login`` exchanges the code. The state is random, signed, and deleted when it
comes back. So a login can be finished only once, and only if this server has started it.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from api.clock import Clock
from api.codes.crm.connections import CrmConnectionCode
from api.ids import new_id
from api.models import CrmConnection, CrmLogin, Workspace
from api.printable import printable
from api.services.common.crm_environment import CrmEnvironment
from api.services.common.encryption import DecryptionError, Encryption
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.access_values import GivenValues, check_values, find_crm, find_way
from api.services.crm.connections.connecting import (
    check_can_connect,
    find_sender,
    refuse_other_crm,
    store_access,
    try_access,
)
from api.services.crm.connections.crm_errors import refusal_of
from api.services.crm.connections.guarded_session import call_package, call_plainly
from api.services.crm.connections.usable import require_role_for
from api.store.crm import connections, logins
from api.store.workspaces import workspace_by_id
from plugins.crms.access import Consent, CrmAccess
from plugins.crms.contract import Crm
from plugins.crms.errors import CrmError
from strategies import Refusal

LOGIN_LIFETIME = timedelta(minutes=15)
"""How long a user has for the login. Salesforce's authorization codes end after 15 minutes as well."""
MAX_LOGINS = 100
"""The most unfinished logins of a workspace."""
MAX_CODE_CHARACTERS = 4_000
STATE, VERIFIER = " state", " code_verifier"
"""Names of the secrets of a login, beside those of the way's fields, whose keys have no blanks."""


class StartedLogin(NamedTuple):
    """The URL that the user opens, and until when (UTC)."""

    url: str
    expires_at: datetime


async def start(
    context: WorkspaceContext, crm_key: str, given: GivenValues, sender_id: str | None = None
) -> StartedLogin:
    """Start a login. Omitted values of the app are those of the workspace's connection. Raises Refusal."""
    require_role_for(context, sender_id)
    encryption = check_can_connect(context)
    if not context.crm.public_url:
        raise Refusal.of(CrmConnectionCode.CRM_PUBLIC_URL_REQUIRED)
    crm = find_crm(context, crm_key)
    way = find_way(crm, given, asks_consent=True)
    sender = await find_sender(context, sender_id)
    if sender is not None:
        of_workspace = await _values_of_workspace(context, crm, encryption)
        known = {field.key: of_workspace[field.key] for field in way.fields if field.key in of_workspace}
        given = given._replace(values=known | dict(given.values))
    access = check_values(context, way, given)
    await refuse_other_crm(context, crm, sender_id)
    now = context.clock()
    if await logins.count_logins(context.workspace_id, now) >= MAX_LOGINS:
        raise Refusal.of(CrmConnectionCode.CRM_TOO_MANY_LOGINS, (), limit=MAX_LOGINS)
    state, verifier = encryption.sign(secrets.token_urlsafe(32)), secrets.token_urlsafe(64)
    consent = Consent(context.crm.redirect_uri, state, verifier)
    try:
        url = call_plainly(crm, lambda: crm.consent_url(access, consent))
    except CrmError as error:
        raise refusal_of(error) from None
    row = CrmLogin(
        id=new_id("crl"),
        workspace_id=context.workspace_id,
        sender_id=sender_id,
        crm=crm.key,
        way=way.key,
        access_values=dict(access.values),
        actor=context.actor,
        state_sha256=_hash(state),
        expires_at=now + LOGIN_LIFETIME,
    )
    row.secrets = encryption.encrypt(row.id, {**access.secrets, STATE: state, VERIFIER: verifier})
    await logins.add_login(row, now)
    return StartedLogin(url, row.expires_at)


async def _values_of_workspace(context: WorkspaceContext, crm: Crm, encryption: Encryption) -> dict[str, str]:
    """Return the values of the app with which the workspace is connected, so that senders need not know them."""
    row = await connections.connection_of(context.workspace_id)
    if row is None or row.crm != crm.key:
        return {}
    try:
        stored = encryption.decrypt(row.id, row.secrets)
    except DecryptionError:
        stored = {}
    return {**row.access_values, **stored}


class FinishedLogin(NamedTuple):
    """The connection that a login has made, and its workspace."""

    connection: CrmConnection
    workspace: Workspace


async def connect_by_login(
    context_of: Callable[[Workspace], WorkspaceContext],
    environment: CrmEnvironment,
    clock: Clock,
    answer: Mapping[str, str],
) -> FinishedLogin:
    """Finish the login with which a browser returns, and connect. ``answer`` is the query of the URL.

    Raises Refusal.
    """
    encryption, state = environment.encryption, answer.get("state", "")
    if encryption is None or not encryption.is_signed(state):
        raise Refusal.of(CrmConnectionCode.CRM_CONSENT_UNKNOWN)
    row = await logins.take_login(_hash(state), clock())
    workspace = None if row is None else await workspace_by_id(row.workspace_id)
    if row is None or workspace is None:
        raise Refusal.of(CrmConnectionCode.CRM_CONSENT_UNKNOWN)
    context = replace(context_of(workspace), actor=row.actor)
    return FinishedLogin(await _finish(context, row, answer), workspace)


async def _finish(context: WorkspaceContext, row: CrmLogin, answer: Mapping[str, str]) -> CrmConnection:
    """Exchange the code of a login for tokens, try them, and store the connection."""
    encryption = check_can_connect(context)
    crm = find_crm(context, row.crm)
    code = answer.get("code", "")
    if not code or len(code) > MAX_CODE_CHARACTERS:
        fault = printable((answer.get("error_description") or answer.get("error") or "it returned no code")[:300])
        raise Refusal.of(CrmConnectionCode.CRM_CONSENT_FAILED, (), fault=fault)
    try:
        stored = encryption.decrypt(row.id, row.secrets)
    except DecryptionError:
        raise Refusal.of(CrmConnectionCode.ENCRYPTION_KEY_WRONG) from None
    consent = Consent(context.crm.redirect_uri, stored.pop(STATE), stored.pop(VERIFIER))
    access = CrmAccess(row.way, row.access_values, stored)
    try:
        tokens = await call_package(crm, lambda: crm.redeem_consent(access, consent, code))
        access = replace(access, secrets={**stored, **{str(key): str(value) for key, value in tokens.items()}})
        accepted = await try_access(context, crm, access)
    except CrmError as error:
        raise refusal_of(error) from None
    return await store_access(context, crm, encryption, accepted, row.sender_id)


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
