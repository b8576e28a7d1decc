"""Security headers of every HTTP response, and the response to an unhandled exception."""

import logging

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.codes.request_errors.requests import RequestCode
from api.http.graphql.graphql_responses import error_response
from api.services.common.database_faults import public_fault
from api.store.engine.faults.availability import log_database_outage

log = logging.getLogger("touchline.http")

SECURITY_HEADERS = {
    # Responses contain personal data and unsubscribe links, so no cache may store them.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # No other site may embed our pages. Pages with scripts or styles set their own policy.
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
RAW_SECURITY_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class SecurityHeaders:
    """Adds the headers to every HTTP response that does not set them itself, errors and redirects included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_security_headers(MutableHeaders(raw=message.setdefault("headers", [])))
            await send(message)

        await self.app(scope, receive, send_with_headers)


def add_security_headers(headers: MutableHeaders) -> None:
    """Add the headers that are not set yet."""
    present = {name for name, _ in headers.raw}
    headers.raw.extend(header for header in RAW_SECURITY_HEADERS if header[0] not in present)


async def respond_to_exception(_request: Request, problem: Exception) -> Response:
    """Respond to an unhandled exception with JSON that reveals no details."""
    status = 503 if log_database_outage(problem) else 500
    response = error_response(public_fault(problem) or RequestCode.INTERNAL_ERROR.message(), status)
    add_security_headers(response.headers)
    return response
