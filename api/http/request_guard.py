"""Who may ask, how much, and in which form: the same over HTTP and over a websocket."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from api.graphql.engine.context import Context
from api.graphql.limits.budgets import Budgets
from api.graphql.limits.document_limits import MAX_QUERY_BYTES
from api.http.shares import BodyMemory, Pace, Turns
from api.services.common.runtime import DispatchRuntime
from api.services.launches.launch_progress import LaunchWatch
from api.services.workspaces.workspaces import workspace_of
from api.store.engine.database_clock import set_by_database
from strategies import Refusal

WRONG_TOKEN = "This token opens nothing."  # noqa: S105 - a sentence
INTROSPECTION = re.compile(r"\b__(schema|type)\b")


@dataclass(frozen=True, slots=True)
class Gate:
    """What both transports check, and the context that they give to what passes."""

    runtime: DispatchRuntime
    watch: LaunchWatch
    max_body: int
    introspection: bool
    budgets: Budgets
    turns: Turns = field(default_factory=Turns)
    pace: Pace = field(default_factory=Pace)
    bodies: BodyMemory = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bodies", BodyMemory(self.max_body))

    async def context(self, authorization: str) -> Context | None:
        """Return a context of its own for one request of a token's bearer; None where the token opens nothing."""
        await set_by_database(self.runtime.clock)  # a server without a tick loop has nobody else who does
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


def operation_of(asked: object) -> dict[str, Any]:
    """Return the parts of a GraphQL request. Raises ValueError with a sentence for the client."""
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str) or not asked["query"]:
        raise ValueError('A request must be an object with a "query" that is text.')
    if not isinstance(asked.get("variables") or {}, dict):
        raise ValueError('"variables" must be an object.')
    if not isinstance(asked.get("operationName", ""), str | None):
        raise ValueError('"operationName" must be text.')
    return asked
