"""What resolvers share: the caller's workspace, the dispatch runtime for sandboxes, and the request's loaders."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from strawberry.dataloader import DataLoader
from strawberry.types import Info

from api.graphql.engine.loaders import Loaders
from api.graphql.limits.budgets import Budget, Charge
from api.services.common.context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.launches.launch_progress import FollowedLaunch, LaunchWatch
from api.services.workspaces import senders


@dataclass
class Context:
    """One request over HTTP, or one operation over a websocket."""

    workspace_context: WorkspaceContext
    runtime: DispatchRuntime
    watch: LaunchWatch
    budget: Budget
    introspection: bool
    writes_json: ClassVar[bool] = True
    """Whether results may contain EncodedJson."""
    loaders: Loaders = field(init=False)
    charge: Charge = field(init=False)
    """What the operation costs. Each event of a subscription costs the same again."""
    charged: dict[str, int] | None = field(init=False, default=None)
    """The cost of the operation, as the response reports it."""
    shapes: dict[Any, Any] | None = field(init=False, default=None)
    """What the executor has computed from the document for earlier requests; None if it depends on variables."""
    followed: FollowedLaunch | None = field(init=False, default=None)
    """The launch that a subscription follows, as its first event shows it. The websocket sends the later events."""
    shared_accounts: DataLoader[str, bool] = field(init=False)
    """Loads whether other workspaces use an account as well."""

    def __post_init__(self) -> None:
        self.charge = Charge(self.budget)
        self.forget()

    def forget(self) -> None:
        """Start with empty loaders: rows that were read may have changed since."""
        self.loaders = Loaders(self.workspace_context.workspace_id)
        self.shared_accounts = DataLoader(load_fn=partial(senders.are_accounts_shared, self.workspace_context))


Request = Info[Context, None]
