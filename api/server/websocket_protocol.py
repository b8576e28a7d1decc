"""uvicorn's websocket protocol with limits for each state of a connection.

permessage-deflate is off, because a frame of 15 KB can inflate to 16 MB and each connection would need memory for it.
GraphQL messages are small.
"""

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from api.server import ACKNOWLEDGE_EXTENSION
from api.server.connections import Connections
from api.server.progress import WriteProgress

log = logging.getLogger("touchline.server")

SLICE_BYTES = 8_192
"""Bytes that are parsed in one turn of the event loop: up to about 1,300 frames."""
CLOSE_DRAIN_SECONDS = 0.5
"""How long bytes of a client are discarded after a protocol error, so that it can receive the reason."""
CLOSE_POLICY_VIOLATION = 1008
CLOSE_TOO_BIG = 1009


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One websocket. Before authentication the client may send one small message."""

    def __init__(self, *args: Any, connections: Connections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registry = connections
        self.limits = connections.limits
        self.conn.max_message_size = self.limits.init_bytes
        self._opened = self.loop.time()
        self._acknowledged = False
        self._unparsed = b""
        self._parsing_scheduled = False
        self._failed = False
        self._discarded_bytes = 0
        self._control_window = (self._opened, 0)
        """Start time of the window for control frames, and their number since then."""
        self._client = ""
        self._progress = WriteProgress(self.limits)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the connection, which the HTTP protocol has removed."""
        super().connection_made(transport)
        if not self.registry.add(self, self.client[0] if self.client else ""):
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the registry."""
        self._unparsed = b""
        self.registry.remove(self)
        if self._client:
            self.registry.end_request(self._client)
            self._client = ""
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        """Offer the application ACKNOWLEDGE_EXTENSION. Refuse clients behind a proxy with too many connections."""
        if self.client is not None and self.client[0] in self.registry.proxies:
            headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in event.headers.raw_items()]
            client = self.registry.proxies.client(headers) or ""
            if client and not self.registry.start_request(client):
                response = self.conn.reject(HTTPStatus.SERVICE_UNAVAILABLE, "You have too many connections at once.\n")
                self.conn.send_response(response)
                self.handshake_initiated = self.handshake_complete = self.close_sent = True
                self.transport.write(b"".join(self.conn.data_to_send()))
                self.transport.close()
                return
            self._client = client
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[ACKNOWLEDGE_EXTENSION] = self.acknowledged

    def acknowledged(self) -> None:
        """Allow larger messages. The application calls this after authentication."""
        self._acknowledged = True
        self.conn.max_message_size = self.limits.message_bytes
        self.registry.mark_active(self)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes in slices, and only as fast as the application reads messages."""
        if self._failed:
            self._discarded_bytes += len(data)
            if self._discarded_bytes > self.limits.linger_bytes:
                self.transport.abort()
            return
        self._unparsed += data
        if not self._parsing_scheduled:
            self._parse_slice()

    def _parse_slice(self) -> None:
        self._parsing_scheduled = False
        if self.transport.is_closing() or not self._unparsed or self.read_paused:
            return
        slice_, self._unparsed = self._unparsed[:SLICE_BYTES], self._unparsed[SLICE_BYTES:]
        super().data_received(slice_)
        self._schedule_parsing()

    def _schedule_parsing(self) -> None:
        if not self._unparsed or self.transport.is_closing():
            return
        self.transport.pause_reading()
        if not self.read_paused and not self._parsing_scheduled:
            self._parsing_scheduled = True
            self.loop.call_soon(self._parse_and_continue_reading)

    def _parse_and_continue_reading(self) -> None:
        self._parse_slice()
        if not self._unparsed and not self.read_paused:
            self.transport.resume_reading()

    async def receive(self) -> Any:
        """Return the next event of the connection."""
        message = await super().receive()
        self._schedule_parsing()
        return message

    def handle_cont(self, event: Frame) -> None:
        """Handle a fragment of a message, unless there are too many."""
        if len(self.frames) >= self.limits.fragments:
            self._fail(CLOSE_TOO_BIG, f"A message may have up to {self.limits.fragments} fragments.")
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping, unless there are too many."""
        if self._count_control_frame():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Handle a pong, unless there are too many."""
        if self._count_control_frame():
            super().handle_pong(event)

    def _count_control_frame(self) -> bool:
        """Count a ping or pong. Returns False if there are too many."""
        start, count = self._control_window
        now = self.loop.time()
        if now - start > self.limits.control_seconds:
            start, count = now, 0
        self._control_window = (start, count + 1)
        if count < self.limits.control_frames:
            return True
        if count == self.limits.control_frames:
            self._fail(CLOSE_POLICY_VIOLATION, "Too many pings.")
        return False

    def handle_parser_exception(self) -> None:
        """Close the connection after the close frame is sent. uvicorn alone would close too early."""
        assert self.conn.close_sent is not None  # noqa: S101 - the parser has sent a close frame
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self._failed = True
        self._unparsed = b""
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_DRAIN_SECONDS, self.transport.close)

    async def send(self, message: Any) -> None:
        """Send a message when the client has read enough of the earlier ones."""
        self._progress.written_bytes += len(message.get("text") or message.get("bytes") or "")
        await super().send(message)
        if message["type"] == "websocket.close":
            self._schedule_parsing()  # the client's close frame may be received already

    def check(self, now: float) -> None:
        """Close the connection if it exceeds a time limit."""
        if self._progress.too_slow(self.transport, now):
            self._log_closing("did not read its messages")
            self.transport.abort()
        elif not self._acknowledged and now - self._opened > self.limits.init_seconds:
            self._log_closing("did not authenticate in time")
            self.transport.abort()

    def drop(self) -> None:
        """Close immediately, because a new connection replaces this one."""
        self.transport.abort()

    def _fail(self, code: int, reason: str) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        self._unparsed = b""
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def _log_closing(self, reason: str) -> None:
        log.info("closed a websocket of %s: %s", self.client[0] if self.client else "a socket", reason)
