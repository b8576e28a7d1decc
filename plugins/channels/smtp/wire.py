"""One SMTP connection after its login: it sends several commands together and reads their answers (RFC 5321, RFC 2920).

aiosmtplib connects, starts TLS and logs in. Then this module takes over the connection, because aiosmtplib waits for
one answer at a time, which takes three times as long.
"""

import asyncio
from typing import NamedTuple

MAX_ANSWER_BYTES = 32_768
"""Longest valid answer."""
SIGNS = frozenset({b" ", b"-", b"\t", b"\r", b""})
"""What may follow the code of an answer. After "-", another line of the same answer follows."""
DATA = b"DATA\r\n"
DATA_FOLLOWS = 354
"""The answer of a server that asks for the content."""


class Reply(NamedTuple):
    """One answer: the reply code, and the text after it."""

    code: int
    text: str


class UnexpectedReplyError(Exception):
    """The server sent something that is not a valid answer, or an answer without a command."""


class Wire(asyncio.Protocol):
    """Takes over a connection. After an error it is closed, because the next answer could belong to any command.

    One exchange runs at a time. ``exchange`` and ``transmit`` start it, and the methods of the protocol end it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.content_sent = False
        """Whether the last ``transmit`` has sent the content, so that the server may have accepted the email."""
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._text: list[str] = []
        self._replies: list[Reply] = []
        self._wanted = 0
        self._waiter: asyncio.Future[list[Reply]] | None = None
        self._content: bytes | None = None
        """What ``transmit`` sends when the server asks for it."""
        self._content_seconds = 0.0
        self._until = 0.0
        """When the waiting exchange times out, by the event loop's clock."""
        self._timer: asyncio.TimerHandle | None = None
        """Runs ``_watch`` at ``_until`` or earlier. It outlives an exchange, because a timer for each is expensive."""
        self._problem: Exception | None = None
        transport.set_protocol(self)

    def exchange(self, data: bytes, answers: int, seconds: float) -> "asyncio.Future[list[Reply]]":
        """Send data. The future has this number of answers, or fewer if the server disconnects after a rejection.

        Raises TimeoutError if they do not arrive in this number of seconds, ConnectionError or UnexpectedReplyError.
        A caller that stops waiting closes the connection, because nobody reads the answers.
        """
        self.check()
        self._waiter = waiter = self._loop.create_future()
        self._expect(answers, seconds)
        self._transport.write(data)
        return waiter

    def transmit(self, content: bytes, seconds: float, content_seconds: float) -> "asyncio.Future[list[Reply]]":
        """Send DATA, and the content as soon as the server asks for it.

        The future has the answer to the content, or to DATA if the server does not ask. ``content_sent`` says which.
        The answer to DATA may take ``seconds``, and that to the content ``content_seconds``.
        """
        self.content_sent = False
        answer = self.exchange(DATA, 1, seconds)
        self._content, self._content_seconds = content, content_seconds
        return answer

    def check(self) -> None:
        """Raise the error that ``exchange`` would raise before it sends data."""
        if self._waiter is not None:
            self._fail(ConnectionError("Nobody has waited for the last answer."))
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
            code, sign, text = line[:3], line[3:4], line[4:].decode("utf-8", "replace").rstrip("\r")
            if not (code.isdigit() and len(code) == 3 and sign in SIGNS):
                self._fail(UnexpectedReplyError(line[:200].decode(errors="replace")))
                return
            if sign == b"-":
                self._text.append(text)
            elif self._text:
                self._replies.append(Reply(int(code), "\n".join((*self._text, text))))
                self._text = []
            else:
                self._replies.append(Reply(int(code), text))
        if self._waiter is None or self._waiter.done():
            self._fail(UnexpectedReplyError("an answer without a command"))
        elif len(self._replies) >= self._wanted:
            # The expected answers are valid. Any data after them is an error.
            more = bool(len(self._replies) > self._wanted or self._text or self._buffer)
            if self._content is not None and not more and self._replies[0].code == DATA_FOLLOWS:
                self._send_content(self._content)
                return
            self._arrived()
            if more:
                self._fail(UnexpectedReplyError("more answers than commands"))
        elif len(self._buffer) + sum(len(line) + 1 for line in self._text) > MAX_ANSWER_BYTES:
            self._fail(UnexpectedReplyError("an answer that is too long"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange that is waiting."""
        self._end(ConnectionError(str(exc or "The server closed the connection.")))

    def _send_content(self, content: bytes) -> None:
        """Send the content, unless the connection is closed."""
        if self._transport.is_closing():
            self._fail(ConnectionError("The connection is closed."))
            return
        self._content, self._replies, self.content_sent = None, [], True
        self._expect(1, self._content_seconds)
        self._transport.write(content)

    def _expect(self, answers: int, seconds: float) -> None:
        """Wait for this number of answers, for so many seconds."""
        self._wanted, self._until = answers, self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._until:
            self._watch_until(self._until)

    def _watch_until(self, moment: float) -> None:
        """Let ``_watch`` run at a moment of the event loop's clock."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(moment, self._watch)

    def _watch(self) -> None:
        """End the waiting exchange if its time is over. If it is a later one, watch on."""
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._until:
            self._watch_until(self._until)
        else:
            self._end(TimeoutError())

    def _end(self, problem: Exception) -> None:
        """Close before all answers have arrived. A rejection as the last answer is valid: it says why."""
        if self._replies and self._replies[-1].code >= 400:
            self._arrived()
        self._fail(problem)

    def _arrived(self) -> None:
        """Give the answers to the caller."""
        waiter, self._waiter, self._content = self._waiter, None, None
        replies, self._replies = self._replies, []
        if waiter is not None and not waiter.done():
            waiter.set_result(replies[: self._wanted])

    def _fail(self, problem: Exception) -> None:
        self._problem = self._problem or problem
        self.close()
        waiter, self._waiter, self._content = self._waiter, None, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(problem)
