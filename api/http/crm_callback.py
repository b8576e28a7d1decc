"""The page to which a CRM sends a user after the login: GET /crm/callback.

The state in the URL is signed, random and valid once, so the request needs no token. The page and the logs contain
neither the code nor a token.
"""

import logging
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.codes.crm.connections import CrmConnectionCode
from api.services.common.crm_environment import CALLBACK_PATH
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.crm.connections.consent import connect_by_login
from api.store.engine.database_clock import sync_clock
from api.store.engine.faults.availability import log_database_outage
from strategies import Refusal

log = logging.getLogger("touchline.crm")

CONTENT_SECURITY_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><body><h1>{title}</h1>
<p>{text}</p></body></html>"""
MAX_VALUE_CHARACTERS = 4_000
"""Longest value in the query of a callback."""
RETRY_SECONDS = "5"


def routes(runtime: DispatchRuntime) -> list[Route]:
    """Return the route."""

    async def callback(request: Request) -> Response:
        # HEAD, which Starlette adds to GET, must not use up the state: programs that check links send it.
        if request.method != "GET":
            return Response(status_code=405, headers={"Allow": "GET"})
        answer = {name: value[:MAX_VALUE_CHARACTERS] for name, value in request.query_params.items()}
        try:
            await sync_clock(runtime.clock)
            done = await connect_by_login(runtime.context, runtime.crm, runtime.clock, answer)
        except Refusal as refusal:
            log.info("a login at a CRM was refused: %s", refusal.code)
            status = 404 if refusal.code == CrmConnectionCode.CRM_CONSENT_UNKNOWN else 400
            return _page("Not connected", refusal.message, status)
        except Exception as problem:
            if not log_database_outage(problem):
                raise
            later = "The database is not available. Start again in a moment."
            return _page("Not connected", later, 503, {"Retry-After": RETRY_SECONDS})
        row, workspace = done.connection, done.workspace
        organization = row.org_name or row.org_id
        text = f"The workspace {workspace.name} is connected to {organization} as {row.user_name or row.user_id}."
        return _page("Connected", f"{text} You can close this page.", 200)

    return [Route(CALLBACK_PATH, callback, methods=["GET"])]


def _page(title: str, text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(
        PAGE.format(title=escape(title), text=escape(text)),
        status,
        headers={
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Cache-Control": "no-store",
            # The URL of this page has the code, which no other site may see.
            "Referrer-Policy": "no-referrer",
            **(headers or {}),
        },
    )
