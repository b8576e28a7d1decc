"""Workspaces and their tokens."""

from collections.abc import Sequence

from api.models import Token, Workspace
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


async def workspace_by_token(sha256: str) -> tuple[Workspace, str] | None:
    """Return the workspace and the name of a bearer token by its hash, or None if there is no such token.

    Every request does this. Tortoise's ``select_related`` takes several times as long.
    """
    workspace, name = columns_of(Workspace, "workspace"), "token.name AS token_name"
    joined = "token JOIN workspace ON workspace.id = token.workspace_id"
    rows = await execute(f"SELECT {name}, {workspace} FROM {joined} WHERE token.sha256 = $1", sha256)
    if not rows:
        return None
    columns = dict(rows[0])
    token_name = columns.pop("token_name")
    return Workspace._init_from_db(**columns), token_name


async def real_workspaces() -> list[Workspace]:
    """Return all workspaces except sandboxes, by name."""
    return await Workspace.filter(sandbox=False).order_by("name")


async def sandboxes() -> list[Workspace]:
    """Return all sandboxes."""
    return await Workspace.filter(sandbox=True)


async def has_token(workspace_id: str, name: str) -> bool:
    """Say whether a workspace has a token of this name."""
    return await Token.filter(workspace_id=workspace_id, name=name).exists()


async def set_accounts(workspace_id: str, accounts: Sequence[str] | None) -> None:
    """Set the accounts that a workspace may use; None allows every account."""
    await Workspace.filter(id=workspace_id).update(accounts=accounts)


async def lock_workspace(workspace_id: str) -> None:
    """Lock a workspace until the transaction ends, so that one transaction at a time counts what a limit is about."""
    if is_postgres():
        await execute("SELECT id FROM workspace WHERE id = $1 FOR NO KEY UPDATE", workspace_id)
