"""The GraphQL endpoint over HTTP. Every request gets a GraphQL response, even if its body is not JSON."""

import re
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from api.codes.events.actors import ActorKind
from api.codes.request_errors.queries import QueryCode
from api.codes.request_errors.requests import RequestCode
from api.graphql.engine.execution.operations import Schema
from api.graphql.engine.graphql_context import Context
from api.http.access.request_guard import RequestGuard, unauthenticated
from api.http.compression import compress
from api.http.graphql.event_streams import StreamClient, stream
from api.http.graphql.graphql_responses import error_response, result_response
from api.http.graphql.json_reading import INLINE_MAX_BYTES, read_any_json
from api.http.graphql.media_types import JSON, Accepted, accepted
from api.http.graphql.operation_requests import check_operation, operation_of_query_string
from api.services.common.database_faults import public_fault
from api.store.engine.faults.availability import log_database_outage
from api.store.events.event_actor import acting
from api.worker_processes.limits import WorkersBusyError
from strategies import Refusal
from strategies.codes import Message

ALLOWED_BY_METHOD = {
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
    "GET": frozenset({OperationType.QUERY}),
}
"""Operations that get one response, by method. HEAD is GET without the body."""
BODY_BYTES = "touchline.body_bytes"
"""Key of the ASGI scope under which a request that was read has the size of its body."""
CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)
UTF8 = {"utf-8", "utf8", "us-ascii"}
"""Names of charsets whose bytes are UTF-8."""


class GraphQLEndpoint:
    """POST /graphql with a JSON body, or GET with a query string; both with a bearer token.

    The token is always in a header, which a page of another site cannot send without CORS. So GET needs no further
    protection against cross-site requests.
    """

    def __init__(self, schema: Schema, guard: RequestGuard) -> None:
        self.schema = schema
        self.guard = guard

    async def __call__(self, request: Request) -> Response:
        """Respond to one request."""
        headers, accept = request.headers, accepted(request.headers.get("accept", ""))
        authorization = headers.get("authorization", "")
        try:
            context = await self.guard.context(authorization)
        except Exception as problem:
            if not log_database_outage(problem):
                raise
            message = public_fault(problem) or RequestCode.INTERNAL_ERROR.message()
            return error_response(message, 503, accept)
        if context is None:
            return error_response(unauthenticated(authorization), None, accept)
        key = context.workspace_context.workspace_id
        try:
            if request.method == "POST":
                _check_body_headers(headers.get("content-type", ""), headers.get("content-encoding", "identity"))
            async with self._reserve_memory(request, key):
                operation = await self._read_operation(request, key)
                self.guard.check_document(operation)
                async with self.guard.operations.slot(key):
                    with acting(ActorKind.TOKEN, context.workspace_context.actor):
                        response = await self._execute(request, operation, context, accept)
            return await compress(response, headers.get("accept-encoding", ""))
        except WorkersBusyError:
            return error_response(RequestCode.BUSY.message("workers"), 503, accept)
        except Refusal as refused:
            return error_response(Message(refused.code, refused.message), None, accept)

    async def _execute(
        self, request: Request, operation: dict[str, Any], context: Context, accept: Accepted
    ) -> Response:
        if accept.only_streams:
            return self._stream(request, operation, context)
        try:
            result = await self.schema.execute(
                operation["query"],
                variable_values=operation.get("variables"),
                context_value=context,
                operation_name=operation.get("operationName") or None,
                allowed_operation_types=ALLOWED_BY_METHOD.get(request.method, ALLOWED_BY_METHOD["GET"]),
            )
        except CannotGetOperationTypeError:
            return error_response(QueryCode.NO_OPERATION.message(), None, accept)
        except InvalidOperationTypeError as refused:
            if refused.operation_type is OperationType.MUTATION:
                return error_response(RequestCode.MUTATION_BY_GET.message(), None, accept)
            if accept.streams:
                return self._stream(request, operation, context)
            return error_response(RequestCode.WEBSOCKET_NEEDED.message(), None, accept)
        return await result_response(result, accept, suggest=context.introspection)

    def _stream(self, request: Request, operation: dict[str, Any], context: Context) -> Response:
        client = StreamClient(self.guard, request.headers["authorization"], context)
        return stream(request, self.schema, operation, client, request.scope.get(BODY_BYTES, 0))

    async def _read_operation(self, request: Request, key: str) -> dict[str, Any]:
        """Read the parameters of an operation. Raises Refusal."""
        if request.method != "POST":
            return operation_of_query_string(request.scope["query_string"])
        body = await self._read_body(request)
        if not body.strip():
            raise Refusal.of(RequestCode.BAD_REQUEST, case="empty")
        return check_operation(await read_any_json(body, key))

    def _reserve_memory(self, request: Request, key: str) -> AbstractAsyncContextManager[None]:
        """Return a context manager that reserves memory for the body before it is read. Raises Refusal."""
        if request.method != "POST":
            return nullcontext()
        length = request.headers.get("content-length", "")
        size = int(length) if length.isascii() and length.isdigit() and len(length) <= 15 else self.guard.max_body_bytes
        if size > self.guard.max_body_bytes:
            raise Refusal.of(RequestCode.TOO_LARGE, limit=self.guard.max_body_bytes)
        return nullcontext() if size <= INLINE_MAX_BYTES else self.guard.body_memory.reserve(key, size)

    async def _read_body(self, request: Request) -> bytes:
        parts, size = [], 0
        try:
            async for part in request.stream():
                size += len(part)
                if size > self.guard.max_body_bytes:
                    raise Refusal.of(RequestCode.TOO_LARGE, limit=self.guard.max_body_bytes)
                parts.append(part)
        except ClientDisconnect:
            raise Refusal.of(RequestCode.BAD_REQUEST, case="incomplete") from None
        request.scope[BODY_BYTES] = size
        return b"".join(parts)


class OtherMethods:
    """Refuses all methods that no other route of /graphql has. Starlette would answer with plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        await error_response(RequestCode.HTTP_METHOD_NOT_ALLOWED.message())(scope, receive, send)


def _check_body_headers(content_type: str, encoding: str) -> None:
    """Check that a body is JSON in UTF-8. Forms and texts, which any page can send, are refused. Raises Refusal."""
    if content_type != JSON:
        media_type, _, parameters = content_type.partition(";")
        if media_type.strip().lower() != JSON:
            raise Refusal.of(RequestCode.NOT_JSON)
        charset = CHARSET.search(parameters)
        if charset and charset[1].lower() not in UTF8:
            raise Refusal.of(RequestCode.NOT_JSON, case="charset")
    if encoding.strip().lower() != "identity":
        raise Refusal.of(RequestCode.NOT_JSON, case="compressed")
