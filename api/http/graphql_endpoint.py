"""The GraphQL endpoint over HTTP. Every request gets a GraphQL response, whatever its body is."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from strawberry.schema import BaseSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from api.graphql.engine.context import Context
from api.graphql.engine.errors import NO_OPERATION, coded, fault
from api.http.json_reading import INLINE_MAX_BYTES, JsonTooLargeError, read_any_json
from api.http.json_writing import write_any_json
from api.http.request_guard import TOKEN_INVALID, RequestGuard, check_operation
from api.http.workspace_limits import BusyError
from api.services.common.database_faults import UNAVAILABLE
from api.store.engine.availability import log_database_outage
from api.store.engine.database_faults import DatabaseFault
from api.workers.limits import WorkersBusyError
from strategies import Refusal

ALLOWED_OPERATIONS = {OperationType.QUERY, OperationType.MUTATION}
TOKEN_MISSING = "A token is required. Send the header Authorization: Bearer <token>."  # noqa: S105 - a sentence
RETRY_HEADERS = {"Retry-After": "5"}
TRANSIENT_CODES = {"BUSY", *(str(fault) for fault in DatabaseFault if fault.is_transient)}
"""Codes of errors after which the same request may succeed later."""


def headers_of(status: int, code: str = "") -> dict[str, str]:
    """Return the headers of an error response: WWW-Authenticate or Retry-After."""
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return RETRY_HEADERS if code in TRANSIENT_CODES else {}


def refusal(status: int, code: str, message: str) -> JSONResponse:
    """Return an error in the form of a GraphQL response."""
    headers = headers_of(status, code)
    body = {"data": None, "errors": [{"message": message, "extensions": {"code": code}}]}
    return JSONResponse(body, status, headers)


class TooLargeError(Exception):
    """The body is larger than TOUCHLINE_MAX_BODY_BYTES."""


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
            told = fault(problem)
            return refusal(503, str((told.extensions or {})["code"]), told.message)
        if context is None:
            return refusal(401, "UNAUTHENTICATED", TOKEN_INVALID if authorization else TOKEN_MISSING)
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return refusal(415, "NOT_JSON", "Send Content-Type: application/json.")
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return refusal(
                415, "NOT_JSON", "Send the body without Content-Encoding: compressed bodies are not supported."
            )
        key = context.workspace_context.workspace_id
        try:
            async with self._reserve_memory(request, key):
                asked = check_operation(await read_any_json(await self._read_body(request), key))
                self.guard.check_query(asked["query"])
                async with self.guard.turns.turn(key):
                    return await self._execute(asked, context)
        except TooLargeError:
            return refusal(413, "TOO_LARGE", f"A request may have up to {self.guard.max_body:,} bytes.")
        except BusyError as busy:
            return refusal(429, "BUSY", str(busy))
        except WorkersBusyError:
            return refusal(503, "BUSY", "The server is busy with large requests. Try again in a moment.")
        except JsonTooLargeError as problem:
            return refusal(413, "TOO_LARGE", str(problem))
        except ValueError as problem:
            return refusal(400, "BAD_REQUEST", str(problem)[:300])
        except Refusal as refused:
            return refusal(413 if refused.code == "QUERY_TOO_LARGE" else 400, refused.code, refused.message)

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
            return refusal(400, "NO_OPERATION", NO_OPERATION)
        except InvalidOperationTypeError:
            message = "Send subscriptions over a websocket to this address (protocol graphql-transport-ws)."
            return refusal(400, "WEBSOCKET_NEEDED", message)
        return await _response(result, suggest=context.introspection)

    def _reserve_memory(self, request: Request, key: str) -> AbstractAsyncContextManager[None]:
        """Return a context manager that reserves memory for the body before it is read. Raises TooLargeError."""
        told = request.headers.get("content-length", "")
        size = int(told) if told.isascii() and told.isdigit() and len(told) <= 15 else self.guard.max_body
        if size > self.guard.max_body:
            raise TooLargeError
        return nullcontext() if size <= INLINE_MAX_BYTES else self.guard.bodies.reserve(key, size)

    async def _read_body(self, request: Request) -> bytes:
        parts, size = [], 0
        try:
            async for part in request.stream():
                size += len(part)
                if size > self.guard.max_body:
                    raise TooLargeError
                parts.append(part)
        except ClientDisconnect:
            raise ValueError("The body is incomplete: the connection closed early.") from None
        return b"".join(parts)
