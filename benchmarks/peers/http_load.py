"""A client in a process of its own, which sends the same request over some connections: ``python -m benchmarks.peers.http_load JSON``.

Each connection sends the next request when it has the answer to the last. It prints the seconds and the first answer.
"""

import asyncio
import json
import re
import sys
import time
from typing import Any

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

DIFFERENT_END = 100
"""Bytes at the end of an answer that may differ: what is left of the budget of a minute."""


class Connection(asyncio.Protocol):
    """One connection that is kept open."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.bytes = bytearray()
        self.size = 0
        """Of the answer that is being read; 0 until its headers are there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        """Send a request, unless all were sent."""
        if self.load.left:
            self.load.left -= 1
            self.transport.write(self.load.request)

    def data_received(self, data: bytes) -> None:
        """Read until the answer is complete, check it, and send the next request."""
        self.bytes += data
        if not self.size:
            head, end, _ = bytes(self.bytes).partition(b"\r\n\r\n")
            if not end:
                return
            length = LENGTH.search(head)
            assert head.startswith(b"HTTP/1.1 200 ") and length, head  # noqa: PT018
            self.size = len(head) + 4 + int(length[1])
        if len(self.bytes) >= self.size:
            body = bytes(self.bytes[: self.size]).partition(b"\r\n\r\n")[2]
            del self.bytes[: self.size]
            self.size = 0
            self.load.answered(body)
            self.send()

    def connection_lost(self, problem: Exception | None) -> None:
        """End the benchmark if answers are missing."""
        if not self.load.done.done():
            self.load.done.set_exception(ConnectionError(f"the server closed a connection: {problem}"))


class Load:
    """All requests of one run."""

    def __init__(self, request: bytes, count: int) -> None:
        self.request, self.left, self.missing = request, count, count
        self.done = asyncio.get_running_loop().create_future()
        self.first = b""

    def answered(self, body: bytes) -> None:
        """Count an answer. Each must be the first one again, but for its end."""
        self.first = self.first or body
        assert body[:-DIFFERENT_END] == self.first[: len(body) - DIFFERENT_END], body[:200]
        self.missing -= 1
        if not self.missing:
            self.done.set_result(None)


async def run(
    port: int, headers: dict[str, str], query: dict[str, Any], connections: int, requests: int
) -> dict[str, Any]:
    """Send the requests. Returns the seconds from the first request to the last answer, and the first answer."""
    body = json.dumps(query).encode()
    length = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{port}", **length, **headers}.items()]
    load = Load(f"POST /graphql HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body, requests)
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: Connection(load), "127.0.0.1", port) for _ in range(connections)]
    await load.done
    seconds = time.perf_counter() - began
    for transport, _ in opened:
        transport.close()
    return {"seconds": seconds, "answer": json.loads(load.first)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(**json.loads(sys.argv[1])))))
