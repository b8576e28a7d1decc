"""GraphiQL, served by Touchline itself: the browser asks no other host for anything."""

from __future__ import annotations

import html
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
TABS = HERE / "tabs"
SCRIPTS = ("storage.js", "examples.js", "header.js", "page.js")
OWN_FILES = dict.fromkeys(SCRIPTS, "text/javascript") | {"page.css": "text/css"}

# Scripts come from files of this server alone. GraphiQL sets styles at run time and carries its fonts in
# its style sheet as data, hence the two openings.
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
<p>The server works, and so does its API at <code>{{endpoint}}</code>. Only this page's own files are missing:
they are fetched with npm while Touchline is installed, and npm could not reach a package registry then.</p>
<p>To mend it, on a machine where npm can reach one (npm itself comes with the installation):</p>
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
    """Files whose address names their version, so a browser may keep them for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code < 400:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def default_tabs() -> list[dict[str, str]]:
    """The tabs a new visitor sees: `tabs/*.graphql` by name, variables from the .json of the same stem."""
    tabs = []
    for query in sorted(TABS.glob("*.graphql")):
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
        source = (HERE / "page.html").read_text(encoding="utf-8")
        version = stamp.read_text(encoding="utf-8").strip()[:16]
        return HTMLResponse(_fill(source, endpoint=endpoint, version=version), headers=SECURITY | FRESH)

    def own_file(request: Request) -> Response:
        name = request.scope["path"].rsplit("/", 1)[-1]
        return FileResponse(HERE / name, media_type=OWN_FILES[name], headers=SECURITY | FRESH)

    def tabs(_: Request) -> Response:
        return JSONResponse(default_tabs(), headers=SECURITY | FRESH)

    return [
        Route("/graphiql", page),
        *(Route(f"/graphiql/{name}", own_file) for name in OWN_FILES),
        Route("/graphiql/tabs.json", tabs),
        Mount("/graphiql/assets", _Assets(directory=ASSETS, check_dir=False)),
    ]
