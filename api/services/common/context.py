"""Who asks, in which workspace, at what time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from api.clock import Clock
from api.models import Workspace
from plugins.manager import Installed


@dataclass(frozen=True, slots=True)
class WorkspaceContext:
    """The workspace of the caller, what is installed, and the clock. Every service begins with one."""

    workspace: Workspace
    installed: Installed
    clock: Clock
    wake: Callable[[], None]
    """Tell the tick loop that something may be due earlier than it thought."""
    actor: str = ""
    """The name of the token whose bearer asks; empty for what is done from elsewhere."""

    @property
    def workspace_id(self) -> str:
        """The workspace that every query starts from."""
        return str(self.workspace.id)

    @property
    def now(self) -> datetime:
        """The workspace's present, UTC, to the second: virtual in a sandbox."""
        return (self.workspace.virtual_now or self.clock()).replace(microsecond=0)


async def workspace_now(workspace_id: str, clock: Clock) -> datetime:
    """Return a workspace's present as ``Scope.now`` does, read again: in a sandbox the clock moves meanwhile."""
    workspace = await Workspace.get(id=workspace_id)
    return (workspace.virtual_now or clock()).replace(microsecond=0)


async def sandbox_clocks(workspace_ids: Iterable[str]) -> dict[str, datetime]:
    """Return what the clocks of those of these workspaces show that are sandboxes. UTC."""
    ids = sorted(set(workspace_ids))
    rows = await Workspace.filter(id__in=ids, sandbox=True) if ids else []
    return {row.id: row.virtual_now for row in rows if row.virtual_now is not None}
