"""The unsubscribe page to which every email links, with one-click unsubscribing by POST (RFC 8058).

A link contains the workspace and the address to which the email was sent. So it suppresses that address even if the
person's address has changed since. Links of early 0.1 releases contain only the person. They suppress the person's
present address and every address to which emails were sent.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.mail.address import address_key
from api.models import Person, Workspace
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.recipient import Recipient
from api.services.people.suppressions import suppress
from api.settings import Settings
from api.states import SuppressionSource
from api.store.engine.availability import log_database_outage
from api.store.engine.rows import is_possible_id
from api.store.suppressions import NewSuppression, recipients_of
from api.store.workspaces import workspace_by_id

STYLE = "body { font-family: sans-serif; max-width: 30em; margin: 4em auto }"
PAGE_HTML = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Unsubscribe</title>
<link rel="icon" href="data:,"><style>{STYLE}</style><body>{{body}}</body></html>"""
CONFIRM_FORM = """<p>Do you want to receive no more emails from this sender?</p>
<form method="post"><button name="List-Unsubscribe" value="One-Click">Unsubscribe</button></form>"""

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}';"
    " img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Allows only the page's own style and form, and forbids embedding."""
TRY_LATER = "<p>This is not possible right now, and nothing was changed. Please try again in a few minutes.</p>"


LINK_REASON = "The recipient used the unsubscribe link in an email."


def _signature(secret: str, link_path: str) -> str:
    return hmac.new(secret.encode(), link_path.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _link_path(workspace_id: str, email: str) -> str:
    """Return the part of a link's path that identifies a workspace and an address."""
    return f"{workspace_id}/{base64.urlsafe_b64encode(email.encode()).decode().rstrip('=')}"


def link_maker(settings: Settings) -> Callable[[Person | Recipient], str | None]:
    """Return a function that returns a person's unsubscribe link, or None if TOUCHLINE_PUBLIC_URL is not set."""

    def link(person: Person | Recipient) -> str | None:
        if not settings.public_url:
            return None
        link_path = _link_path(person.workspace_id, person.email)
        return f"{settings.public_url.rstrip('/')}/unsubscribe/{link_path}/{_signature(settings.secret, link_path)}"

    return link


def _page(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    # str.format fails on the braces of the style.
    return HTMLResponse(
        PAGE_HTML.replace("{body}", body),
        status,
        {"Content-Security-Policy": CONTENT_SECURITY_POLICY, **(headers or {})},
    )


def routes(settings: Settings, runtime: DispatchRuntime) -> list[Route]:
    """Return the routes. Only POST unsubscribes, because mail scanners follow links with GET and HEAD."""

    async def unsubscribe(request: Request) -> Response:
        try:
            target = await _find_target((settings.secret, settings.old_secret), request.path_params)
            if target is None:
                return _page("<p>This link is not valid.</p>", 404)
            # Starlette adds HEAD to every route that accepts GET.
            if request.method != "POST":
                return _page(CONFIRM_FORM)
            workspace, addresses = target
            context = runtime.context(workspace)
            rows = [NewSuppression(email, address_key(email), context.now, LINK_REASON) for email in addresses]
            await suppress(context, rows, SuppressionSource.LINK)
        except Exception as problem:
            if not log_database_outage(problem):
                raise
            return _page(TRY_LATER, 503, {"Retry-After": "5"})
        return _page(f"<p>{escape(', '.join(addresses))} will receive no more emails.</p>")

    methods = ["GET", "POST"]
    return [
        Route("/unsubscribe/{workspace}/{address}/{signature}", unsubscribe, methods=methods),
        Route("/unsubscribe/{person}/{signature}", unsubscribe, methods=methods),
    ]


async def _find_target(secrets: Sequence[str], path: Mapping[str, str]) -> tuple[Workspace, list[str]] | None:
    """Return the workspace and the addresses of a link; None if its signature is not valid."""
    link_path = path["person"] if "person" in path else f"{path['workspace']}/{path['address']}"
    signature = path["signature"].encode("ascii", "replace").decode()
    if not any(hmac.compare_digest(_signature(secret, link_path), signature) for secret in secrets if secret):
        return None
    if "person" in path:
        person = await Person.get_or_none(id=link_path) if is_possible_id(link_path) else None
        if person is None:
            return None
        workspace = await workspace_by_id(person.workspace_id)
        addresses = list(dict.fromkeys([person.email, *await recipients_of(link_path)]))
        return (workspace, addresses) if workspace else None
    workspace = await workspace_by_id(path["workspace"])
    try:
        address = path["address"]
        email = base64.urlsafe_b64decode(address + "=" * (-len(address) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (workspace, [email]) if workspace else None
