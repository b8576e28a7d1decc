"""A headless Chromium without a network, and a server for it on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import strawberry
import uvicorn
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from strawberry.asgi import GraphQL

from api.graphiql import ASSETS, routes


@strawberry.type(description="Everything that can be asked.")
class Query:
    """The questions of the tiny schema."""

    @strawberry.field(description="A greeting from the touchline.")
    def greeting(self) -> str:
        """Say hello."""
        return "Hello from the touchline"


@pytest.fixture(scope="session")
def token() -> str:
    """What the server of `graphiql_url` accepts."""
    return "a-token-for-the-browser"


@pytest.fixture(scope="session")
def graphiql_url(token: str) -> Iterator[str]:
    """The address of a running GraphiQL page, whose API wants the token."""

    class Guarded(GraphQL[None, None]):
        """The API behind a token."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            """Answer those who have the token, as the API does."""
            if Request(scope).headers.get("Authorization") == f"Bearer {token}":
                await super().__call__(scope, receive, send)
            else:
                await PlainTextResponse("Whose token is this?", 401)(scope, receive, send)

    api = Guarded(strawberry.Schema(Query), graphql_ide=None)
    app = Starlette(routes=[*routes("/graphql"), Route("/graphql", api)])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        # The listener already takes connections, so the browser's first request waits by itself.
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/graphiql"
        server.should_exit = True
        thread.join(timeout=10)


def lacking(what: str) -> None:
    """Skip on a developer's machine, fail where the browser test is a promise."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI=true wants the browser tests to run")
    pytest.skip(what)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A fresh Chromium for each test: an empty profile, and no host but 127.0.0.1."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        lacking("chromium or chromedriver is not installed")
    if not (ASSETS / "stamp.txt").is_file():
        lacking("GraphiQL is not bundled: run `pip install -e .` where npm can reach a registry")
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1400,900",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--no-proxy-server",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    # Both paths are given, so selenium has nothing to look for and nothing to download.
    chrome = webdriver.Chrome(options=options, service=Service(executable_path=str(driver)))
    try:
        yield chrome
    finally:
        chrome.quit()
