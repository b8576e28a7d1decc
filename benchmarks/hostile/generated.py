"""Every place of the schema where a client gives a value, with values of every shape and size."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import httpx
from graphql import GraphQLList, GraphQLNonNull, get_named_type
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from api.clock import system_clock
from api.models import Workspace
from benchmarks.hostile.server import Outcome, Server, body_of, codes_of
from benchmarks.hostile.shapes import JSONS, UNITS, values
from tests.client import Client
from tests.graphql.filled import fill, named
from tests.graphql.places import Place, own, places

SIZES = (320, 20_000, 200_000)
"""Bytes of a value: what a line, a note and a template may have."""
FEW = 4
"""Types that take no text are given so many shapes. Which ones depends on the place."""
OPEN_ENDED = {"String", "ID", "JSON"}
PROTOCOL = Subprotocol("graphql-transport-ws")
SILENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Trial:
    """One hostile value in one place."""

    place: Place
    shape: str
    size: int

    def __str__(self) -> str:
        return f"{self.place}: {self.shape}, {self.size:,} bytes"

    def value(self) -> Any:
        """Return the value."""
        if self.shape in JSONS:
            return JSONS[self.shape](self.size)
        return values(self.place.kind, self.shape, self.size)

    def query(self, known: dict[str, str]) -> str:
        """Return the operation that gives the value as the variable ``v``."""
        selection = self.place.selection("$v", known=known | own(self.place, known))
        return f"{self.place.operation}($v: {self.place.kind}) {{ {selection} }}"

    def body(self, known: dict[str, str]) -> bytes:
        """Return the body of the request."""
        return body_of(self.query(known), {"v": self.value()})

    def document(self, known: dict[str, str]) -> bytes | None:
        """Return a body whose document holds the value as a literal, where it is a text."""
        value = self.value()
        if not isinstance(value, str):
            return None
        try:
            literal = json.dumps(value, ensure_ascii=False)
            literal.encode()
        except UnicodeEncodeError:
            return None
        selection = self.place.selection(literal, known=known | own(self.place, known))
        return body_of(f"{self.place.operation} {{ {selection} }}")


def open_ended(place: Place) -> bool:
    """Say whether a place takes a text, a list or JSON of any size."""
    kind = place.kind.of_type if isinstance(place.kind, GraphQLNonNull) else place.kind
    return isinstance(kind, GraphQLList) or get_named_type(kind).name in OPEN_ENDED


def shapes_of(place: Place, number: int) -> list[str]:
    """Return the shapes for a place: all, or a few that rotate."""
    names = [*UNITS, *(JSONS if get_named_type(place.kind).name == "JSON" else ())]
    if open_ended(place):
        return names
    return [names[(number * FEW + each) % len(names)] for each in range(FEW)]


def trials(sizes: tuple[int, ...] = SIZES) -> Iterator[Trial]:
    """Yield every place with its shapes in every size."""
    for number, place in enumerate(places()):
        for shape in shapes_of(place, number):
            for size in sizes:
                yield Trial(place, shape, size)


def whole_requests(size: int) -> Iterator[Trial]:
    """Yield every open-ended place with values that fill a request, in a few shapes that rotate."""
    found = [place for place in places() if open_ended(place)]
    for number, place in enumerate(found):
        names = shapes_of(place, number)
        for each in range(FEW):
            yield Trial(place, names[(number * FEW + each * 7) % len(names)], size)


def rotated(count: int, size: int) -> Iterator[Trial]:
    """Yield one shape for each open-ended place, a fixed choice in which every shape has its turn."""
    found = [place for place in places() if open_ended(place)]
    for number in range(count):
        place = found[number % len(found)]
        names = shapes_of(place, number)
        yield Trial(place, names[(number * 5 + number // len(found)) % len(names)], size)


async def known_ids(server: Server, other: str) -> dict[str, str]:
    """Fill the workspaces of two tokens, and return the ids by the names of the arguments that take them."""
    now = system_clock()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=SILENCE_SECONDS) as http:
        nobody = Workspace(id="", name="", created_at=now)
        given = await fill(Client(http, server.token, nobody), Client(http, other, nobody))
    return {name: json.dumps(value) for name, value in named(given).items()}


def known(server: Server, other: str) -> dict[str, str]:
    """Return the same, where no loop runs."""
    return asyncio.run(known_ids(server, other))


class Wire:
    """The same requests over a websocket, which is opened again when the server closes it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._opened: ClientConnection | None = None
        self._stack = ExitStack()

    def send(self, body: bytes) -> Outcome:
        """Send an operation, and wait for its end."""
        began = perf_counter()
        try:
            wire = self._opened = self._opened or self._open()
            wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": json.loads(body)}))
            answer: Any = {}
            while True:
                message = json.loads(wire.recv(SILENCE_SECONDS))
                if message["type"] == "complete":
                    return Outcome(perf_counter() - began, 200, codes_of(answer), answer.get("data"))
                if message["type"] == "error":
                    return Outcome(perf_counter() - began, 200, codes_of({"errors": message["payload"]}))
                if message["type"] == "next":
                    answer = message["payload"]
        except (ConnectionClosed, TimeoutError, OSError):
            self.close()
            return Outcome(perf_counter() - began, 0)

    def _open(self) -> ClientConnection:
        url = f"ws://127.0.0.1:{self.server.port}/graphql"
        wire = self._stack.enter_context(connect(url, subprotocols=[PROTOCOL], max_size=None, proxy=None))
        init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {self.server.token}"}}
        wire.send(json.dumps(init))
        assert json.loads(wire.recv(SILENCE_SECONDS)) == {"type": "connection_ack"}
        return wire

    def close(self) -> None:
        """Close it, if it is open."""
        self._stack.close()
        self._opened = None
