"""One SMTP connection after its login: it sends several commands together and reads their answers (RFC 5321, RFC 2920).

aiosmtplib connects, starts TLS and logs in. Then this module takes over the connection, because aiosmtplib waits for
one answer at a time, which takes three times as long.
"""

import asyncio
from typing import NamedTuple

MAX_ANSWER_BYTES = 32_768
"""Longest valid answer."""


class Reply(NamedTuple):
    """One answer: the reply code, and the text after it."""

    code: int
    text: str


class UnexpectedReplyError(Exception):
    """The server sent something that is not a valid answer, or an answer without a command."""


class Wire(asyncio.Protocol):
    """Takes over a connection. After an error it is closed, because the next answer could belong to any command."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._buffer = b""
        self._text: list[str] = []
        self._replies: list[Reply] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._until = 0.0
        """When the waiting exchange times out, by the event loop's clock."""
        self._timer: asyncio.TimerHandle | None = None
        """Runs ``_watch`` at ``_until`` or earlier. It outlives an exchange, because a timer for each is expensive."""
        self._problem: Exception | None = None
        transport.set_protocol(self)

    async def exchange(self, data: bytes, answers: int, seconds: float) -> list[Reply]:
        """Send data and return this number of answers, or fewer if the server disconnects after a rejection.

        Raises TimeoutError if they do not arrive in this number of seconds, ConnectionError or UnexpectedReplyError.
        """
        self.check()
        loop = asyncio.get_running_loop()
        self._wanted, self._waiter = answers, loop.create_future()
        self._until = loop.time() + seconds
        if self._timer is None or self._timer.when() > self._until:
            self._watch_until(self._until)
        try:
            self._transport.write(data)
            await self._waiter
        except asyncio.CancelledError:
            self.close()  # nobody reads the answer
            raise
        finally:
            self._waiter = None
        replies, self._replies = self._replies[:answers], []
        return replies

    def check(self) -> None:
        """Raise the error that ``exchange`` would raise before it sends data."""
        if self._problem is not None:
            raise self._problem
        if self._transport.is_closing():
            raise ConnectionError("The connection is closed.")

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Read the complete lines of the answers."""
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
            self._fail(UnexpectedReplyError("an answer without a command"))
        elif len(self._replies) >= self._wanted:
            # The expected answers are valid. Any data after them is an error.
            self._arrived()
            if len(self._replies) > self._wanted or self._text or self._buffer:
                self._fail(UnexpectedReplyError("more answers than commands"))
        elif len(self._buffer) + sum(len(line) + 1 for line in self._text) > MAX_ANSWER_BYTES:
            self._fail(UnexpectedReplyError("an answer that is too long"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange that is waiting."""
        self._end(ConnectionError(str(exc or "The server closed the connection.")))

    def _watch_until(self, moment: float) -> None:
        """Let ``_watch`` run at a moment of the event loop's clock."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(moment, self._watch)

    def _watch(self) -> None:
        """End the waiting exchange if its time is over. If it is a later one, watch on."""
        self._timer = None
        if self._waiter is None:
            return
        if asyncio.get_running_loop().time() < self._until:
            self._watch_until(self._until)
        else:
            self._end(TimeoutError())

    def _end(self, problem: Exception) -> None:
        """Close before all answers have arrived. A rejection as the last answer is valid: it says why."""
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
