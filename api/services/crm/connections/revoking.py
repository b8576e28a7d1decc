"""Revoke the tokens of a connection in the CRM."""

import logging

from api.models import CrmConnection
from api.services.common.encryption import DecryptionError
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.guarded_session import call_package
from plugins.crms.access import CrmAccess
from plugins.crms.errors import CrmError

log = logging.getLogger("touchline.crm")

REVOKE_SECONDS = 20.0
"""How long the CRM may take to revoke the tokens."""


def access_to_revoke(context: WorkspaceContext, row: CrmConnection) -> CrmAccess | None:
    """Return the stored access of a connection; None if there is none, or if no key decrypts it."""
    if context.crm.encryption is None or not row.secrets:
        return None
    try:
        return CrmAccess(row.way, row.access_values, context.crm.encryption.decrypt(row.id, row.secrets))
    except DecryptionError:
        return None


def outlives_replacing(context: WorkspaceContext, row: CrmConnection) -> bool:
    """Say whether the tokens of a connection have to be revoked when another access replaces them.

    A refresh token is valid until somebody revokes it. Other tokens end by themselves, and a CRM may have given the
    same one again.
    """
    crm = context.installed.crms.get(row.crm)
    return crm is not None and any(way.key == row.way and way.asks_consent for way in crm.ways)


async def revoke(context: WorkspaceContext, row: CrmConnection, access: CrmAccess) -> bool:
    """Revoke the tokens. Returns False if the CRM did not."""
    crm = context.installed.crms.get(row.crm)
    if crm is None:
        return False
    try:
        await call_package(crm, lambda: crm.revoke(access), REVOKE_SECONDS)
    except CrmError as error:
        log.warning("the CRM did not revoke the tokens of %s: %s: %s", row.id, error.name, error.detail)
        return False
    return True
