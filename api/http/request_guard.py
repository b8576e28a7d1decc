"""Who may ask, how much, and in which form: the same over HTTP and over a websocket."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from api.graphql.engine.context import Context
from api.graphql.limits.budgets import Budgets
from api.graphql.limits.document_limits import MAX_QUERY_BYTES
from api.http.shares import BodyMemory, MessageRateLimit, OperationQueue
from api.services.common.runtime import DispatchRuntime
from api.services.launches.launch_progress import LaunchWatch
from api.services.workspaces.workspaces import workspace_of
from api.store.engine.database_clock import sync_clock
from strategies import Refusal

TOKEN_INVALID = "This token opens nothing."  # noqa: S105 - a sentence
INTROSPECTION = re.compile(r"\b__(schema|type)\b")


@dataclass(frozen=True, slots=True)
class RequestGuard:
    """What both transports check, and the context that they give to what passes."""

    runtime: DispatchRuntime
    watch: LaunchWatch
    max_body: int
    introspection: bool
    budgets: Budgets
    turns: OperationQueue = field(default_factory=OperationQueue)
    pace: MessageRateLimit = field(default_factory=MessageRateLimit)
    bodies: BodyMemory = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bodies", BodyMemory(self.max_body))

    async def context(self, authorization: str) -> Context | None:
        """Return a context of its own for one request of a token's bearer; None where the token opens nothing."""
        await sync_clock(self.runtime.clock)  # a server without a tick loop has nobody else who does
        scheme, _, token = authorization.partition(" ")
        opened = await workspace_of(token.strip()) if scheme.lower() == "bearer" and token else None
        if opened is None:
            return None
        workspace, actor = opened
        context = replace(self.runtime.context(workspace), actor=actor)
        budget = self.budgets.of(workspace.id, actor)
        return Context(context, self.runtime, self.watch, budget, self.introspection)

    def check_query(self, query: str) -> None:
        """Refuse a document that is too long to be parsed, and introspection where it is switched off."""
        if len(query) > MAX_QUERY_BYTES or len(query.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
            told = f"A document may have {MAX_QUERY_BYTES:,} bytes. Put long values into variables."
            raise Refusal("QUERY_TOO_LARGE", told)
        if not self.introspection and INTROSPECTION.search(query):
            raise Refusal("INTROSPECTION_OFF", "Introspection is switched off on this server.")


def check_operation(asked: object) -> dict[str, Any]:
    """Return the parts of a GraphQL request. Raises ValueError with a sentence for the client."""
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str) or not asked["query"]:
        raise ValueError('A request must be an object with a "query" that is text.')
    if not isinstance(asked.get("variables") or {}, dict):
        raise ValueError('"variables" must be an object.')
    if not isinstance(asked.get("operationName", ""), str | None):
        raise ValueError('"operationName" must be text.')
    return asked
