"""Workspaces and their tokens."""

from collections.abc import Sequence

from api.models import Token, Workspace
from api.store.engine.rows import is_possible_id


async def workspace_by_id(workspace_id: str) -> Workspace | None:
    """Return a workspace."""
    return await Workspace.get_or_none(id=workspace_id) if is_possible_id(workspace_id) else None


async def workspace_by_name(name: str) -> Workspace | None:
    """Return a workspace, sandbox or not."""
    return await Workspace.get_or_none(name=name)


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
