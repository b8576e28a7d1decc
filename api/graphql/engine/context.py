"""What resolvers share: the caller's workspace, the dispatch runtime for sandboxes, and the request's loaders."""

from dataclasses import dataclass, field
from functools import partial

from strawberry.dataloader import DataLoader
from strawberry.types import Info

from api.graphql.engine.loaders import Loaders
from api.graphql.limits.budgets import Budget
from api.services.common.context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.launches.launch_progress import LaunchWatch
from api.services.workspaces import senders


@dataclass
class Context:
    """One request over HTTP, or one operation over a websocket."""

    workspace_context: WorkspaceContext
    runtime: DispatchRuntime
    watch: LaunchWatch
    budget: Budget
    introspection: bool
    loaders: Loaders = field(init=False)
    charged: dict[str, int] | None = field(init=False, default=None)
    """The cost of the operation, as the response reports it."""
    _points: tuple[int, str] = field(init=False, default=(0, ""))
    shared_accounts: DataLoader[str, bool] = field(init=False)
    """Loads whether other workspaces use an account as well."""

    def __post_init__(self) -> None:
        self.forget()

    def charge(self, points: int, dearest: str) -> None:
        """Charge the token's budget for the operation. Raises GraphQLError."""
        self._points = (points, dearest)
        self.charge_again()

    def charge_again(self) -> None:
        """Charge the operation once more, for one event of a subscription. Raises GraphQLError."""
        points, dearest = self._points
        self.budget.spend(points, dearest)
        self.charged = {"requested": points, "limit": self.budget.request, "remaining": self.budget.remaining}

    def forget(self) -> None:
        """Start with empty loaders: rows that were read may have changed since."""
        self.loaders = Loaders(self.workspace_context.workspace_id)
        self.shared_accounts = DataLoader(load_fn=partial(senders.are_accounts_shared, self.workspace_context))


Request = Info[Context, None]
