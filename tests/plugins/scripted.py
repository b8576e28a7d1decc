"""An SMTP server that answers as a test tells it, and remembers what it was told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from plugins import AccountUnavailableError, Channel
from tests.loop_time import let_pass

DROP, HANG = b"<drop>", b"<hang>"
HANG_TURNS = 400
"""Turns of the event loop in which a client waits in vain. A tenth of a second passes in each, at once."""
USUAL = {"GREETING": b"220 hi", "EHLO": b"250 here", "DATA": b"354 go", "QUIT": b"221 bye"}


class ScriptedServer:
    """``script`` says what it answers at each phase: "GREETING", a verb, or "CONTENT" (after the final dot).

    A whole command, such as "RCPT TO:<a@example.com>", is answered before its verb.
    """

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
            going = await self._answer("GREETING", reader, writer)
            while going and (line := await reader.readline()):
                self.lines.append(line)
                verb, whole = line.split()[0].decode().upper(), line.decode(errors="replace").strip()
                going = await self._answer(whole if whole in self.script else verb, reader, writer)
                if going and verb == "DATA" and self.script["DATA"].startswith(b"354"):
                    self.contents.append(await reader.readuntil(b"\r\n.\r\n"))
                    going = await self._answer("CONTENT", reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, phase: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        reply = self.script.get(phase, b"250 ok")
        if reply == DROP:
            return False
        if reply == HANG:
            for _ in range(HANG_TURNS):
                if not reader.at_eof():
                    let_pass(0.1)
                    await asyncio.sleep(0)
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
