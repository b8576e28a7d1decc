"""A GraphQL client over HTTP to a server of the test's own."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from api.app import make_app
from api.models import Workspace
from api.services.workspaces.tokens import issue_token
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings

SECRET = "5bq0Zk3mB7yXw1VvS9tLr2Hn8Dc4Ge6JfPaQuTiOx0s"
METRICS_TOKEN = "Yw8rN2cKx0Lq5VhT7mPzA3sJ9dFgU1eB6iOkXnRvQtM"
OPERATOR = {"Authorization": f"Bearer {METRICS_TOKEN}"}
"""Headers with which an operator reads /metrics and the causes of /ready."""


@dataclass
class Client:
    """Asks one workspace of a running server."""

    http: httpx.AsyncClient
    token: str
    workspace: Workspace

    async def raw(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the whole answer."""
        answer = await self.http.post(
            "/graphql",
            content=json.dumps({"query": query, "variables": variables or {}}),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data; the answer must have no errors."""
        answer = await self.raw(query, variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def do(self, mutation: str, of: str, **variables: Any) -> Any:
        """Return the one object that a mutation gives; it must not be refused."""
        (payload,) = (await self.ask(mutation, **variables)).values()
        assert payload["errors"] == [], payload["errors"]
        return payload[of]


@asynccontextmanager
async def serving(database_url: str, environment: dict[str, str] | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Run a server on a database, without its tick loop."""
    own = {"TOUCHLINE_DATABASE_URL": database_url, "TOUCHLINE_METRICS_TOKEN": METRICS_TOKEN}
    environment = own | (environment or {})
    app = make_app(Settings.read(environment), environment, tick=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http,
    ):
        yield http


async def new_client(http: httpx.AsyncClient, now: datetime, *, sandbox: bool = True) -> Client:
    """Return a client of a new workspace; a sandbox's clock stands at ``now``."""
    workspace = await create_workspace("Test", now, sandbox=sandbox)
    return Client(http, await issue_token(workspace, "test", now), workspace)
