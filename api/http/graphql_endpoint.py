"""The GraphQL endpoint over HTTP. Every request gets a GraphQL response, even if its body is not JSON."""

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
from api.graphql.engine.errors import with_code
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


def error_headers(status: int, code: str = "") -> dict[str, str]:
    """Return the headers of an error response: WWW-Authenticate or Retry-After."""
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return RETRY_HEADERS if code in TRANSIENT_CODES else {}


def error_response(message: Message, status: int | None = None) -> JSONResponse:
    """Return an error in the form of a GraphQL response. The status follows from the code, unless it is given."""
    status = status or STATUSES.get(message.code, 400)
    body = {"data": None, "errors": [{"message": message.sentence, "extensions": {"code": message.code}}]}
    return JSONResponse(body, status, error_headers(status, message.code))


async def _response(result: ExecutionResult, *, suggest: bool) -> Response:
    content: dict[str, Any] = {"data": result.data}
    status, headers = 200, dict[str, str]()
    if result.errors:
        content["errors"] = errors = [with_code(error, suggest=suggest).formatted for error in result.errors]
        codes = {error["extensions"]["code"] for error in errors}
        if result.data is None and (unavailable := [each for each in UNAVAILABLE if each in codes]):
            status, headers = 503, error_headers(503, unavailable[0])
        retry_after = errors[0]["extensions"].get("retryAfter")
        if retry_after is not None:
            status, headers = 429, {"Retry-After": str(retry_after)}
    if result.extensions:
        content["extensions"] = result.extensions
    return Response(await write_any_json(content), status, headers, "application/json")


class GraphQLEndpoint:
    """POST /graphql with a JSON body and a bearer token."""

    def __init__(self, schema: BaseSchema, guard: RequestGuard) -> None:
        self.schema = schema
        self.guard = guard

    async def __call__(self, request: Request) -> Response:
        """Respond to one request."""
        authorization = request.headers.get("authorization", "")
        try:
            context = await self.guard.context(authorization)
        except Exception as problem:
            if not log_database_outage(problem):
                raise
            return error_response(public_fault(problem) or RequestCode.INTERNAL_ERROR.message(), 503)
        if context is None and authorization:
            return error_response(RequestCode.UNAUTHENTICATED.message())
        if context is None:
            return error_response(RequestCode.UNAUTHENTICATED.message("missing"))
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return error_response(RequestCode.NOT_JSON.message())
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return error_response(RequestCode.NOT_JSON.message("compressed"))
        key = context.workspace_context.workspace_id
        try:
            async with self._reserve_memory(request, key):
                operation = check_operation(await read_any_json(await self._read_body(request), key))
                self.guard.check_query(operation["query"])
                async with self.guard.operations.slot(key):
                    return await self._execute(operation, context)
        except WorkersBusyError:
            return error_response(RequestCode.BUSY.message("workers"), 503)
        except Refusal as refused:
            return error_response(Message(refused.code, refused.message))

    async def _execute(self, operation: dict[str, Any], context: Context) -> Response:
        try:
            result = await self.schema.execute(
                operation["query"],
                variable_values=operation.get("variables"),
                context_value=context,
                operation_name=operation.get("operationName") or None,
                allowed_operation_types=ALLOWED_OPERATIONS,
            )
        except CannotGetOperationTypeError:
            return error_response(QueryCode.NO_OPERATION.message())
        except InvalidOperationTypeError:
            return error_response(RequestCode.WEBSOCKET_NEEDED.message())
        return await _response(result, suggest=context.introspection)

    def _reserve_memory(self, request: Request, key: str) -> AbstractAsyncContextManager[None]:
        """Return a context manager that reserves memory for the body before it is read. Raises Refusal."""
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
        return b"".join(parts)
