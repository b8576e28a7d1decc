"""Workspaces and their tokens."""

from collections.abc import Sequence

from api.models import Token, Workspace
from api.roles import Role
from api.store.engine.database import is_postgres
from api.store.engine.row_reader import columns_of
from api.store.engine.rows import is_possible_id
from api.store.engine.sql import execute


async def workspace_by_id(workspace_id: str) -> Workspace | None:
    """Return a workspace."""
    return await Workspace.get_or_none(id=workspace_id) if is_possible_id(workspace_id) else None


async def workspace_by_name(name: str) -> Workspace | None:
    """Return a workspace, sandbox or not."""
    return await Workspace.get_or_none(name=name)


async def workspace_by_token(sha256: str) -> tuple[Workspace, str, Role] | None:
    """Return the workspace, the name and the role of a bearer token by its hash, or None if it is unknown.

    Every request does this. Tortoise's ``select_related`` takes several times as long.
    """
    workspace, token = columns_of(Workspace, "workspace"), "token.name AS token_name, token.role AS token_role"
    joined = "token JOIN workspace ON workspace.id = token.workspace_id"
    rows = await execute(f"SELECT {token}, {workspace} FROM {joined} WHERE token.sha256 = $1", sha256)
    if not rows:
        return None
    columns = dict(rows[0])
    name, role = columns.pop("token_name"), Role(columns.pop("token_role"))
    return Workspace._init_from_db(**columns), name, role


async def real_workspaces() -> list[Workspace]:
    """Return all workspaces except sandboxes, by name."""
    return await Workspace.filter(sandbox=False).order_by("name")


async def sandboxes() -> list[Workspace]:
    """Return all sandboxes."""
    return await Workspace.filter(sandbox=True)


async def role_of(workspace_id: str, name: str) -> Role | None:
    """Return the role of the token of this name, or None if it is unknown."""
    row = await Token.filter(workspace_id=workspace_id, name=name).first()
    return Role(row.role) if row else None


async def token_names(workspace_id: str) -> set[str]:
    """Return the names of the tokens of a workspace."""
    return {str(name) for name in await Token.filter(workspace_id=workspace_id).values_list("name", flat=True)}


async def set_accounts(workspace_id: str, accounts: Sequence[str] | None) -> None:
    """Set the accounts that a workspace may use; None allows every account."""
    await Workspace.filter(id=workspace_id).update(accounts=accounts)


async def lock_workspace(workspace_id: str) -> None:
    """Lock a workspace until the transaction ends, so that one transaction at a time counts rows for a limit."""
    if is_postgres():
        await execute("SELECT id FROM workspace WHERE id = $1 FOR NO KEY UPDATE", workspace_id)
