"""An SMTP server that takes everything and counts what it took, by send."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.parser import BytesHeaderParser
from typing import NamedTuple

MESSAGE_ID = re.compile(rb"^message-id:\s*<?([^@>\s]+)", re.IGNORECASE | re.MULTILINE)


class Headers(NamedTuple):
    """The headers of a received email by which it is threaded, and its position among all received emails."""

    position: int
    subject: str
    in_reply_to: str | None
    references: str | None


class Sink:
    """``delay`` says how many seconds the answer to an email's content takes."""

    def __init__(self, delay: Callable[[], float] = lambda: 0.0) -> None:
        self.delay = delay
        self.received: Counter[str] = Counter()
        """How often each send was received."""
        self._heads: dict[str, tuple[int, bytes]] = {}
        """The position and the header lines of each send as it was received last."""
        self.total = 0
        self.greeted: set[str] = set()
        """The names by which clients have greeted it."""
        self.last = time.monotonic()
        self.port = 0

    def take(self, content: bytes, sender: str) -> None:
        """Count one email. ``sender`` is that of the envelope.

        The headers are parsed only if a test asks for them, because that takes longer than everything else here.
        """
        head = content.partition(b"\r\n\r\n")[0]
        found = MESSAGE_ID.search(head)
        assert found is not None, "an email without a Message-ID"
        send_id = found[1].decode()
        self.received[send_id] += 1
        self._heads[send_id] = self.total, head
        self.total += 1
        self.last = time.monotonic()

    def headers(self, send_id: str) -> Headers | None:
        """Return the headers of a send as it was received last; None if it was not received."""
        if send_id not in self._heads:
            return None
        position, head = self._heads[send_id]
        parsed = BytesHeaderParser().parsebytes(head)
        return Headers(position, parsed["Subject"], parsed["In-Reply-To"], parsed["References"])

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Sink"]:
        """Listen on loopback."""
        server = await asyncio.get_running_loop().create_server(lambda: _Conversation(self), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()


class _Conversation(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.buffer = bytearray()
        self.content = False
        self.sender = ""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer the commands that have arrived. Their answers leave together, as RFC 2920 asks of servers."""
        self.buffer += data
        answers: list[bytes] = []
        while (end := self.buffer.find(b"\r\n.\r\n" if self.content else b"\r\n")) >= 0:
            taken = bytes(self.buffer[:end])
            del self.buffer[: end + (5 if self.content else 2)]
            if self.content:
                self.content = False
                self.sink.take(taken, self.sender)
                if wait := self.sink.delay():
                    asyncio.get_running_loop().call_later(wait, self.transport.write, b"250 taken\r\n")
                else:
                    answers.append(b"250 taken\r\n")
                continue
            verb = taken[:4].upper()
            self.content = verb == b"DATA"
            if verb == b"MAIL":
                self.sender = taken.partition(b"<")[2].partition(b">")[0].decode()
            if verb == b"EHLO":
                self.sink.greeted.add(taken[5:].decode())
                answers.append(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            else:
                answers.append({b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n"))
        if answers:
            self.transport.write(b"".join(answers))
