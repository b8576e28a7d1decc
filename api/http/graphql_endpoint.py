"""The GraphQL endpoint over HTTP. Every request gets a GraphQL response, whatever its body is."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from strawberry.schema import BaseSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from api.codes.queries import QueryCode
from api.codes.requests import RequestCode
from api.graphql.engine.context import Context
from api.graphql.engine.errors import coded
from api.http.json_reading import INLINE_MAX_BYTES, read_any_json
from api.http.json_writing import write_any_json
from api.http.request_guard import RequestGuard, check_operation
from api.services.common.database_faults import TRANSIENT, UNAVAILABLE, public_fault
from api.store.engine.availability import log_database_outage
from api.workers.limits import WorkersBusyError
from strategies import Refusal
from strategies.codes import Message

ALLOWED_OPERATIONS = {OperationType.QUERY, OperationType.MUTATION}
RETRY_HEADERS = {"Retry-After": "5"}
TRANSIENT_CODES = {RequestCode.BUSY.value, *TRANSIENT}
"""Codes of errors after which the same request can succeed later."""
STATUSES: Mapping[str, int] = {
    RequestCode.TOO_LARGE: 413,
    QueryCode.QUERY_TOO_LARGE: 413,
    RequestCode.NOT_JSON: 415,
    RequestCode.BUSY: 429,
    RequestCode.UNAUTHENTICATED: 401,
}
"""HTTP statuses of responses to requests that are not executed, by code. All others have 400."""


def headers_of(status: int, code: str = "") -> dict[str, str]:
    """Return the headers of an error response: WWW-Authenticate or Retry-After."""
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return RETRY_HEADERS if code in TRANSIENT_CODES else {}


def refusal(message: Message, status: int | None = None) -> JSONResponse:
    """Return an error in the form of a GraphQL response."""
    status = status or STATUSES.get(message.code, 400)
    body = {"data": None, "errors": [{"message": message.sentence, "extensions": {"code": message.code}}]}
    return JSONResponse(body, status, headers_of(status, message.code))


async def _response(result: ExecutionResult, *, suggest: bool) -> Response:
    answer: dict[str, Any] = {"data": result.data}
    status, headers = 200, dict[str, str]()
    if result.errors:
        answer["errors"] = errors = [coded(error, suggest=suggest).formatted for error in result.errors]
        codes = {error["extensions"]["code"] for error in errors}
        if result.data is None and (found := [each for each in UNAVAILABLE if each in codes]):
            status, headers = 503, headers_of(503, found[0])
        wait = errors[0]["extensions"].get("retryAfter")
        if wait is not None:
            status, headers = 429, {"Retry-After": str(wait)}
    if result.extensions:
        answer["extensions"] = result.extensions
    return Response(await write_any_json(answer), status, headers, "application/json")


class GraphQLEndpoint:
    """POST /graphql with a JSON body and a bearer token."""

    def __init__(self, schema: BaseSchema, guard: RequestGuard) -> None:
        self.schema = schema
        self.guard = guard

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        authorization = request.headers.get("authorization", "")
        try:
            context = await self.guard.context(authorization)
        except Exception as problem:
            if not log_database_outage(problem):
                raise
            return refusal(public_fault(problem) or RequestCode.INTERNAL_ERROR.message(), 503)
        if context is None and authorization:
            return refusal(RequestCode.UNAUTHENTICATED.message())
        if context is None:
            return refusal(RequestCode.UNAUTHENTICATED.message("missing"))
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return refusal(RequestCode.NOT_JSON.message())
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return refusal(RequestCode.NOT_JSON.message("compressed"))
        key = context.workspace_context.workspace_id
        try:
            async with self._reserve_memory(request, key):
                asked = check_operation(await read_any_json(await self._read_body(request), key))
                self.guard.check_query(asked["query"])
                async with self.guard.turns.turn(key):
                    return await self._execute(asked, context)
        except WorkersBusyError:
            return refusal(RequestCode.BUSY.message("workers"), 503)
        except Refusal as refused:
            return refusal(Message(refused.code, refused.message))

    async def _execute(self, asked: dict[str, Any], context: Context) -> Response:
        try:
            result = await self.schema.execute(
                asked["query"],
                variable_values=asked.get("variables"),
                context_value=context,
                operation_name=asked.get("operationName") or None,
                allowed_operation_types=ALLOWED_OPERATIONS,
            )
        except CannotGetOperationTypeError:
            return refusal(QueryCode.NO_OPERATION.message())
        except InvalidOperationTypeError:
            return refusal(RequestCode.WEBSOCKET_NEEDED.message())
        return await _response(result, suggest=context.introspection)

    def _reserve_memory(self, request: Request, key: str) -> AbstractAsyncContextManager[None]:
        """Return a context manager that reserves memory for the body before it is read. Raises Refusal."""
        told = request.headers.get("content-length", "")
        size = int(told) if told.isascii() and told.isdigit() and len(told) <= 15 else self.guard.max_body
        if size > self.guard.max_body:
            raise Refusal.of(RequestCode.TOO_LARGE, limit=self.guard.max_body)
        return nullcontext() if size <= INLINE_MAX_BYTES else self.guard.bodies.reserve(key, size)

    async def _read_body(self, request: Request) -> bytes:
        parts, size = [], 0
        try:
            async for part in request.stream():
                size += len(part)
                if size > self.guard.max_body:
                    raise Refusal.of(RequestCode.TOO_LARGE, limit=self.guard.max_body)
                parts.append(part)
        except ClientDisconnect:
            raise Refusal.of(RequestCode.BAD_REQUEST, case="incomplete") from None
        return b"".join(parts)
