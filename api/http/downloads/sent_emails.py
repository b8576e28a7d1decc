"""Download an email as it was sent, as a file that mail programs open: ``GET /emails/ID.eml``.

A token in the header gives access, or the signed link that ``Email.emlUrl`` returns, because a browser cannot send a
header with a link.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.codes.refusals.emails import EmailCode
from api.codes.request_errors.requests import RequestCode
from api.http.access import cross_origin
from api.http.access.page_refusals import caller_context, refusal_response
from api.http.access.request_guard import RequestGuard
from api.http.access.workspace_limits import OperationQueue
from api.services.common.emails.attached_files import attached_parts
from api.services.emails import eml_files
from strategies import Refusal
from strategies.codes import Code

MAX_RUNNING_DOWNLOADS = 4
"""Most downloads of one workspace that start at the same time. Others wait in order."""
MAX_WAITING_DOWNLOADS = 50
MAX_NAME_CHARACTERS = 80
"""Most characters of the subject in the name of a file."""
STATUSES: Mapping[Code, int] = {EmailCode.CONTENT_NOT_KEPT: 404}
UNSAFE_CHARACTERS = frozenset('/\\:*?"<>|%')
"""Characters that a file name must not have on some systems."""


class SentEmailPages:
    """Returns emails as files. ``queue`` limits how many each workspace fetches at the same time."""

    def __init__(self, guard: RequestGuard) -> None:
        self.guard = guard
        self.queue = OperationQueue(MAX_RUNNING_DOWNLOADS, MAX_WAITING_DOWNLOADS)

    async def download(self, request: Request) -> Response:
        """Return an email with its attachments, always as a download."""
        email_id = request.path_params["id"]
        try:
            workspace_id = await self._workspace_id(request, email_id)
            async with self.queue.slot(workspace_id):
                file = await eml_files.load(workspace_id, email_id)
        except Refusal as refusal:
            return refusal_response(refusal, STATUSES)
        headers = {
            "Content-Disposition": content_disposition(file.subject, email_id),
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        if not file.attachments:
            return Response(file.message, media_type="message/rfc822", headers=headers)
        parts = attached_parts(file.message, file.attachments, email_id)
        return StreamingResponse(parts, media_type="message/rfc822", headers=headers)

    async def _workspace_id(self, request: Request, email_id: str) -> str:
        """Return the workspace that the token or the signed link gives access to. Raises Refusal."""
        query, runtime = request.query_params, self.guard.runtime
        if "signature" not in query:
            return (await caller_context(self.guard, request)).workspace_id
        links = runtime.eml_links
        now = runtime.clock()
        if links is None or not links.is_valid(email_id, query.get("until", ""), query["signature"], now):
            raise Refusal.of(RequestCode.UNAUTHENTICATED, case="link")
        return await eml_files.workspace_of(email_id)


def content_disposition(subject: str, email_id: str) -> str:
    """Return the header that makes a browser save the email under its subject. Its plain name is the email's id."""
    kept = [
        " " if character in UNSAFE_CHARACTERS or unicodedata.category(character)[0] in "CZ" else character
        for character in subject
    ]
    name = " ".join("".join(kept).split())[:MAX_NAME_CHARACTERS].strip(". ") or email_id
    return f"attachment; filename=\"{email_id}.eml\"; filename*=UTF-8''{quote(name, safe='')}.eml"


def routes(guard: RequestGuard, origins: Sequence[str]) -> list[Route]:
    """Return the routes. Pages of the origins of TOUCHLINE_CORS_ORIGINS may use them."""
    pages, of_origins = SentEmailPages(guard), cross_origin.middleware(origins)
    return [
        Route("/emails/{id}.eml", pages.download, methods=["GET"], middleware=of_origins),
        *cross_origin.options_routes("/emails/{id}.eml", origins),
    ]
