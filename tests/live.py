"""A real server on loopback, and a websocket to it: what frames, handshakes and closing are tested through."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import uvicorn
from tortoise.connection import get_connection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api.app import make_app
from api.cli.serving.serve import limits
from api.server.limits import ServerLimits
from api.server.options import server_options
from api.server.server import Server
from api.services.following.event_tail import EventTail
from api.services.following.row_watch import RowWatch
from api.settings import Settings

PROTOCOL = Subprotocol("graphql-transport-ws")
PATIENCE = 120.0
"""Seconds until a test that waits for a message is taken for broken."""


async def until(condition: Callable[[], bool]) -> None:
    """Let the server go on until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0)


def unused_connections() -> bool:
    """Say whether no connection to the database is held."""
    connection = get_connection("default")
    pool = getattr(connection, "_pool", None)
    if pool is None:
        return not connection._lock.locked()  # type: ignore[attr-defined]
    return bool(pool.get_idle_size() == pool.get_size())


class Turnstile:
    """The pause between two looks of the watch: each lasts until the test lets it end."""

    def __init__(self) -> None:
        self._open = asyncio.Semaphore(0)

    async def __call__(self, changed: bool) -> None:
        await self._open.acquire()

    def open(self) -> None:
        """Let the watch look once."""
        self._open.release()


@dataclass
class Socket:
    """One websocket that speaks graphql-transport-ws."""

    wire: ClientConnection
    _ids: Any = field(default_factory=lambda: map(str, count(1)))

    async def send(self, message: object) -> None:
        """Send a message; text goes as it is."""
        await self.wire.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """Return the next message, which must be a text frame."""
        text = await asyncio.wait_for(self.wire.recv(), PATIENCE)
        assert isinstance(text, str)
        message: dict[str, Any] = json.loads(text)
        return message

    async def begin(self, query: str, **variables: Any) -> str:
        """Begin an operation and return its id."""
        name = next(self._ids)
        payload = {"query": query, "variables": variables}
        await self.send({"id": name, "type": "subscribe", "payload": payload})
        return str(name)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the one answer of a query or a mutation."""
        name = await self.begin(query, **variables)
        answer = await self.hear()
        assert (answer["id"], answer["type"]) == (name, "next"), answer
        assert await self.hear() == {"id": name, "type": "complete"}
        payload: dict[str, Any] = answer["payload"]
        payload.pop("extensions", None)  # what the operation costs; tests/graphql/limits/test_cost.py reads it
        return payload

    async def closing(self) -> tuple[int, str]:
        """Wait until the server closes, and return its code and reason."""
        try:
            while True:
                await self.hear()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, closed
            return closed.rcvd.code, closed.rcvd.reason


@dataclass
class Live:
    """The running server."""

    http: httpx.AsyncClient
    host: str
    server: Server
    serving: asyncio.Task[None]
    watch: RowWatch
    tail: EventTail
    gate: Turnstile

    @asynccontextmanager
    async def opened(self, token: str | None = None, **options: Any) -> AsyncIterator[Socket]:
        """Open a websocket; with a token, it says who it is."""
        options = {"subprotocols": [PROTOCOL]} | options
        async with connect(f"ws://{self.host}/graphql", proxy=None, max_size=None, **options) as wire:
            opened = Socket(wire)
            if token is not None:
                await opened.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
                assert await opened.hear() == {"type": "connection_ack"}
            yield opened


@asynccontextmanager
async def listening(
    database_url: str, environment: dict[str, str] | None = None, server_limits: ServerLimits | None = None
) -> AsyncIterator[Live]:
    """Run a server on a free port of loopback, in the test's own loop, without its tick loop."""
    environment = {"TOUCHLINE_DATABASE_URL": database_url, **(environment or {})}
    settings, gate = Settings.read(environment), Turnstile()
    watch, tail = RowWatch(gate), EventTail()
    app = make_app(settings, environment, tick=False, watch=watch, tail=tail)
    with socket.create_server(("127.0.0.1", 0)) as port:
        # asyncio sets this on sockets that it makes itself. Without it each answer waits 40 ms for an acknowledgement.
        port.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host = f"127.0.0.1:{port.getsockname()[1]}"
        options = limits(settings) | (server_options(settings, server_limits) if server_limits else {})
        server = Server(uvicorn.Config(app, log_config=None, **options))
        # Without the handlers of signals, which belong to pytest.
        serving = asyncio.create_task(server._serve(sockets=[port]))
        await until(lambda: server.started or serving.done())
        try:
            # Nothing is encrypted: without ``verify`` no certificates are read, which takes longer than a test.
            async with httpx.AsyncClient(base_url=f"http://{host}", timeout=PATIENCE, verify=False) as http:
                yield Live(http, host, server, serving, watch, tail, gate)
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, PATIENCE)
