"""What dispatch needs from its surroundings, and what it prints for each email."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from api.clock import Clock
from api.models import Person, Workspace
from api.services.common.context import WorkspaceContext
from api.services.common.metrics import Metrics
from api.services.common.recipient import Recipient
from plugins.manager import Installed


class TerminalLine(NamedTuple):
    """What the terminal prints for one email. It never has the content."""

    workspace: str
    at: datetime
    outcome: str
    recipient: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class DispatchRuntime:
    """What dispatch needs from its surroundings: plugins, the clock, and callbacks."""

    installed: Installed
    clock: Clock
    unsubscribe_url: Callable[[Person | Recipient], str | None]
    wake: Callable[[], None]
    show: Callable[[TerminalLine], None] = lambda line: None
    lease: timedelta = timedelta(seconds=60)
    """How long a claim holds without being renewed: how soon a crash is noticed."""
    metrics: Metrics = field(default_factory=Metrics)

    def context(self, workspace: Workspace) -> WorkspaceContext:
        """Return the context in which a workspace's rules run."""
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
