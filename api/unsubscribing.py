"""The link in every email by which a recipient unsubscribes, and the one-click POST behind it (RFC 8058)."""

import hashlib
import hmac
from collections.abc import Callable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.models import Person, Workspace
from api.services.feedback import unsubscribe
from api.services.post import Addressee, Post
from api.settings import Settings
from api.store.away import told_away

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Unsubscribe</title>
<body style="font-family: sans-serif; max-width: 30em; margin: 4em auto">{body}</body></html>"""
FORM = """<p>Do you want to receive no more emails from this sender?</p>
<form method="post"><button name="List-Unsubscribe" value="One-Click">Unsubscribe</button></form>"""

LATER = "<p>This cannot be done at the moment, and nothing was changed. Please try again in a few minutes.</p>"


def _signature(secret: str, person_id: str) -> str:
    return hmac.new(secret.encode(), person_id.encode(), hashlib.sha256).hexdigest()


def link_maker(settings: Settings) -> Callable[[Addressee], str | None]:
    """Return what makes a person's unsubscribe link; None where recipients cannot reach this server."""

    def link(person: Addressee) -> str | None:
        if not settings.public_url:
            return None
        signature = _signature(settings.secret, person.id)
        return f"{settings.public_url.rstrip('/')}/unsubscribe/{person.id}/{signature}"

    return link


def routes(settings: Settings, post: Post) -> list[Route]:
    """Return the page that asks, and the POST that unsubscribes. No other method does: scanners GET and HEAD links."""

    async def answer(request: Request) -> Response:
        person_id, signature = request.path_params["person"], request.path_params["signature"]
        known = settings.secret and hmac.compare_digest(
            _signature(settings.secret, person_id), signature.encode("ascii", "replace").decode()
        )
        try:
            person = await Person.get_or_none(id=person_id) if known else None
            if person is None:
                return HTMLResponse(PAGE.format(body="<p>This link is not valid.</p>"), 404)
            # HEAD is not in `methods`, but Starlette adds it to every route that takes GET.
            if request.method != "POST":
                return HTMLResponse(PAGE.format(body=FORM))
            await unsubscribe(post.scope(await Workspace.get(id=person.workspace_id)), person.id)
        except Exception as problem:
            if not told_away(problem):
                raise
            return HTMLResponse(PAGE.format(body=LATER), 503, {"Retry-After": "5"})
        return HTMLResponse(PAGE.format(body=f"<p>{escape(person.email)} will receive no more emails.</p>"))

    return [Route("/unsubscribe/{person}/{signature}", answer, methods=["GET", "POST"])]
