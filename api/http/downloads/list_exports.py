"""CSV exports of lists: GET /export/people.csv with a bearer token, streamed page by page.

A page is read when the client has taken the one before, so that memory does not grow with the list. A client that
closes the connection ends the export. If a page fails, the connection is closed before the end of the file, so that no
client takes a part for the whole.
"""

import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from api.codes.refusals.exports import ExportCode
from api.codes.request_errors.requests import RequestCode
from api.csv_writing import MARK, csv_lines
from api.graphql.engine.execution.operations import Schema
from api.graphql.engine.graphql_context import Context
from api.graphql.engine.lists.list_export import ListExport, list_export
from api.graphql.limits.budgets import Budget
from api.http.access import cross_origin
from api.http.access.request_guard import RequestGuard, unauthenticated
from api.http.graphql.graphql_responses import error_response, result_response
from api.http.graphql.media_types import DEFAULT
from api.services.common.database_faults import public_fault
from api.store.engine.faults.availability import log_database_outage
from strategies import Refusal

PATH = "/export/{name}.csv"
MAX_RUNNING_EXPORTS = 2
"""Most exports of one workspace that a process runs at the same time."""
MAX_PARAMETERS = 20
STATUSES: dict[str, int] = {
    ExportCode.EXPORT_UNKNOWN_LIST: 404,
    ExportCode.TOO_MANY_EXPORTS: 429,
    RequestCode.BUSY: 429,
    RequestCode.UNAUTHENTICATED: 401,
}
UNLIMITED_POINTS = 10**12
"""The budget of an export. It is limited by the number of exports instead, and by one page at a time."""


def routes(schema: Schema, guard: RequestGuard, origins: Sequence[str]) -> list[Route]:
    """Return the routes. Pages of ``origins`` may use them."""
    endpoint = ExportEndpoint(schema, guard)

    async def export(request: Request) -> Response:
        return await endpoint(request)

    return [
        Route(PATH, export, methods=["GET"], middleware=cross_origin.middleware(origins)),
        *cross_origin.options_routes(PATH, origins),
    ]


class ExportEndpoint:
    """Responds to requests of exports. ``_running`` has the number of running exports by workspace."""

    def __init__(self, schema: Schema, guard: RequestGuard) -> None:
        self.schema = schema
        self.guard = guard
        self._running: Counter[str] = Counter()

    async def __call__(self, request: Request) -> Response:
        """Respond to one request. Errors are those of a GraphQL response, with a status."""
        authorization = request.headers.get("authorization", "")
        try:
            context = await self.guard.context(authorization)
        except Exception as problem:
            if not log_database_outage(problem):
                raise
            return error_response(public_fault(problem) or RequestCode.INTERNAL_ERROR.message(), 503)
        if context is None:
            return error_response(unauthenticated(authorization))
        try:
            parameters = _parameters(request.scope["query_string"])
            query = self.schema._schema.query_type
            assert query is not None  # noqa: S101 - the schema has queries
            export = list_export(query, request.path_params["name"], parameters)
            return await self._export(export, authorization, context.workspace_context.workspace_id, request.method)
        except Refusal as refused:
            return _refusal(refused)

    async def _export(self, export: ListExport, authorization: str, key: str, method: str) -> Response:
        """Read the first page, so that errors have a status, and stream the rest. Raises Refusal."""
        if self._running[key] >= MAX_RUNNING_EXPORTS:
            raise Refusal.of(ExportCode.TOO_MANY_EXPORTS, (), limit=MAX_RUNNING_EXPORTS)
        self._running[key] += 1
        pages = export.pages(_Execution(self.schema, self.guard, authorization, key).execute)
        first: ExecutionResult | list[list[Any]] | None = None
        try:
            first = await anext(pages)
        finally:
            if not isinstance(first, list) or method == "HEAD":
                await pages.aclose()
                self._end(key)
        headers = {"Content-Disposition": f'attachment; filename="{export.name}.csv"', "Cache-Control": "no-store"}
        if not isinstance(first, list):
            response = await result_response(first, DEFAULT, suggest=True)
            response.status_code = max(response.status_code, 400)
            return response
        if method == "HEAD":
            return Response(headers=headers, media_type="text/csv")
        stream = _ExportResponse(self._lines(export, first, pages), headers=headers, media_type="text/csv")
        stream.ended = lambda: self._end(key)
        return stream

    async def _lines(
        self, export: ListExport, first: list[list[Any]], pages: AsyncGenerator[ExecutionResult | list[list[Any]], None]
    ) -> AsyncGenerator[bytes, None]:
        async with aclosing(pages):
            yield MARK.encode() + csv_lines([export.columns])
            yield csv_lines(first)
            async for page in pages:
                if not isinstance(page, list):
                    raise ConnectionAbortedError("a page of the export cannot be read")
                yield csv_lines(page)

    def _end(self, key: str) -> None:
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]


class _ExportResponse(StreamingResponse):
    """A stream that calls a function when it ends, also after an error."""

    ended: Any

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            async with aclosing(self.body_iterator):  # type: ignore[type-var]
                await super().__call__(scope, receive, send)
        finally:
            self.ended()


class _ExportContext(Context):
    """The context of one page: results contain plain values instead of EncodedJson, and every page may be read."""

    writes_json: ClassVar[bool] = False
    reads_all_pages: ClassVar[bool] = True


class _Execution:
    """Executes the pages of one export, each as an operation of its own: the token is checked again for each."""

    def __init__(self, schema: Schema, guard: RequestGuard, authorization: str, key: str) -> None:
        self._schema = schema
        self._guard = guard
        self._authorization = authorization
        self._key = key
        self._budget = Budget(UNLIMITED_POINTS, UNLIMITED_POINTS, time.monotonic)

    async def execute(self, document: str, variables: dict[str, Any]) -> ExecutionResult:
        """Execute a document. Raises Refusal UNAUTHENTICATED if the token was revoked, and BUSY."""
        context = await self._guard.context(self._authorization)
        if context is None:
            raise Refusal.of(RequestCode.UNAUTHENTICATED)
        page = _ExportContext(context.workspace_context, context.runtime, context.watch, self._budget, True)
        async with self._guard.operations.slot(self._key):
            return await self._schema.execute(
                document,
                variable_values=variables,
                context_value=page,
                allowed_operation_types=frozenset({OperationType.QUERY}),
            )


def _refusal(refused: Refusal) -> Response:
    """Return a refusal in the form of a GraphQL response, with the path of the parameter."""
    extensions = {"code": refused.code, "path": list(refused.path)}
    status = STATUSES.get(refused.code, 400)
    headers = {"Retry-After": "5"} if status == 429 else {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse({"errors": [{"message": refused.message, "extensions": extensions}]}, status, headers)


def _parameters(query_string: bytes) -> dict[str, str]:
    """Return the parameters of a query string. Raises Refusal."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise Refusal.of(RequestCode.BAD_REQUEST, (), case="parameters", limit=MAX_PARAMETERS) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise Refusal.of(ExportCode.EXPORT_BAD_PARAMETER, (name[:60],), case="repeated", name=name[:60])
        found[name] = value
    return found
