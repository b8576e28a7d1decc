"""Raw connections to a server on loopback, for what no well-behaved client sends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.live import PATIENCE, Live


@dataclass
class Raw:
    """One TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send bytes, unless the server has closed the connection already."""
        with suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()

    async def rest(self) -> bytes:
        """Return all that still comes, once the server has closed the connection."""
        data = b""
        with suppress(OSError):
            while part := await asyncio.wait_for(self.reader.read(65_536), PATIENCE):
                data += part
        return data

    async def answer(self) -> tuple[int, bytes]:
        """Return the status and the body of the next answer."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        status = int(head.split()[1])
        if status == 100:
            return status, b""
        (length,) = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return status, await asyncio.wait_for(self.reader.readexactly(int(length)), PATIENCE)


@asynccontextmanager
async def raw(live: Live, *, source: str | None = None) -> AsyncIterator[Raw]:
    """Open a connection, from another address of loopback where one is given."""
    host, port = live.host.split(":")
    reader, writer = await asyncio.open_connection(host, int(port), local_addr=(source, 0) if source else None)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def head(token: str = "", *lines: str, path: str = "/graphql") -> bytes:
    """Return the head of a POST."""
    own = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    if token:
        own.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*own, *lines, "", ""]).encode()


UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
"""A handshake that offers deflate."""


def frame(opcode: int, payload: bytes, *, fin: bool = True, compressed: bool = False) -> bytes:
    """Return a masked frame, with a mask of zeros."""
    first = (0x80 if fin else 0) | (0x40 if compressed else 0) | opcode
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65_536:
        length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return bytes([first]) + length + bytes(4) + payload
