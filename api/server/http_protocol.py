"""uvicorn's HTTP/1.1 protocol with time limits for heads, bodies and responses, which uvicorn does not have."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.codes.http_answers import HttpCode
from api.server.connections import Connections
from api.server.progress import WriteProgress

log = logging.getLogger("touchline.server")

SLICE_BYTES = 16_384
"""Bytes of a head or a chunked body that are parsed in one turn of the event loop. h11 refuses larger heads."""
REASON_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class Flow(FlowControl):
    """uvicorn's flow control, which also lets the protocol parse buffered bytes before it reads more."""

    def __init__(self, transport: asyncio.Transport, resumed: Callable[[], None]) -> None:
        super().__init__(transport)
        self._resumed = resumed

    def resume_reading(self) -> None:
        """Read on, unless reading goes on already."""
        if self.read_paused:
            self.read_paused = False
            self._resumed()


class HttpProtocol(H11Protocol):
    """One connection. The registry calls ``check`` every ``sweep_seconds``."""

    def __init__(self, *args: Any, connections: Connections, **given: Any) -> None:
        super().__init__(*args, **given)
        self.registry = connections
        self.limits = connections.limits
        self._inner: Any = self.app
        self.app = self._limited
        self._since = self.loop.time()
        """When the connection began to wait for a head, a body or the rest of a body."""
        self._received = 0
        """Bytes since then."""
        self._wire = self._body = 0
        """Bytes of the present request: as they came, and without the framing of chunks."""
        self._chunked = False
        self._kept = b""
        """Received bytes that are not parsed yet."""
        self._pumping = False
        self._client = ""
        self._progress = WriteProgress(self.limits)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, or refuse it."""
        super().connection_made(transport)
        self.flow = Flow(transport, self._read_on)
        if not self.registry.opened(self, self.client[0] if self.client else ""):
            self._end(HttpCode.TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._kept = b""
        self.registry.closed(self)
        self._leave()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over to the websocket protocol, which counts it again."""
        self._kept = b""
        self.registry.closed(self)
        super().handle_websocket_upgrade(event)
        self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Parse received bytes in slices, because one read can contain tens of thousands of chunks."""
        self._received += len(data)
        self._wire += len(data)
        if self._idle and not self._kept:
            self._wait_from_now()
            self._received = len(data)
        plain = self.conn.their_state is h11.SEND_BODY and not self._chunked
        if not self._kept and (plain or len(data) <= SLICE_BYTES):
            super().data_received(data)
            self._check_framing()
            return
        self._kept += data
        self.transport.pause_reading()
        if not self._pumping:
            self._pump()

    def on_response_complete(self) -> None:
        """Wait for the next request, and for the rest of this one's body if the application did not read it."""
        self._leave()
        self._wait_from_now()
        self._wire = self._body = 0
        self._chunked = False
        self.registry.waits(self)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse a malformed request. uvicorn would also let the application respond, and log its failure."""
        self._give_up_request()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def check(self, now: float) -> None:
        """Close the connection if it exceeds a time limit."""
        limits, elapsed = self.limits, now - self._since
        if self._progress.too_slow(self.transport, now):
            self._tell("did not read its response")
            self.transport.abort()
        elif self.transport.is_closing():
            return
        elif self.cycle is None or self.cycle.response_complete:
            self._check_waiting(elapsed)
        elif self.cycle.more_body:
            if self.flow.read_paused or self._kept:  # it is for us to read on
                self._wait_from_now()
            elif self._received < limits.body_bytes_per_second * (elapsed - limits.body_grace_seconds):
                self._end(HttpCode.BODY_TOO_SLOW)

    def drop(self) -> None:
        """Close at once to make room for another connection."""
        self.transport.abort()

    @property
    def _idle(self) -> bool:
        """Whether the connection is between two requests."""
        return self.timeout_keep_alive_task is not None

    def _check_waiting(self, elapsed: float) -> None:
        if self.conn.their_state is h11.SEND_BODY:
            if elapsed > self.limits.linger_seconds or self._received > self.limits.linger_bytes:
                self.transport.close()
        elif not self._idle and elapsed > self.limits.head_seconds:
            self._end(HttpCode.HEAD_TOO_SLOW if self._received else None)

    def _wait_from_now(self) -> None:
        self._since, self._received = self.loop.time(), 0

    def _read_on(self) -> None:
        if not self._kept:
            self.transport.resume_reading()
        elif not self._pumping:
            self._pumping = True
            self.loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        part, self._kept = self._kept[:SLICE_BYTES], self._kept[SLICE_BYTES:]
        super().data_received(part)
        self._check_framing()
        if self.transport.get_protocol() is not self or self.transport.is_closing() or self.flow.read_paused:
            return
        self._read_on()

    def _check_framing(self) -> None:
        if self._chunked and self.cycle is not None and not self.cycle.response_complete:
            carried = self._body + len(self.cycle.body) + self.limits.chunk_overhead_free
            if self._wire - len(self._kept) > carried * self.limits.chunk_overhead:
                self._end(HttpCode.CHUNKS_TOO_SMALL)

    async def _limited(self, scope: Any, receive: Any, send: Any) -> None:
        """Check the limits of a request, then run the application."""
        self.registry.works(self)
        self._wait_from_now()
        names = [name for name, _ in scope["headers"]]
        self._chunked = b"transfer-encoding" in names
        self._wire = self._body = 0
        client = (self.registry.proxies.client(scope["headers"]) or "") if self._by_proxy() else ""
        if b"x-forwarded-for" in names and not self._by_proxy():
            self._warn_of_proxy()
        if len(names) > self.limits.headers:
            await _answer(send, HttpCode.TOO_MANY_HEADERS, limit=self.limits.headers)
        elif self._chunked and b"content-length" in names:
            await _answer(send, HttpCode.TWO_LENGTHS)
        elif client and not self.registry.enter(client):
            await _answer(send, HttpCode.TOO_MANY_REQUESTS)
        else:
            self._client = client

            async def counted_receive() -> Any:
                message = await receive()
                self._body += len(message.get("body", b""))
                return message

            async def counted_send(message: Any) -> None:
                self._progress.written += len(message.get("body", b""))
                await send(message)

            await self._inner(scope, counted_receive, counted_send)

    def _by_proxy(self) -> bool:
        return self.client is not None and self.client[0] in self.registry.proxies

    def _warn_of_proxy(self) -> None:
        peer = self.client[0] if self.client else "a socket"
        log.warning(
            "X-Forwarded-For of %s is ignored. If this is your proxy, add it to TOUCHLINE_TRUSTED_PROXIES.", peer
        )

    def _leave(self) -> None:
        if self._client:
            self.registry.leave(self._client)
            self._client = ""

    def _give_up_request(self) -> None:
        """Tell the application that the client is gone."""
        self._kept = b""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _end(self, code: HttpCode | None) -> None:
        """Close the connection, with an error response unless a response has begun or the client has sent nothing."""
        begun = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        why = code.message().sentence if code else "sent nothing"
        if code and not begun:
            status, text = code.status, why.encode("ascii")
            retry = "Retry-After: 5\r\n" if status == 503 else ""
            self.transport.write(
                f"HTTP/1.1 {status} {REASON_PHRASES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                f"Content-Length: {len(text)}\r\n{retry}Connection: close\r\n\r\n".encode()
                + text
            )
        self._give_up_request()
        self._tell(why)
        self.transport.close()

    def _tell(self, why: str) -> None:
        log.info("closed a connection of %s: %s", self.client[0] if self.client else "a socket", why)


async def _answer(send: Any, code: HttpCode, **values: object) -> None:
    why, status = code.message(**values).sentence, code.status
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(why)).encode())]
    if status == 503:
        headers.append((b"retry-after", b"5"))
    else:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": why.encode("ascii"), "more_body": False})
