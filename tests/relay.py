"""What stands between a server and its PostgreSQL in a test: it listens on loopback, may cut, and may swallow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit


@dataclass
class Relay:
    """Stands between a server and its database."""

    port: int
    listener: asyncio.Server
    writers: list[asyncio.StreamWriter]
    flowing: asyncio.Event

    def cut(self) -> None:
        """Cut all connections and make no new one."""
        self.listener.close()
        for writer in self.writers:
            writer.transport.abort()


@asynccontextmanager
async def relay(database_url: str) -> AsyncIterator[tuple[str, Relay]]:
    """Relay what goes to a PostgreSQL that listens on a socket. Gives the URL to connect to, and the relay."""
    parts, writers, flowing = urlsplit(database_url), [], asyncio.Event()
    socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
    flowing.set()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await source.read(65536):
                await flowing.wait()
                sink.write(part)
                await sink.drain()
        sink.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(socket)
        writers.extend((writer, back))
        await asyncio.gather(pump(reader, back), pump(there, writer))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    between = Relay(listener.sockets[0].getsockname()[1], listener, writers, flowing)
    netloc = f"{parts.username}@127.0.0.1:{between.port}"
    try:
        yield urlunsplit(parts._replace(netloc=netloc, query="")), between
    finally:
        between.cut()
