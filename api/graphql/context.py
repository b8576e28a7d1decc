"""What every resolver may use: the caller's scope, the post for sandboxes, and this request's loaders."""

from dataclasses import dataclass, field

from strawberry.types import Info

from api.graphql.loaders import Loaders
from api.services.dispatch import Post
from api.services.launch_watch import LaunchWatch
from api.services.scope import Scope


@dataclass
class Context:
    """One request over HTTP, or one operation over a websocket."""

    scope: Scope
    post: Post
    watch: LaunchWatch
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget what was read so far."""
        self.loaders = Loaders(self.scope.workspace_id)


Request = Info[Context, None]
