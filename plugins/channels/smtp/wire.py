"""One SMTP connection after its login: commands that leave together, and an answer for each (RFC 5321, RFC 2920).

aiosmtplib connects, starts TLS and logs in. Its exchanges wait for one answer at a time, and cost three times as
much as these: so an open connection is taken over from it.
"""

import asyncio
from typing import NamedTuple

MAX_ANSWER_BYTES = 32_768
"""Bytes of an answer at most; a longer one is no answer."""


class Reply(NamedTuple):
    """One answer: its three digits, and its text without them."""

    code: int
    text: str


class UnexpectedReplyError(Exception):
    """What came is no answer, or the answer to no question."""


class Wire(asyncio.Protocol):
    """Takes over a connection. After an error it is closed for good: nobody knows what the next answer belongs to."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._buffer = b""
        self._text: list[str] = []
        self._replies: list[Reply] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._problem: Exception | None = None
        transport.set_protocol(self)

    async def exchange(self, data: bytes, answers: int, seconds: float) -> list[Reply]:
        """Write, and wait for so many answers; fewer when the server hangs up behind a refusal.

        Raises TimeoutError when they are not here in so many seconds, ConnectionError, and UnexpectedReplyError.
        """
        self.check()
        loop = asyncio.get_running_loop()
        self._wanted, self._waiter = answers, loop.create_future()
        timer = loop.call_later(seconds, self._end, TimeoutError())
        try:
            self._transport.write(data)
            await self._waiter
        except asyncio.CancelledError:
            self.close()  # the answer would come to nobody
            raise
        finally:
            timer.cancel()
            self._waiter = None
        replies, self._replies = self._replies[:answers], []
        return replies

    def check(self) -> None:
        """Raise what an exchange would raise before it writes."""
        if self._problem is not None:
            raise self._problem
        if self._transport.is_closing():
            raise ConnectionError("The connection is closed.")

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Read what is whole of the answers."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            code, sign, text = line[:3], line[3:4].strip(), line[4:].decode(errors="replace").rstrip("\r")
            if not (code.isdigit() and len(code) == 3 and sign in b"-"):
                self._fail(UnexpectedReplyError(line[:200].decode(errors="replace")))
                return
            self._text.append(text)
            if sign != b"-":
                self._replies.append(Reply(int(code), "\n".join(self._text)))
                self._text = []
        if self._waiter is None:
            self._fail(UnexpectedReplyError("an answer to no question"))
        elif len(self._replies) >= self._wanted:
            # The answers that were asked for stand; what comes behind them belongs to nothing.
            self._arrived()
            if len(self._replies) > self._wanted or self._text or self._buffer:
                self._fail(UnexpectedReplyError("more answers than questions"))
        elif len(self._buffer) + sum(len(line) + 1 for line in self._text) > MAX_ANSWER_BYTES:
            self._fail(UnexpectedReplyError("an answer without an end"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._end(ConnectionError(str(exc or "The server hung up.")))

    def _end(self, problem: Exception) -> None:
        """Close without all answers. A refusal among those that came stands: it says why the others did not."""
        if self._replies and self._replies[-1].code >= 400:
            self._arrived()
        self._fail(problem)

    def _arrived(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, problem: Exception) -> None:
        self._problem = self._problem or problem
        self.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(problem)
