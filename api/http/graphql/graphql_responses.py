"""GraphQL responses over HTTP: their status, headers, media type and JSON.

With application/json, every operation that GraphQL has seen gets 200, as older clients expect. With
application/graphql-response+json, the status says whether the operation was executed. Both are described in
https://graphql.github.io/graphql-over-http/draft/.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError
from starlette.responses import Response
from strawberry.types.execution import ExecutionResult

from api.codes.request_errors.queries import QueryCode
from api.codes.request_errors.requests import RequestCode
from api.graphql.engine.execution.errors import with_code
from api.http.graphql.json_writing import write_any_json
from api.http.graphql.media_types import DEFAULT, GRAPHQL_JSON, Accepted
from api.services.common.database_faults import TRANSIENT, UNAVAILABLE
from strategies.codes import Message

RETRY_HEADERS = {"Retry-After": "5"}
TRANSIENT_CODES = {RequestCode.BUSY.value, *TRANSIENT}
"""Codes of errors after which the same request can succeed later."""
STATUSES: Mapping[str, int] = {
    RequestCode.TOO_LARGE: 413,
    QueryCode.QUERY_TOO_LARGE: 413,
    RequestCode.NOT_JSON: 415,
    RequestCode.BUSY: 429,
    RequestCode.UNAUTHENTICATED: 401,
    RequestCode.HTTP_METHOD_NOT_ALLOWED: 405,
    RequestCode.MUTATION_BY_GET: 405,
}
"""HTTP statuses of responses to requests that are not executed, by code. All others have 400."""
STOPPED_STATUSES: Mapping[str, int] = {RequestCode.INTERNAL_ERROR: 500, RequestCode.REQUEST_TIMEOUT: 504}
"""HTTP statuses of operations that the server stopped, by code, where the media type has statuses."""


def error_headers(status: int, code: str = "") -> dict[str, str]:
    """Return the headers of an error response: WWW-Authenticate, Allow or Retry-After."""
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if status == 405:
        return {"Allow": "POST" if code == RequestCode.MUTATION_BY_GET else "GET, HEAD, POST"}
    return RETRY_HEADERS if code in TRANSIENT_CODES else {}


def error_response(message: Message, status: int | None = None, accept: Accepted = DEFAULT) -> Response:
    """Return an error in the form of a GraphQL response. The status follows from the code, unless it is given."""
    status = status or STATUSES.get(message.code, 400)
    body = {"errors": [{"message": message.sentence, "extensions": {"code": message.code}}]}
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(content, status, error_headers(status, message.code), accept.content_type)


async def result_response(result: ExecutionResult, accept: Accepted, *, suggest: bool) -> Response:
    """Return the result of an operation. Without ``suggest``, errors name no other fields of the schema."""
    content: dict[str, Any] = {"data": result.data}
    status, headers = 200, dict[str, str]()
    if result.errors:
        content["errors"] = errors = [with_code(error, suggest=suggest).formatted for error in result.errors]
        codes = [error["extensions"]["code"] for error in errors]
        has_statuses = accept.media_type is GRAPHQL_JSON
        if result.data is None and not was_executed(result.errors):
            stopped = STOPPED_STATUSES.get(codes[0])
            if stopped is None:
                del content["data"]
            if has_statuses:
                status = stopped or STATUSES.get(codes[0], 400)
        if result.data is None and (unavailable := [each for each in UNAVAILABLE if each in codes]):
            status, headers = 503, error_headers(503, unavailable[0])
        retry_after = errors[0]["extensions"].get("retryAfter")
        if retry_after is not None:
            status, headers = 429, {"Retry-After": str(retry_after)}
    if result.extensions:
        content["extensions"] = result.extensions
    return Response(await write_any_json(content), status, headers, accept.content_type)


def was_executed(errors: Sequence[GraphQLError]) -> bool:
    """Return whether errors are those of fields. Errors of an operation that was not executed have no path."""
    return any(error.path is not None for error in errors)
