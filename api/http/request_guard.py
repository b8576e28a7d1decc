"""Checks that HTTP and websocket requests share: token, size of the document, and form."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from api.codes.queries import QueryCode
from api.codes.requests import RequestCode
from api.graphql.engine.context import Context
from api.graphql.limits.budgets import Budgets
from api.graphql.limits.document_limits import MAX_QUERY_BYTES
from api.http.workspace_limits import BodyMemory, MessageRateLimit, OperationQueue
from api.services.common.runtime import DispatchRuntime
from api.services.launches.launch_progress import LaunchWatch
from api.services.workspaces.workspaces import workspace_by_token
from api.store.engine.database_clock import sync_clock
from strategies import Refusal

INTROSPECTION = re.compile(r"\b__(schema|type)\b")


@dataclass(frozen=True, slots=True)
class RequestGuard:
    """Authenticates requests of both transports, checks their documents, and makes their context."""

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
        """Return a new context for one request; None if the token is invalid."""
        await sync_clock(self.runtime.clock)  # without a tick loop nothing else syncs the clock
        scheme, _, token = authorization.partition(" ")
        found = await workspace_by_token(token.strip()) if scheme.lower() == "bearer" and token else None
        if found is None:
            return None
        workspace, actor = found
        context = replace(self.runtime.context(workspace), actor=actor)
        budget = self.budgets.of(workspace.id, actor)
        return Context(context, self.runtime, self.watch, budget, self.introspection)

    def check_query(self, query: str) -> None:
        """Refuse a document that is too long to parse, and introspection if it is switched off. Raises Refusal."""
        if len(query) > MAX_QUERY_BYTES or len(query.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
            raise Refusal.of(QueryCode.QUERY_TOO_LARGE, limit=MAX_QUERY_BYTES)
        if not self.introspection and INTROSPECTION.search(query):
            raise Refusal.of(QueryCode.INTROSPECTION_OFF)


def check_operation(asked: object) -> dict[str, Any]:
    """Check the form of a GraphQL request and return it. Raises Refusal."""
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str) or not asked["query"]:
        raise Refusal.of(RequestCode.BAD_REQUEST)
    if not isinstance(asked.get("variables") or {}, dict):
        raise Refusal.of(RequestCode.BAD_REQUEST, case="variables")
    if not isinstance(asked.get("operationName", ""), str | None):
        raise Refusal.of(RequestCode.BAD_REQUEST, case="operation_name")
    return asked
