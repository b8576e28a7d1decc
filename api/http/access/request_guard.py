"""Checks for requests over HTTP and websockets: the token and the size of the document."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from api.codes.request_errors.queries import QueryCode
from api.codes.request_errors.requests import RequestCode
from api.graphql.engine.graphql_context import Context
from api.graphql.limits.budgets import Budgets
from api.graphql.limits.document_limits import MAX_QUERY_BYTES
from api.http.access.trusted_documents import TrustedDocuments, document_id
from api.http.access.workspace_limits import BodyMemory, MessageRateLimit, OperationQueue
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.following.event_tail import EventTail
from api.services.following.row_watch import RowWatch
from api.services.workspaces.tokens import valid_tokens, workspace_by_token
from api.store.engine.database_clock import sync_clock
from strategies import Refusal
from strategies.codes import Message

INTROSPECTION = re.compile(r"\b__(schema|type)\b")


@dataclass(frozen=True, slots=True)
class RequestGuard:
    """Authenticates requests of both transports, checks their documents, and creates their context."""

    runtime: DispatchRuntime
    watch: RowWatch
    max_body_bytes: int
    introspection: bool
    """Whether clients may read the schema."""
    budgets: Budgets
    operations: OperationQueue = field(default_factory=OperationQueue)
    message_rate: MessageRateLimit = field(default_factory=MessageRateLimit)
    tail: EventTail = field(default_factory=EventTail)
    trusted: TrustedDocuments | None = None
    """The only documents that run; None if all do."""
    body_memory: BodyMemory = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "body_memory", BodyMemory(self.max_body_bytes))

    async def valid(self, authorizations: Collection[str]) -> frozenset[str]:
        """Return those of many Authorization headers whose token is still valid."""
        tokens = {authorization: bearer_token(authorization) for authorization in authorizations}
        valid = await valid_tokens({token for token in tokens.values() if token})
        return frozenset(authorization for authorization, token in tokens.items() if token in valid)

    async def context(self, authorization: str) -> Context | None:
        """Return a new context for one request; None if the token is invalid."""
        await sync_clock(self.runtime.clock)  # a server without a tick loop syncs the clock only here
        token = bearer_token(authorization)
        owner = await workspace_by_token(token) if token else None
        if owner is None:
            return None
        workspace, actor, role = owner
        context = replace(self.runtime.context(workspace), actor=actor, role=role)
        budget = self.budgets.of(workspace.id, actor)
        return Context(context, self.runtime, self.watch, budget, self.introspection)

    def check_document(self, operation: dict[str, Any]) -> str:
        """Return the document of an operation. Raises Refusal if it is too long, not trusted, or introspects."""
        query: str = operation["query"]
        if len(query) > MAX_QUERY_BYTES or len(query.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
            raise Refusal.of(QueryCode.QUERY_TOO_LARGE, limit=MAX_QUERY_BYTES)
        if self.trusted is not None:
            query = operation["query"] = self.trusted.document(document_id(operation), query)
        elif not query:
            raise Refusal.of(QueryCode.PERSISTED_QUERY_NOT_SUPPORTED)
        if not self.introspection and INTROSPECTION.search(query):
            raise Refusal.of(QueryCode.INTROSPECTION_OFF)
        return query


def unauthenticated(authorization: str) -> Message:
    """Return the message for a request whose Authorization header has no valid token."""
    if bearer_token(authorization):
        return RequestCode.UNAUTHENTICATED.message()
    return RequestCode.UNAUTHENTICATED.message("missing")


def bearer_token(authorization: str) -> str:
    """Return the token of an Authorization header; an empty text if it has none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
