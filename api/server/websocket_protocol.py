"""uvicorn's websocket protocol with limits for each state of a connection.

permessage-deflate is off: a frame of 15 KB can inflate to 16 MB, each inflater takes memory, and GraphQL messages are
small.
"""

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from api.server import ACKNOWLEDGED
from api.server.connections import Connections
from api.server.progress import WriteProgress

log = logging.getLogger("touchline.server")

SLICE_BYTES = 8_192
"""Bytes that are parsed in one turn of the event loop: up to some 1,300 frames."""
CLOSE_DRAIN_SECONDS = 0.5
"""How long bytes of a client that broke a rule are discarded, so that it can receive the reason."""
CLOSE_POLICY_VIOLATION = 1008
CLOSE_TOO_BIG = 1009


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One websocket. Until it is acknowledged it may send one small message."""

    def __init__(self, *args: Any, connections: Connections, **given: Any) -> None:
        super().__init__(*args, **given)
        self.registry = connections
        self.limits = connections.limits
        self.conn.max_message_size = self.limits.init_bytes
        self._opened = self.loop.time()
        self._acknowledged = False
        self._kept = b""
        self._pumping = False
        self._failed = False
        self._discarded = 0
        self._control = (self._opened, 0)
        self._client = ""
        self._progress = WriteProgress(self.limits)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, which the HTTP protocol has released."""
        super().connection_made(transport)
        if not self.registry.opened(self, self.client[0] if self.client else ""):
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._kept = b""
        self.registry.closed(self)
        if self._client:
            self.registry.leave(self._client)
            self._client = ""
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        """Let the application say later who the client is. Refuse one with too many connections behind a proxy."""
        if self.client is not None and self.client[0] in self.registry.proxies:
            named = [(name.lower().encode(), value.encode("latin-1")) for name, value in event.headers.raw_items()]
            client = self.registry.proxies.client(named) or ""
            if client and not self.registry.enter(client):
                refused = self.conn.reject(HTTPStatus.SERVICE_UNAVAILABLE, "You have too many connections at once.\n")
                self.conn.send_response(refused)
                self.handshake_initiated = self.handshake_complete = self.close_sent = True
                self.transport.write(b"".join(self.conn.data_to_send()))
                self.transport.close()
                return
            self._client = client
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[ACKNOWLEDGED] = self.acknowledged

    def acknowledged(self) -> None:
        """Read larger messages from now on."""
        self._acknowledged = True
        self.conn.max_message_size = self.limits.message_bytes
        self.registry.works(self)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes in slices, and only as fast as the application reads messages."""
        if self._failed:
            self._discarded += len(data)
            if self._discarded > self.limits.linger_bytes:
                self.transport.abort()
            return
        self._kept += data
        if not self._pumping:
            self._pump()

    def _pump(self) -> None:
        self._pumping = False
        if self.transport.is_closing() or not self._kept or self.read_paused:
            return
        part, self._kept = self._kept[:SLICE_BYTES], self._kept[SLICE_BYTES:]
        super().data_received(part)
        self._pump_later()

    def _pump_later(self) -> None:
        if not self._kept or self.transport.is_closing():
            return
        self.transport.pause_reading()
        if not self.read_paused and not self._pumping:
            self._pumping = True
            self.loop.call_soon(self._pump_and_read_on)

    def _pump_and_read_on(self) -> None:
        self._pump()
        if not self._kept and not self.read_paused:
            self.transport.resume_reading()

    async def receive(self) -> Any:
        """Return the next event of the connection."""
        message = await super().receive()
        self._pump_later()
        return message

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment of a message."""
        if len(self.frames) >= self.limits.fragments:
            self._fail(CLOSE_TOO_BIG, f"A message may have up to {self.limits.fragments} fragments.")
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping, unless there are too many."""
        if self._control_frame():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Take a pong, unless there are too many."""
        if self._control_frame():
            super().handle_pong(event)

    def _control_frame(self) -> bool:
        began, number = self._control
        now = self.loop.time()
        if now - began > self.limits.control_seconds:
            began, number = now, 0
        self._control = (began, number + 1)
        if number < self.limits.control_frames:
            return True
        if number == self.limits.control_frames:
            self._fail(CLOSE_POLICY_VIOLATION, "Too many pings.")
        return False

    def handle_parser_exception(self) -> None:
        """Close the connection after the close frame is sent. uvicorn would close too early for that."""
        assert self.conn.close_sent is not None  # noqa: S101 - so it is called
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self._failed = True
        self._kept = b""
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_DRAIN_SECONDS, self.transport.close)

    async def send(self, message: Any) -> None:
        """Send a message of the application once the client has read enough of the earlier ones."""
        self._progress.written += len(message.get("text") or message.get("bytes") or "")
        await super().send(message)
        if message["type"] == "websocket.close":
            self._pump_later()  # the client's own close frame may have come already

    def check(self, now: float) -> None:
        """Close the connection if it exceeds a time limit."""
        if self._progress.too_slow(self.transport, now):
            self._tell("did not read its messages")
            self.transport.abort()
        elif not self._acknowledged and now - self._opened > self.limits.init_seconds:
            self._tell("did not authenticate in time")
            self.transport.abort()

    def drop(self) -> None:
        """Close at once to make room for another connection."""
        self.transport.abort()

    def _fail(self, code: int, why: str) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        self._kept = b""
        self.conn.fail(code, why)
        self.handle_parser_exception()

    def _tell(self, why: str) -> None:
        log.info("closed a websocket of %s: %s", self.client[0] if self.client else "a socket", why)
