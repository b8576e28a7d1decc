"""What every resolver may use: the caller's scope, the post for sandboxes, and this request's loaders."""

from dataclasses import dataclass, field
from functools import partial

from strawberry.dataloader import DataLoader
from strawberry.types import Info

from api.graphql.budgets import Budget
from api.graphql.loaders import Loaders
from api.services import senders
from api.services.dispatch import Post
from api.services.launch_watch import LaunchWatch
from api.services.scope import Scope


@dataclass
class Context:
    """One request over HTTP, or one operation over a websocket."""

    scope: Scope
    post: Post
    watch: LaunchWatch
    budget: Budget
    introspection: bool
    loaders: Loaders = field(init=False)
    charged: dict[str, int] | None = field(init=False, default=None)
    """What the answer tells of the cost of the operation."""
    _points: tuple[int, str] = field(init=False, default=(0, ""))
    shared_accounts: DataLoader[str, bool] = field(init=False)
    """Which accounts other workspaces use as well."""

    def __post_init__(self) -> None:
        self.forget()

    def charge(self, points: int, dearest: str) -> None:
        """Take the cost of the operation from the token's budget. Raises GraphQLError."""
        self._points = (points, dearest)
        self.charge_again()

    def charge_again(self) -> None:
        """Take the cost of the operation once more: each event of a subscription costs it. Raises GraphQLError."""
        points, dearest = self._points
        self.budget.spend(points, dearest)
        self.charged = {"requested": points, "limit": self.budget.request, "remaining": self.budget.remaining}

    def forget(self) -> None:
        """Forget what was read so far."""
        self.loaders = Loaders(self.scope.workspace_id)
        self.shared_accounts = DataLoader(load_fn=partial(senders.shared, self.scope))


Request = Info[Context, None]
