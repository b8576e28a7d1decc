"""The client of the benchmark counts complete, equal answers, and fails on any other."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchmarks.peers.http_load import run

LONG = b'{"data": "' + b"x" * 300 + b'"'
"""Longer than the end that may differ."""


@asynccontextmanager
async def serving(answer: Callable[[int], bytes], requests: list[bytes]) -> AsyncIterator[int]:
    """Answer each request in two parts, and note it. Yields the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            requests.append(head + await reader.readexactly(length))
            body = answer(len(requests))
            writer.write(body[:50])
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(body[50:])

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def response(body: bytes, status: bytes = b"200 OK") -> bytes:
    """Return an answer of HTTP/1.1."""
    return b"HTTP/1.1 " + status + b"\r\ncontent-length: " + str(len(body)).encode() + b"\r\n\r\n" + body


async def load(port: int, connections: int, requests: int) -> dict[str, Any]:
    """Run the client with a header of its own."""
    return await run(port, {"Authorization": "Bearer t"}, {"query": "{ a }"}, connections, requests)


@pytest.mark.parametrize("connections", [1, 3, 8])
async def test_each_request_is_sent_once(connections: int) -> None:
    requests: list[bytes] = []
    async with serving(lambda number: response(LONG + b', "left": %d}' % (10**6 - number)), requests) as port:
        done = await load(port, connections, 7)
    assert len(requests) == 7
    assert {request.partition(b"\r\n\r\n")[2] for request in requests} == {b'{"query": "{ a }"}'}
    assert all(b"\r\nAuthorization: Bearer t\r\n" in request for request in requests)
    assert done["answer"]["data"] == "x" * 300
    assert done["seconds"] > 0


@pytest.mark.parametrize(
    "last",
    [
        response(LONG.replace(b"data", b"oops") + b"}"),
        response(b'{"errors": []}'),
        response(LONG + b"}", b"500 Internal Server Error"),
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_any_other_answer_ends_the_run(last: bytes) -> None:
    requests: list[bytes] = []
    async with serving(lambda number: last if number == 3 else response(LONG + b"}"), requests) as port:
        with pytest.raises(ConnectionError):
            await load(port, 1, 5)
    assert len(requests) == 3
