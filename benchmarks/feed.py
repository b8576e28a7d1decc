"""Many clients follow the Live Feed through several server processes, of which one is killed: none misses an event."""

import asyncio
import json
import os
import random
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from api.clock import system_clock
from api.codes.events.event_kinds import EventKind
from api.services.following.events import BEGINNING
from api.services.workspaces.tokens import issue_token
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from api.store.events.events import Line, write
from tests.ports import free_port

QUERY = "subscription($filter: EventFilter, $after: ID) { events(filter: $filter, after: $after) { id } }"
PEOPLE = 50
"""People whom the events are about. Nine of ten clients follow one person, the others everything."""
CLIENTS_PER_ADDRESS = 50
"""Clients of one address of loopback: a server allows 100 connections of one."""
WRITERS = 4
PATIENCE_SECONDS = 120.0
UNLIMITED = {"TOUCHLINE_REQUEST_COST": "1000000000", "TOUCHLINE_MINUTE_COST": "1000000000"}
BROKEN = (OSError, EOFError, WebSocketException, ValueError, TimeoutError)


@dataclass(slots=True)
class Subscriber:
    """One client, and the events that it has received."""

    number: int
    token: str
    person: str | None
    ports: list[int]
    received: list[str] = field(default_factory=list)
    connections: int = 0

    async def run(self) -> None:
        """Follow the feed. After a disconnection, resume from the last event at any server."""
        while True:
            port = random.choice(self.ports)
            updates = (self._websocket if self.number % 2 else self._stream)(port)
            with suppress(*BROKEN):
                async with aclosing(updates):
                    async for update in updates:
                        self.received.append(update["data"]["events"]["id"])
            self.connections += 1
            await asyncio.sleep(0.1)

    @property
    def _operation(self) -> dict[str, object]:
        variables: dict[str, object] = {"after": self.received[-1] if self.received else BEGINNING}
        if self.person is not None:
            variables["filter"] = {"personId": self.person}
        return {"query": QUERY, "variables": variables}

    @property
    def _address(self) -> tuple[str, int]:
        return f"127.0.1.{1 + self.number // CLIENTS_PER_ADDRESS}", 0

    async def _websocket(self, port: int) -> AsyncIterator[dict[str, dict[str, dict[str, str]]]]:
        url, protocol = f"ws://127.0.0.1:{port}/graphql", Subprotocol("graphql-transport-ws")
        headers = {"Authorization": f"Bearer {self.token}"}
        async with connect(
            url, subprotocols=[protocol], additional_headers=headers, local_addr=self._address, proxy=None
        ) as wire:
            await wire.send('{"type": "connection_init", "payload": {}}')
            await wire.recv()
            await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": self._operation}))
            while (message := json.loads(await wire.recv()))["type"] == "next":
                yield message["payload"]

    async def _stream(self, port: int) -> AsyncIterator[dict[str, dict[str, dict[str, str]]]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=self._address)
        try:
            body = json.dumps(self._operation)
            head = [
                "POST /graphql HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self.token}",
                "Accept: text/event-stream", "Content-Type: application/json", f"Content-Length: {len(body)}", "", body,
            ]  # fmt: skip
            writer.write("\r\n".join(head).encode())
            while line := await reader.readline():
                if line.startswith(b"data: {"):
                    yield json.loads(line.removeprefix(b"data: "))
        finally:
            writer.close()


@dataclass(frozen=True, slots=True)
class Result:
    """What the subscribers received."""

    deliveries: int
    gaps: int
    """Events that a subscriber did not receive, or received in another order."""
    doubles: int
    reconnects: int
    seconds: float


async def follow(url: str, servers: int, subscribers: int, events: int, rate: float) -> Result:
    """Write events in interleaved transactions, kill a server in the middle, and compare what was received."""
    await open_database(url)
    await migrate()
    workspace = await create_workspace("Feed", system_clock())
    token = await issue_token(workspace, "feed", system_clock())
    ports, processes = [free_port() for _ in range(servers)], list[Process]()
    for port in ports:
        processes.append(await serve(url, port))
    await asyncio.gather(*map(ready, ports))
    people = [f"per_{number:026d}" for number in range(PEOPLE)]
    clients = [
        Subscriber(number, token, people[number % PEOPLE] if number % 10 else None, ports)
        for number in range(subscribers)
    ]
    began = time.monotonic()
    following = [asyncio.create_task(client.run()) for client in clients]
    try:
        await _write(workspace.id, people, events // 2, rate)
        processes[0].kill()
        await processes[0].wait()
        ports.pop(0)
        await _write(workspace.id, people, events - events // 2, rate)
        wanted = await _expected(workspace.id, clients)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while any(len(client.received) < len(each) for client, each in zip(clients, wanted, strict=True)):
                    await asyncio.sleep(0.1)
        await asyncio.sleep(0.5)  # a double would come now
    finally:
        for task in following:
            task.cancel()
        await asyncio.wait(following)
        for process in processes[1:]:
            process.kill()
            await process.wait()
    await close_database()
    pairs = list(zip(clients, wanted, strict=True))
    doubles = sum(len(client.received) - len(set(client.received)) for client, _ in pairs)
    gaps = sum(len(set(each) - set(client.received)) for client, each in pairs)
    gaps += sum(list(dict.fromkeys(client.received)) != each for client, each in pairs)
    total = sum(len(client.received) for client in clients)
    return Result(total, gaps, doubles, sum(c.connections for c in clients), time.monotonic() - began)


async def _write(workspace_id: str, people: list[str], events: int, rate: float) -> None:
    """Write events by several writers, whose transactions commit in another order than they begin."""

    async def writer(number: int) -> None:
        for turn in range(number, events, WRITERS):
            async with transaction():
                person = people[turn % len(people)]
                await write([Line(workspace_id, EventKind.REPLIED, system_clock(), person_id=person)])
                for _ in range(random.randint(0, 8)):
                    await execute("SELECT 1")
            await asyncio.sleep(WRITERS / rate)

    await asyncio.gather(*map(writer, range(WRITERS)))


async def _expected(workspace_id: str, clients: list[Subscriber]) -> list[list[str]]:
    """Return the events that each client wants, in their order."""
    rows = await execute("SELECT id, person_id FROM event WHERE workspace_id = $1 ORDER BY position, id", workspace_id)
    return [[row["id"] for row in rows if client.person in (None, row["person_id"])] for client in clients]


async def serve(url: str, port: int) -> Process:
    """Start a server of this database on a port, without its tick loop and without limits of cost."""
    own = {"TOUCHLINE_DATABASE_URL": url, "TOUCHLINE_PORT": str(port), **UNLIMITED}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")} | own
    command = (sys.executable, "-m", "api", "serve", "--no-tick")
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=DEVNULL, stderr=DEVNULL)


async def ready(port: int) -> None:
    """Wait until a server listens on a port."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.1)


async def measure(url: str, subscribers: int) -> None:
    """Print how many events were missed or came twice."""
    found = await follow(url, 3, subscribers, 1_000, 100.0)
    print(
        f"| Live Feed: {subscribers:,} subscribers of 3 servers, one killed | {found.gaps} gaps, {found.doubles} doubles "
        f"in {found.deliveries:,} deliveries | {found.reconnects:,} reconnects | {found.seconds:.0f} s | 0 and 0 |",
        flush=True,
    )
