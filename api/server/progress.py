"""Checks whether a client reads its response."""

import asyncio

from api.server.limits import ServerLimits


class WriteProgress:
    """Compares the client's reading speed with the minimum, in windows of ``write_seconds``."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self.written = 0
        """Bytes handed to the transport so far; framing is not counted."""
        self._began: tuple[float, int] | None = None
        self._closing_since: float | None = None

    def too_slow(self, transport: asyncio.Transport, now: float) -> bool:
        """Say whether the client reads too slowly, or delays the closing of its connection too long."""
        if transport.is_closing():
            self._closing_since = self._closing_since or now
            return now - self._closing_since > self._limits.close_seconds
        left = transport.get_write_buffer_size()
        if not left:
            self._began = None
            return False
        taken = self.written - left
        if self._began is None:
            self._began = (now, taken)
        since, before = self._began
        if now - since < self._limits.write_seconds:
            return False
        self._began = (now, taken)
        return taken - before < self._limits.write_seconds * self._limits.write_bytes_per_second
