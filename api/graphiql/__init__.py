"""GraphiQL, served by Touchline itself. The browser needs no other host.

Imports: nothing.
Imported by: nobody.
"""

from __future__ import annotations

import html
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PAGE_FOLDER = Path(__file__).parent
ASSETS = PAGE_FOLDER / "assets"
TABS = PAGE_FOLDER / "tabs"
FIRST_CAMPAIGN = TABS / "first_campaign"
SCRIPTS = ("storage.js", "examples.js", "header.js", "page.js")
OWN_FILES = dict.fromkeys(SCRIPTS, "text/javascript") | {"page.css": "text/css"}

# Scripts come from files of this server only. GraphiQL sets styles at run time and has its fonts in its style sheet
# as data, so these two are allowed.
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src data:; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FRESH = {"Cache-Control": "no-cache"}

MISSING = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Touchline · GraphiQL is not installed</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="graphiql/page.css">
<main class="missing">
<h1>GraphiQL is not part of this installation</h1>
<p>The server and its API at <code>{{endpoint}}</code> work. Only the files of this page are missing:
they are fetched with npm while Touchline is installed. At that time npm could not reach a package registry.</p>
<p>To fix it, use a machine where npm can reach a registry (npm itself comes with the installation):</p>
<ul>
<li>in a source folder, run <code>pip install -e .</code> again;</li>
<li>for another installation, run <code>pip wheel . --no-deps</code> in a source folder, and install that wheel
with <code>pip install --force-reinstall --no-deps</code>. The wheel contains GraphiQL and needs no network.</li>
</ul>
<p>Then start the server again.</p>
</main>
</html>
"""


class _Assets(StaticFiles):
    """Files with their version in the address, so that a browser can cache them without limit."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code < 400:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def example_tabs() -> list[dict[str, str]]:
    """The tabs that a new visitor of a workspace with a campaign sees."""
    return _tabs(TABS)


def first_campaign_tabs() -> list[dict[str, str]]:
    """The tabs that a new visitor of a workspace without a campaign sees. They build one, in this order."""
    return _tabs(FIRST_CAMPAIGN)


def _tabs(folder: Path) -> list[dict[str, str]]:
    """Return a tab for each `.graphql` file, by name, with the variables of the `.json` file of the same name."""
    tabs = []
    for query in sorted(folder.glob("*.graphql")):
        tab = {"query": query.read_text(encoding="utf-8")}
        variables = query.with_suffix(".json")
        if variables.is_file():
            tab["variables"] = variables.read_text(encoding="utf-8")
        tabs.append(tab)
    return tabs


def _fill(page: str, **values: str) -> str:
    for name, value in values.items():
        page = page.replace("{{" + name + "}}", html.escape(value))
    return page


def routes(endpoint: str = "/graphql") -> list[BaseRoute]:
    """The page at /graphiql and its files; `endpoint` is where the page sends its queries."""

    def page(_: Request) -> Response:
        stamp = ASSETS / "stamp.txt"
        if not stamp.is_file():
            return HTMLResponse(_fill(MISSING, endpoint=endpoint), 503, headers=SECURITY | FRESH)
        source = (PAGE_FOLDER / "page.html").read_text(encoding="utf-8")
        version = stamp.read_text(encoding="utf-8").strip()[:16]
        return HTMLResponse(_fill(source, endpoint=endpoint, version=version), headers=SECURITY | FRESH)

    def own_file(request: Request) -> Response:
        name = request.scope["path"].rsplit("/", 1)[-1]
        return FileResponse(PAGE_FOLDER / name, media_type=OWN_FILES[name], headers=SECURITY | FRESH)

    def tabs(_: Request) -> Response:
        return JSONResponse(
            {"firstCampaign": first_campaign_tabs(), "examples": example_tabs()}, headers=SECURITY | FRESH
        )

    return [
        Route("/graphiql", page),
        *(Route(f"/graphiql/{name}", own_file) for name in OWN_FILES),
        Route("/graphiql/tabs.json", tabs),
        Mount("/graphiql/assets", _Assets(directory=ASSETS, check_dir=False)),
    ]
