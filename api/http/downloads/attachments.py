"""Upload files that emails can have attached (``POST /attachments``), and download them (``GET /attachments/ID``).

Every file is a download, whatever its type, so that no browser shows it in Touchline's origin.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from api.codes.refusals.emails import EmailCode
from api.http.access import cross_origin
from api.http.access.page_refusals import caller_context, refusal_response
from api.http.access.request_guard import RequestGuard
from api.http.access.workspace_limits import OperationQueue
from api.roles import Role
from api.services.one_off_emails import uploads
from api.services.one_off_emails.attached import MAX_ATTACHED_BYTES
from strategies import Refusal
from strategies.codes import Code

MAX_RUNNING_UPLOADS = 4
"""Most uploads and downloads of one workspace at the same time. Others wait in order."""
MAX_WAITING_UPLOADS = 50
STATUSES: Mapping[Code, int] = {EmailCode.ATTACHMENTS_TOO_LARGE: 413}


class AttachmentPages:
    """Stores and returns files. ``queue`` limits how many each workspace sends and fetches at the same time."""

    def __init__(self, guard: RequestGuard) -> None:
        self.guard = guard
        self.queue = OperationQueue(MAX_RUNNING_UPLOADS, MAX_WAITING_UPLOADS)

    async def upload(self, request: Request) -> Response:
        """Store the body of a request as an attachment."""
        try:
            context = await caller_context(self.guard, request)
            context.require_role(Role.REP)
            _check_headers(request)
            async with self.queue.slot(context.workspace_id):
                name, type_ = request.query_params.get("name", ""), request.headers.get("content-type", "")
                row = await uploads.store_upload(context, name, type_, _body(request))
        except Refusal as refusal:
            return refusal_response(refusal, STATUSES)
        found = {"id": row.id, "name": row.name, "type": row.type, "size": row.size}
        return JSONResponse({"attachment": found}, 201)

    async def download(self, request: Request) -> Response:
        """Return a file, as a download."""
        try:
            context = await caller_context(self.guard, request)
            row = await uploads.find_attachment(context, request.path_params["id"])
        except Refusal as refusal:
            return refusal_response(refusal, STATUSES)
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name, safe='')}",
            "Content-Length": str(row.size),
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        return StreamingResponse(uploads.content(row), media_type=row.type, headers=headers)


def _check_headers(request: Request) -> None:
    """Refuse a body that is too large, before it is read, a compressed one, and a form. Raises Refusal."""
    if request.headers.get("content-type", "").strip().lower().startswith("multipart/form-data"):
        # The stored file would be the form, with the file inside it.
        raise Refusal.of(EmailCode.ATTACHMENT_INVALID, case="form")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > MAX_ATTACHED_BYTES):
        raise uploads.too_large(int(length[:15]))
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal.of(EmailCode.ATTACHMENT_INVALID, case="compressed")


async def _body(request: Request) -> AsyncIterator[bytes]:
    """Yield the parts of a body. Raises Refusal if the client ends the connection early."""
    try:
        async for part in request.stream():
            yield part
    except ClientDisconnect:
        raise Refusal.of(EmailCode.ATTACHMENT_INVALID) from None


def routes(guard: RequestGuard, origins: Sequence[str]) -> list[Route]:
    """Return the routes. Pages of the origins of TOUCHLINE_CORS_ORIGINS may use them."""
    pages, of_origins = AttachmentPages(guard), cross_origin.middleware(origins)
    return [
        Route("/attachments", pages.upload, methods=["POST"], middleware=of_origins),
        *cross_origin.options_routes("/attachments", origins),
        Route("/attachments/{id}", pages.download, methods=["GET"], middleware=of_origins),
        *cross_origin.options_routes("/attachments/{id}", origins),
    ]
