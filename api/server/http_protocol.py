"""uvicorn's HTTP/1.1 protocol with time limits for headers, bodies and responses, which uvicorn does not have."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.codes.request_errors.http_answers import HttpCode
from api.server import STREAM_SCOPE_KEY
from api.server.connections import Connections
from api.server.progress import WriteProgress

log = logging.getLogger("touchline.server")

SLICE_BYTES = 16_384
"""Bytes of headers or a chunked body that are parsed in one turn of the event loop. h11 refuses larger headers."""
REASON_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class ResumableFlowControl(FlowControl):
    """uvicorn's flow control. It calls ``on_resume``, so that the protocol parses buffered bytes first."""

    def __init__(self, transport: asyncio.Transport, on_resume: Callable[[], None]) -> None:
        super().__init__(transport)
        self._on_resume = on_resume

    def resume_reading(self) -> None:
        """Resume reading if it is paused."""
        if self.read_paused:
            self.read_paused = False
            self._on_resume()


class HttpProtocol(H11Protocol):
    """One HTTP/1.1 connection. The registry calls ``check`` every ``sweep_seconds``."""

    def __init__(self, *args: Any, connections: Connections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registry = connections
        self.limits = connections.limits
        self._application: Any = self.app
        self.app = self._run_limited
        self._waiting_since = self.loop.time()
        """Loop time at which the connection started to wait for headers or a body."""
        self._received_bytes = 0
        """Bytes received since then."""
        self._wire_bytes = self._body_bytes = 0
        """Bytes of the current request: on the wire, and in its body without chunk framing."""
        self._chunked = False
        self._unparsed = b""
        """Received bytes that are not parsed yet."""
        self._parsing_scheduled = False
        self._client = ""
        """The client behind a trusted proxy while its request runs."""
        self._progress = WriteProgress(self.limits)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register the connection, or refuse it."""
        super().connection_made(transport)
        self.flow = ResumableFlowControl(transport, self._continue_reading)
        if not self.registry.add(self, self.client[0] if self.client else ""):
            self._close_with_error(HttpCode.TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the registry."""
        self._unparsed = b""
        self.registry.remove(self)
        self._end_request()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over to the websocket protocol, which registers it again."""
        self._unparsed = b""
        self.registry.remove(self)
        super().handle_websocket_upgrade(event)
        self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Parse received bytes in slices, because one read can contain tens of thousands of chunks."""
        self._received_bytes += len(data)
        self._wire_bytes += len(data)
        if self._idle and not self._unparsed:
            self._wait_from_now()
            self._received_bytes = len(data)
        is_plain_body = self.conn.their_state is h11.SEND_BODY and not self._chunked
        if not self._unparsed and (is_plain_body or len(data) <= SLICE_BYTES):
            super().data_received(data)
            self._check_framing()
            return
        self._unparsed += data
        self.transport.pause_reading()
        if not self._parsing_scheduled:
            self._parse_slice()

    def on_response_complete(self) -> None:
        """Wait for the next request, and for the rest of this one's body if the application did not read it."""
        self._end_request()
        self._wait_from_now()
        self._wire_bytes = self._body_bytes = 0
        self._chunked = False
        self.registry.mark_waiting(self)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse a malformed request. uvicorn alone would also let the application respond, and log its failure."""
        self._abort_request()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def shutdown(self) -> None:
        """Close a connection that is idle or streams events, or else let it finish its response."""
        if self.cycle is not None and not self.cycle.response_complete and self.scope.get(STREAM_SCOPE_KEY):
            self.transport.close()
        else:
            super().shutdown()

    def check(self, now: float) -> None:
        """Close the connection if it exceeds a time limit."""
        limits, elapsed = self.limits, now - self._waiting_since
        if self._progress.too_slow(self.transport, now):
            self._log_closing("did not read its response")
            self.transport.abort()
        elif self.transport.is_closing():
            return
        elif self.cycle is None or self.cycle.response_complete:
            self._check_waiting(elapsed)
        elif self.cycle.more_body:
            if self.flow.read_paused or self._unparsed:  # the server is slow, not the client
                self._wait_from_now()
            elif self._received_bytes < limits.body_bytes_per_second * (elapsed - limits.body_grace_seconds):
                self._close_with_error(HttpCode.BODY_TOO_SLOW)

    def drop(self) -> None:
        """Close immediately, because a new connection replaces this one."""
        self.transport.abort()

    @property
    def _idle(self) -> bool:
        """Whether the connection is between two requests."""
        return self.timeout_keep_alive_task is not None

    def _check_waiting(self, elapsed: float) -> None:
        if self.conn.their_state is h11.SEND_BODY:
            if elapsed > self.limits.linger_seconds or self._received_bytes > self.limits.linger_bytes:
                self.transport.close()
        elif not self._idle and elapsed > self.limits.header_seconds:
            self._close_with_error(HttpCode.HEADERS_TOO_SLOW if self._received_bytes else None)

    def _wait_from_now(self) -> None:
        self._waiting_since, self._received_bytes = self.loop.time(), 0

    def _continue_reading(self) -> None:
        if not self._unparsed:
            self.transport.resume_reading()
        elif not self._parsing_scheduled:
            self._parsing_scheduled = True
            self.loop.call_soon(self._parse_slice)

    def _parse_slice(self) -> None:
        self._parsing_scheduled = False
        slice_, self._unparsed = self._unparsed[:SLICE_BYTES], self._unparsed[SLICE_BYTES:]
        super().data_received(slice_)
        self._check_framing()
        if self.transport.get_protocol() is not self or self.transport.is_closing() or self.flow.read_paused:
            return
        self._continue_reading()

    def _check_framing(self) -> None:
        if self._chunked and self.cycle is not None and not self.cycle.response_complete:
            content_bytes = self._body_bytes + len(self.cycle.body) + self.limits.chunk_overhead_free_bytes
            if self._wire_bytes - len(self._unparsed) > content_bytes * self.limits.max_chunk_overhead:
                self._close_with_error(HttpCode.CHUNKS_TOO_SMALL)

    async def _run_limited(self, scope: Any, receive: Any, send: Any) -> None:
        """Check the limits of a request, then run the application."""
        self.registry.mark_active(self)
        self._wait_from_now()
        names = [name for name, _ in scope["headers"]]
        self._chunked = b"transfer-encoding" in names
        self._wire_bytes = self._body_bytes = 0
        client = (self.registry.proxies.client(scope["headers"]) or "") if self._is_from_proxy() else ""
        if b"x-forwarded-for" in names and not self._is_from_proxy():
            self._warn_about_proxy()
        if len(names) > self.limits.headers:
            await _send_error(send, HttpCode.TOO_MANY_HEADERS, limit=self.limits.headers)
        elif self._chunked and b"content-length" in names:
            await _send_error(send, HttpCode.TWO_LENGTHS)
        elif client and not self.registry.start_request(client):
            await _send_error(send, HttpCode.TOO_MANY_REQUESTS)
        else:
            self._client = client

            async def counted_receive() -> Any:
                message = await receive()
                self._body_bytes += len(message.get("body", b""))
                return message

            async def counted_send(message: Any) -> None:
                self._progress.written_bytes += len(message.get("body", b""))
                await send(message)

            await self._application(scope, counted_receive, counted_send)

    def _is_from_proxy(self) -> bool:
        return self.client is not None and self.client[0] in self.registry.proxies

    def _warn_about_proxy(self) -> None:
        peer = self.client[0] if self.client else "a socket"
        log.warning(
            "X-Forwarded-For of %s is ignored. If this is your proxy, add it to TOUCHLINE_TRUSTED_PROXIES.", peer
        )

    def _end_request(self) -> None:
        if self._client:
            self.registry.end_request(self._client)
            self._client = ""

    def _abort_request(self) -> None:
        """Send the application a disconnect event."""
        self._unparsed = b""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _close_with_error(self, code: HttpCode | None) -> None:
        """Close the connection, with an error response if none has started. Without a code there is no response."""
        response_started = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        reason = code.message().sentence if code else "sent nothing"
        if code and not response_started:
            status, body = code.status, reason.encode("ascii")
            retry_header = "Retry-After: 5\r\n" if status == 503 else ""
            self.transport.write(
                f"HTTP/1.1 {status} {REASON_PHRASES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\n{retry_header}Connection: close\r\n\r\n".encode()
                + body
            )
        self._abort_request()
        self._log_closing(reason)
        self.transport.close()

    def _log_closing(self, reason: str) -> None:
        log.info("closed a connection of %s: %s", self.client[0] if self.client else "a socket", reason)


async def _send_error(send: Any, code: HttpCode, **values: object) -> None:
    """Respond in the place of the application."""
    reason, status = code.message(**values).sentence, code.status
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(reason)).encode())]
    if status == 503:
        headers.append((b"retry-after", b"5"))
    else:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reason.encode("ascii"), "more_body": False})
