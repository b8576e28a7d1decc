"""Unfinished logins on the CRM's own page. Each can be finished once."""

from datetime import datetime

from api.models import CrmLogin
from api.store.engine.sql import execute


async def add_login(row: CrmLogin, now: datetime) -> None:
    """Store a new login, and delete the expired logins of all workspaces."""
    await execute("DELETE FROM crm_login WHERE expires_at <= $1", now)
    await row.save(force_create=True)


async def count_logins(workspace_id: str, now: datetime) -> int:
    """Return how many logins of a workspace are unfinished and not expired."""
    return await CrmLogin.filter(workspace_id=workspace_id, expires_at__gt=now).count()


async def take_login(state_sha256: str, now: datetime) -> CrmLogin | None:
    """Delete a login and return it. None if there is none, if another request has taken it, or if it is too old."""
    row = await CrmLogin.get_or_none(state_sha256=state_sha256)
    if row is None or not await execute("DELETE FROM crm_login WHERE id = $1 RETURNING id", row.id):
        return None
    return row if row.expires_at > now else None
