"""Tracked links, the pixel, and the page on which a user excludes their own browser.

Every answer is the same whether or not an email exists, and also while the database is away. A link redirects only to
a target that was signed when the email was rendered. Nothing sets a cookie on a recipient.
"""

import base64
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from api.mail.tracking.signed_urls import clicked_target, opened_email, tracking_key
from api.mail.tracking.targets import redirect_target
from api.services.tracking.machine_rules import agent_of
from api.services.tracking.recorder import HitRecorder
from api.settings import Settings

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF of one pixel, 42 bytes."""
PIXEL_HEADERS = {
    "Cache-Control": "no-store, no-cache, must-revalidate, private, max-age=0",
    "Pragma": "no-cache",
    "Expires": "0",
    # Webmail shows the image on a page of its own site.
    "Cross-Origin-Resource-Policy": "cross-origin",
}
OWN_COOKIE = "touchline_own"
"""The cookie of a browser whose opens and clicks do not count. Its user sets it."""
OWN_COOKIE_SECONDS = 365 * 24 * 3600
OWN_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Your own opens and clicks</title>
<meta name="viewport" content="width=device-width"><body><h1>Your own opens and clicks</h1>
<p>{state}</p><form method="post" action="?count={value}"><button>{action}</button></form></body></html>"""
COUNTED = ("Opens and clicks in this browser count.", "no", "Do not count this browser")
NOT_COUNTED = ("Opens and clicks in this browser do not count.", "yes", "Count this browser again")
PREFETCH_HEADERS = ("Purpose", "X-Purpose", "Sec-Purpose", "X-Moz")
PREFETCH_WORDS = ("prefetch", "preview", "prerender")
CONTENT_SECURITY_POLICY = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
Networks = Sequence[IPv4Network | IPv6Network]


def routes(settings: Settings, recorder: HitRecorder) -> list[Route]:
    """Return the routes. They exist without TOUCHLINE_TRACKING_URL as well, so that links of sent emails keep working.

    Without a secret no link was ever signed, and there are no routes.
    """
    keys = [tracking_key(secret) for secret in (settings.secret, settings.old_secret) if secret]
    own_networks = [ip_network(each.strip()) for each in settings.own_networks.split(",") if each.strip()]
    secure = settings.tracking_url.startswith("https:")

    def counts(request: Request) -> bool:
        return request.method == "GET" and not _is_prefetch(request) and not _is_own(request, own_networks)

    async def click(request: Request) -> Response:
        path = request.path_params
        url = clicked_target(keys, path["email"], path["target"], path["signature"])
        target = None if url is None else redirect_target(url)
        if url is None or target is None:
            return PlainTextResponse("Not Found", 404)
        if counts(request):
            await recorder.record_click(path["email"], agent_of(request.headers.get("User-Agent", "")), url)
        return Response(status_code=302, headers={"Location": target, "X-Robots-Tag": "noindex, nofollow"})

    async def pixel(request: Request) -> Response:
        email_id, _, signature = request.path_params["path"].partition("/")
        email = opened_email(keys, email_id, signature.removesuffix(".gif"))
        if email is not None and counts(request):
            recorder.record_open(email, agent_of(request.headers.get("User-Agent", "")))
        return Response(PIXEL, headers=PIXEL_HEADERS, media_type="image/gif")

    async def own_browser(request: Request) -> Response:
        own = OWN_COOKIE in request.cookies
        # A page of another site must not exclude the browser of a recipient.
        changes = request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") in {"none", "same-origin"}
        if changes:
            own = request.query_params.get("count") == "no"
        state, value, action = NOT_COUNTED if own else COUNTED
        page = HTMLResponse(
            OWN_PAGE.format(state=state, value=value, action=action),
            headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY},
        )
        if changes:
            # Webmail loads the image from another site, so the browser needs SameSite=None to send the cookie there.
            page.set_cookie(
                OWN_COOKIE,
                "1" if own else "",
                max_age=OWN_COOKIE_SECONDS if own else 0,
                secure=secure,
                httponly=True,
                samesite="none" if secure else "lax",
            )
        return page

    if not keys:
        return []
    return [
        Route("/click/{email}/{target}/{signature}", click),
        Route("/open/{path:path}", pixel),
        Route("/own-browser", own_browser, methods=["GET", "POST"]),
    ]


def _is_prefetch(request: Request) -> bool:
    """Say whether a browser loads a page or an image before a person asks for it."""
    values = " ".join(request.headers.get(name, "") for name in PREFETCH_HEADERS).lower()
    return any(word in values for word in PREFETCH_WORDS)


def _is_own(request: Request, own_networks: Networks) -> bool:
    """Say whether a request is our own: its browser has the cookie, or it comes from an own network."""
    if OWN_COOKIE in request.cookies:
        return True
    if not own_networks or request.client is None:
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in own_networks)
