"""What resolvers share: the caller's workspace, the dispatch runtime for sandboxes, and the request's loaders."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from strawberry.dataloader import DataLoader
from strawberry.types import Info

from api.graphql.engine.loading.loaders import Loaders
from api.graphql.limits.budgets import Budget, Charge
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.following.events import FollowedEvents
from api.services.following.row_kinds import FollowedRow
from api.services.following.row_watch import RowWatch
from api.services.plugin_health.channels import health_of_channel_keys
from api.services.plugin_health.health import PluginHealth, health_of
from api.services.plugin_health.webhooks import health_of_webhook_keys
from api.services.workspaces import sender_waits, senders


@dataclass
class Context:
    """One request over HTTP, or one operation over a websocket."""

    workspace_context: WorkspaceContext
    runtime: DispatchRuntime
    watch: RowWatch
    budget: Budget
    introspection: bool
    writes_json: ClassVar[bool] = True
    """Whether results may contain EncodedJson."""
    reads_all_pages: ClassVar[bool] = False
    """Whether a page may read any number of rows to find those that meet its filter."""
    loaders: Loaders = field(init=False)
    charge: Charge = field(init=False)
    """What the operation costs. Each event of a subscription costs the same again."""
    charged: dict[str, int] | None = field(init=False, default=None)
    """The cost of the operation, as the response reports it."""
    shapes: dict[Any, Any] | None = field(init=False, default=None)
    """What the executor has computed from the document for earlier requests; None if it depends on variables."""
    followed: FollowedRow | FollowedEvents | None = field(init=False, default=None)
    """The row or events that a subscription follows, which its resolver sets. The transport sends all later updates."""
    shared_accounts: DataLoader[str, bool] = field(init=False)
    """Loads whether other workspaces use an account as well."""
    account_pauses: DataLoader[str, Any] = field(init=False)
    """Loads the pauses of the accounts of senders, by the senders' ids."""
    option_health: DataLoader[str, PluginHealth] = field(init=False)
    """Loads the health of installed send options by their keys."""
    channel_health: DataLoader[str, PluginHealth] = field(init=False)
    """Loads the health of installed channels by their keys."""
    webhook_health: DataLoader[str, PluginHealth] = field(init=False)
    """Loads the health of installed webhooks by their keys."""

    def __post_init__(self) -> None:
        self.charge = Charge(self.budget)
        self.forget()

    def forget(self) -> None:
        """Start with empty loaders: rows that were read may have changed since."""
        self.loaders = Loaders(self.workspace_context.workspace_id)
        self.shared_accounts = DataLoader(load_fn=partial(senders.are_accounts_shared, self.workspace_context))
        self.account_pauses = DataLoader(load_fn=partial(sender_waits.account_pauses, self.workspace_context))
        self.option_health = DataLoader(load_fn=partial(health_of, self.workspace_context))
        self.channel_health = DataLoader(load_fn=partial(health_of_channel_keys, self.workspace_context))
        self.webhook_health = DataLoader(load_fn=partial(health_of_webhook_keys, self.workspace_context))


Request = Info[Context, None]
