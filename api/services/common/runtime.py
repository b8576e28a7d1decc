"""What a dispatch needs from its surroundings, and what it shows of each email."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from api.clock import Clock
from api.models import Workspace
from api.services.common.context import WorkspaceContext
from api.services.common.metrics import Metrics
from plugins.manager import Installed


class Addressee(Protocol):
    """A person to whose address an email goes, with a link that unsubscribes it."""

    workspace_id: str
    email: str


class Delivered(NamedTuple):
    """What the terminal shows of one email: never its content."""

    workspace: str
    at: datetime
    outcome: str
    recipient: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class DispatchRuntime:
    """What a dispatch needs from its surroundings."""

    installed: Installed
    clock: Clock
    unsubscribe_url: Callable[[Addressee], str | None]
    wake: Callable[[], None]
    show: Callable[[Delivered], None] = lambda delivered: None
    lease: timedelta = timedelta(seconds=60)
    """How long a claim holds without being renewed: how soon a crash is noticed."""
    metrics: Metrics = field(default_factory=Metrics)

    def context(self, workspace: Workspace) -> WorkspaceContext:
        """Return the scope in which a workspace's rules run."""
        return WorkspaceContext(workspace, self.installed, self.clock, self.wake)


@dataclass(slots=True)
class Counts:
    """What one pass did: emails by outcome, tasks that expired, and leases that were given back."""

    claimed: int = 0
    by_outcome: dict[str, int] = field(default_factory=dict)
    expired_tasks: int = 0
    released: int = 0
    next_at: datetime | None = None
    """When there is something to do next, as far as is known now; None when nothing waits."""

    @property
    def idle(self) -> bool:
        """Whether the pass found nothing to do."""
        return not (self.claimed or self.expired_tasks or self.released)
