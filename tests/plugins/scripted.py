"""An SMTP server that answers as a test tells it, and remembers what it was told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from plugins import AccountUnavailableError, Channel

DROP, HANG = b"<drop>", b"<hang>"
USUAL = {"GREETING": b"220 hi", "EHLO": b"250 here", "DATA": b"354 go", "QUIT": b"221 bye"}


class ScriptedServer:
    """``script`` says what it answers at each phase: "GREETING", a verb, or "CONTENT" (after the final dot)."""

    def __init__(self, script: Mapping[str, bytes]) -> None:
        self.script = USUAL | dict(script)
        self.lines: list[bytes] = []
        self.contents: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._release = asyncio.Event()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            going = await self._answer("GREETING", writer)
            while going and (line := await reader.readline()):
                self.lines.append(line)
                verb = line.split()[0].decode().upper()
                going = await self._answer(verb, writer)
                if going and verb == "DATA" and self.script["DATA"].startswith(b"354"):
                    self.contents.append(await reader.readuntil(b"\r\n.\r\n"))
                    going = await self._answer("CONTENT", writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, phase: str, writer: asyncio.StreamWriter) -> bool:
        reply = self.script.get(phase, b"250 ok")
        if reply == DROP:
            return False
        if reply == HANG:
            await self._release.wait()
            return False
        writer.write(reply + b"\r\n")
        await writer.drain()
        return True

    @property
    def verbs(self) -> list[str]:
        """The commands that arrived, in order."""
        return [line.split()[0].decode() for line in self.lines]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedServer"]:
        """Listen on loopback; let every hanging connection go at the end."""
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._release.set()
            server.close()
            await server.wait_closed()


async def refused(channel: Channel, **config: str) -> AccountUnavailableError:
    """Open an account that cannot be opened: why."""
    with pytest.raises(AccountUnavailableError) as caught:
        async with channel.connect(config):
            raise AssertionError("opened")
    return caught.value
