"""CORS: which pages of other origins may use the GraphQL endpoint.

Pages send the token in a header, so no credentials such as cookies are allowed. Without the setting there are no CORS
headers, and browsers keep answers from pages of other origins.
"""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.http.websocket_origin import normalize_origin

PREFLIGHT_SECONDS = 7_200
"""How long a browser may remember the answer to a preflight request. Chrome caps it at this value."""
EXPOSED_HEADERS = ("Retry-After", "WWW-Authenticate")
"""Headers of answers that pages may read."""


def middleware(origins: Sequence[str]) -> list[Middleware]:
    """Return the middleware of the GraphQL route."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=("*",),  # clients add their own, such as for tracing; only Authorization grants access
            allow_credentials=False,
            expose_headers=EXPOSED_HEADERS,
            max_age=PREFLIGHT_SECONDS,
        )
    ]


def options_routes(path: str, origins: Sequence[str]) -> list[Route]:
    """Return the route that answers preflight requests, which have no token. Without origins, OPTIONS gets 405."""
    return [Route(path, _options, methods=["OPTIONS"], middleware=middleware(origins))] if origins else []


async def _options(_request: Request) -> Response:
    """Answer an OPTIONS request that is not a preflight request."""
    return Response(status_code=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})


def websocket_origins(public_url: str, origins: Sequence[str]) -> Sequence[str]:
    """Return the origins whose pages may open websockets, besides those of the host that they connect to."""
    public = normalize_origin(public_url)
    return (*origins, public) if public else tuple(origins)
