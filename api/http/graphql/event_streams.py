"""GraphQL over server-sent events: the "distinct connections mode" of the protocol of graphql-sse.

Each operation has a response of its own, a stream of events: ``next`` with a result, then ``complete``. A subscription
gets the same updates as over a websocket, and its token is checked again for each. uvicorn waits while a client reads
slowly, and an update that is not read yet is replaced by the next one. api/server closes the connection of a client
that does not read at all.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from api.codes.request_errors.http_answers import CloseCode
from api.codes.request_errors.requests import RequestCode
from api.graphql.arguments.coded_error import coded_error
from api.graphql.engine.execution.documents import operation_type
from api.graphql.engine.execution.operations import Schema
from api.graphql.engine.graphql_context import Context
from api.http.access.request_guard import RequestGuard
from api.http.graphql.json_writing import write_any_json
from api.http.graphql.media_types import EVENT_STREAM
from api.http.graphql.websocket_auth import AuthenticatedSchema
from api.server import STREAM_SCOPE_KEY
from api.server.limits import ServerLimits
from strategies import Refusal
from strategies.codes import Message

PING_SECONDS = 12.0
"""How long a stream is silent before it gets a comment. Proxies close connections that are silent for longer."""
PING = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
HEADERS = {"X-Accel-Buffering": "no"}
"""Headers of a stream: nginx must not buffer its events."""


class StreamClient:
    """The client of one stream."""

    def __init__(self, guard: RequestGuard, authorization: str, context: Context) -> None:
        self.guard = guard
        self.authorization = authorization
        self.refused: Message | None = None
        """Why the stream ends early: its token is revoked, or it reads events too slowly. None until then."""
        self._context: Context | None = context

    async def context(self) -> Context | None:
        """Return the context of the request, once: a stream that waits for updates must not keep it."""
        context, self._context = self._context, None
        return context

    async def refuse(self, why: Message, code: CloseCode = CloseCode.UNAUTHENTICATED) -> None:
        """End the stream, because the token is invalid or the client reads too slowly."""
        self.refused = why


def stream(
    request: Request, schema: Schema, operation: dict[str, Any], client: StreamClient, body_bytes: int
) -> Response:
    """Return the response that executes an operation and sends its results as events. Raises Refusal."""
    if body_bytes > ServerLimits.message_bytes:
        raise Refusal.of(RequestCode.TOO_LARGE, case="message", limit=ServerLimits.message_bytes)
    query, name = operation["query"], operation.get("operationName") or None
    if request.method != "POST" and operation_type(query, name) is OperationType.MUTATION:
        raise Refusal.of(RequestCode.MUTATION_BY_GET)
    request.scope[STREAM_SCOPE_KEY] = True
    results = _results(schema, query, operation.get("variables"), name, client)
    return StreamingResponse(_events(results), media_type=EVENT_STREAM, headers=HEADERS)


async def _results(
    schema: Schema, query: str, variables: dict[str, Any] | None, name: str | None, client: StreamClient
) -> AsyncGenerator[Any, None]:
    results = await AuthenticatedSchema(schema).stream(
        query, context_value=client, variable_values=variables, operation_name=name
    )
    async with aclosing(results):
        async for result in results:
            yield result
    if client.refused is not None:
        yield PreExecutionError(data=None, errors=[coded_error(client.refused)])


async def _events(results: AsyncGenerator[Any, None]) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a stream. While nothing happens, comments keep the connection open."""
    yield PING  # some browsers wait for the first byte
    async with aclosing(results):
        waiting = asyncio.ensure_future(anext(results, None))
        try:
            while True:
                await asyncio.wait({waiting}, timeout=PING_SECONDS)
                if not waiting.done():
                    yield PING
                    continue
                result = waiting.result()
                if result is None:
                    break
                yield b"event: next\ndata: " + await write_any_json(_content(result)) + b"\n\n"
                waiting = asyncio.ensure_future(anext(results, None))
        finally:
            waiting.cancel()
            await asyncio.wait({waiting})
    yield COMPLETE


def _content(result: ExecutionResult) -> dict[str, Any]:
    content: dict[str, Any] = {} if isinstance(result, PreExecutionError) else {"data": result.data}
    if result.errors:
        content["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        content["extensions"] = result.extensions
    return content
