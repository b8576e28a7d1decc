"""HTTP/1.1 by hand, so that a fault can break it at any byte. Connections are kept alive."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.salesforce.faults import FaultKind

MAX_URL_BYTES = 16_384
"""https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm: 414 for a longer URI."""
HUGE_BYTES = 50_000_000
PART_BYTES = 100_000
REASONS = {200: "OK", 201: "Created", 204: "No Content", 300: "Multiple Choices", 302: "Found", 400: "Bad Request"}


@dataclass
class Request:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Parse the body. Raises ValueError."""
        return json.loads(self.body or b"null")


@dataclass
class Answer:
    """One answer."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    fault: FaultKind | None = None
    """How the answer breaks on its way."""

    def encoded(self) -> bytes:
        """Return the bytes of the answer."""
        body = b"" if self.body is None else self.body
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Content-Type": "application/json;charset=UTF-8", "Content-Length": str(len(body))} | self.headers
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Answer')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


Respond = Callable[[Request], Awaitable[Answer]]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond) -> None:
    """Answer the requests of one connection."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while (request := await _read(reader)) is not None:
            answer = await respond(request)
            if not await _send(writer, answer):
                break
    writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    headers["x-url-bytes"] = str(len(target))
    return Request(method, unquote(parts.path), query, headers, body)


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    """Send an answer, and return whether the connection stays open."""
    if answer.fault in {FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER}:
        writer.transport.abort()
        return False
    if answer.fault in {FaultKind.HANG_BEFORE, FaultKind.HANG_AFTER, FaultKind.LATE}:
        await asyncio.Event().wait()
    if answer.fault is FaultKind.GARBAGE:
        answer = Answer(200, b"<html><body>Your proxy is not happy", {"Content-Type": "text/html"})
    if answer.fault is FaultKind.HUGE:
        return await _send_huge(writer)
    encoded = answer.encoded()
    if answer.fault is FaultKind.TRUNCATE:
        writer.write(encoded[: len(encoded) - max(1, (len(encoded) - encoded.index(b"\r\n\r\n") - 4) // 2)])
        await writer.drain()
        writer.close()
        return False
    if answer.fault is FaultKind.SLOW:
        for place in range(len(encoded)):
            writer.write(encoded[place : place + 1])
            await writer.drain()
            await asyncio.sleep(1)
    writer.write(encoded)
    await writer.drain()
    return True


async def _send_huge(writer: asyncio.StreamWriter) -> bool:
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {HUGE_BYTES}\r\n\r\n[".encode())
    for _ in range(0, HUGE_BYTES, PART_BYTES):
        writer.write(b" " * PART_BYTES)
        await writer.drain()
    return False
