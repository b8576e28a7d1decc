"""Checks whether a client reads its response."""

import asyncio

from api.server.limits import ServerLimits


class WriteProgress:
    """Compares a client's reading speed with the minimum, in windows of ``write_seconds``."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self.written_bytes = 0
        """Bytes that were handed to the transport, without framing."""
        self._window: tuple[float, int] | None = None
        """Start time of the window, and the bytes that the client had read then."""
        self._closing_since: float | None = None

    def too_slow(self, transport: asyncio.Transport, now: float) -> bool:
        """Say whether the client reads too slowly, or delays the closing of the connection too long."""
        if transport.is_closing():
            self._closing_since = self._closing_since or now
            return now - self._closing_since > self._limits.close_seconds
        buffered_bytes = transport.get_write_buffer_size()
        if not buffered_bytes:
            self._window = None
            return False
        read_bytes = self.written_bytes - buffered_bytes
        if self._window is None:
            self._window = (now, read_bytes)
        window_start, read_before = self._window
        if now - window_start < self._limits.write_seconds:
            return False
        self._window = (now, read_bytes)
        return read_bytes - read_before < self._limits.write_seconds * self._limits.write_bytes_per_second
