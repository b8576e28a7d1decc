"""The context of a request: the caller, the workspace and its clock."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from api.clock import Clock
from api.codes.refusals.workspaces import WorkspaceCode
from api.models import Person, Workspace
from api.roles import Role
from api.services.common.crm_environment import CrmEnvironment
from plugins.loading.manager import Installed
from strategies import Refusal
from strategies.questions import time_of_first_round


@dataclass(frozen=True, slots=True)
class WorkspaceContext:
    """The caller's workspace, the installed plugins, and the clock. It is the first argument of every service."""

    workspace: Workspace
    installed: Installed
    clock: Clock
    wake: Callable[[], None]
    """Wake the tick loop, because something may be due earlier than it expects."""
    actor: str = ""
    """The name of the caller's token. Empty if the caller is a background job or the command line."""

    role: Role = Role.ADMIN
    """The role of the caller's token. Background jobs and the command line may do everything."""

    tracks: bool = False
    """Whether the server can track opens and clicks: TOUCHLINE_TRACKING_URL is set."""
    page_link: Callable[[Person], str | None] = lambda person: None
    """Return the link of the unsubscribe page for a person. None without TOUCHLINE_PUBLIC_URL."""
    copy_address: Callable[[str], str | None] = lambda task_id: None
    """Return the address for copies of the email of a task that a rep sends. None without TOUCHLINE_RETURN_PATH."""

    crm: CrmEnvironment = field(default_factory=CrmEnvironment)

    @property
    def workspace_id(self) -> str:
        """The id of the workspace. Every query filters by it."""
        return str(self.workspace.id)

    @property
    def now(self) -> datetime:
        """The current time of the workspace (UTC, whole seconds). A sandbox has a virtual clock."""
        return (self.workspace.virtual_now or time_of_first_round(self.clock())).replace(microsecond=0)

    def require_role(self, role: Role, path: tuple[str, ...] = ()) -> None:
        """Raise Refusal if the caller does not have ``role``. ``path`` leads to the argument that requires it."""
        if not self.role.includes(role):
            raise Refusal.of(WorkspaceCode.ROLE_REQUIRED, path, role=role.value, given=self.role.value)


async def workspace_now(workspace_id: str, clock: Clock) -> datetime:
    """Return the current time of a workspace (UTC), with a sandbox's clock read from the database again."""
    workspace = await Workspace.get(id=workspace_id)
    return (workspace.virtual_now or clock()).replace(microsecond=0)


async def sandbox_clocks(workspace_ids: Iterable[str]) -> dict[str, datetime]:
    """Return the times (UTC) of the clocks of sandboxes, by workspace id. Other workspaces are left out."""
    ids = sorted(set(workspace_ids))
    rows = await Workspace.filter(id__in=ids, sandbox=True) if ids else []
    return {row.id: row.virtual_now for row in rows if row.virtual_now is not None}
