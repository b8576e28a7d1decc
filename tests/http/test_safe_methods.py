"""Safe methods (RFC 9110, 9.2.1) change nothing: only POST acts, on every route of the server.

Tracked links and the pixel of an email count their GET requests. tests/http/test_tracking.py tests them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route, WebSocketRoute

from api.app import make_app
from api.http.unsubscribing.page_routes import link_maker
from api.models import Suppression
from api.services.common.request_context import WorkspaceContext
from api.services.people.people import create_person
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings
from api.store.engine.sql import execute
from plugins.loading.manager import load
from tests.client import SECRET

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
ENVIRONMENT = {"TOUCHLINE_PUBLIC_URL": "https://touchline.example", "TOUCHLINE_SECRET": SECRET}


async def everything() -> dict[str, list[Any]]:
    """Return every row of every table."""
    tables = await execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return {row["name"]: [dict(each) for each in await execute(f'SELECT * FROM "{row["name"]}"')] for row in tables}


def addresses(app: Starlette, link: str) -> Iterator[str]:
    """Give an address of every route that HTTP reaches; of the unsubscribe page a link that works."""
    for route in app.routes:
        if isinstance(route, Route):
            yield link if route.path.startswith("/unsubscribe/") else route.path
        elif isinstance(route, Mount):
            yield f"{route.path}/stamp.txt"
        else:
            assert isinstance(route, WebSocketRoute)
            yield route.path


@pytest.mark.parametrize("method", SAFE)
async def test_no_safe_method_changes_anything_on_any_route(database_url: str, method: str) -> None:
    environment = {"TOUCHLINE_DATABASE_URL": database_url, **ENVIRONMENT}
    settings = Settings.read(environment)
    app = make_app(settings, environment, tick=False)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://touchline.example") as http,
    ):
        context = WorkspaceContext(await create_workspace("Acme", NOW), load({}), lambda: NOW, lambda: None)
        ada = await create_person(context, "ada@example.com")
        link = link_maker(settings)(ada)
        assert link is not None
        before, asked = await everything(), set(addresses(app, link))
        assert len(asked) >= 9
        for address in sorted(asked):
            for query in ("", "?List-Unsubscribe=One-Click"):
                answer = await http.request(method, address + query, headers={"X-HTTP-Method-Override": "POST"})
                assert answer.status_code < 500 or answer.status_code == 503, (method, address)
        assert await everything() == before
        assert (await http.post(link)).status_code == 200
        assert [row.email for row in await Suppression.all()] == [ada.email], "the link does work"
