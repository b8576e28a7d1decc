"""A proxy on loopback that cuts connections after so many bytes of the server's answers."""

import asyncio
from contextlib import suppress


class Cutting:
    """Passes bytes between a client and a server, and cuts each connection after ``cut_after`` bytes of answers.

    Without TLS a cut is possible at every byte of every answer. ``passed`` counts the bytes of all answers.
    """

    def __init__(self, port: int, cut_after: int | None = None) -> None:
        self.server_port, self.cut_after = port, cut_after
        self.passed = 0
        self.connections = 0

    async def __aenter__(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        sending = asyncio.create_task(self._pass(reader, server_writer))
        try:
            left = self.cut_after
            while left is None or left > 0:
                data = await server_reader.read(65_536 if left is None else left)
                if not data:
                    break
                self.passed += len(data)
                left = None if left is None else left - len(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            sending.cancel()
            for each in (writer, server_writer):
                with suppress(Exception):
                    each.transport.abort() if self.cut_after is not None else each.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
