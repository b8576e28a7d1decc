"""Pages outside GraphQL that need a token: the caller's context, and refusals as JSON."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse

from api.codes.refusals.workspaces import WorkspaceCode
from api.codes.request_errors.inputs import InputCode
from api.codes.request_errors.requests import RequestCode
from api.http.access.request_guard import RequestGuard, unauthenticated
from api.services.common.request_context import WorkspaceContext
from strategies import Refusal
from strategies.codes import Code

STATUSES: Mapping[Code, int] = {
    RequestCode.UNAUTHENTICATED: 401,
    RequestCode.BUSY: 503,
    InputCode.NOT_FOUND: 404,
    WorkspaceCode.ROLE_REQUIRED: 403,
}
"""HTTP status by the code of a refusal, for every page. Codes without a status are 400."""


async def caller_context(guard: RequestGuard, request: Request) -> WorkspaceContext:
    """Return the context of the token's workspace. Raises Refusal."""
    authorization = request.headers.get("authorization", "")
    context = await guard.context(authorization)
    if context is None:
        raise Refusal(*unauthenticated(authorization))
    return context.workspace_context


def refusal_response(refusal: Refusal, statuses: Mapping[Code, int]) -> JSONResponse:
    """Return a refusal as JSON. ``statuses`` has the status of each code of the page that is not 400."""
    status = next((status for code, status in {**STATUSES, **statuses}.items() if code == refusal.code), 400)
    headers = {"Retry-After": "5"} if status == 503 else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    error = {"code": refusal.code, "message": refusal.message, "path": list(refusal.path)}
    return JSONResponse({"error": error}, status, headers)
