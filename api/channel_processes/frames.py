"""Messages between the server and the process of a channel: a JSON object, followed by bytes."""

import asyncio
import json
import struct
from collections.abc import Callable
from typing import Any, cast

PREFIX = struct.Struct("!IQ")
"""The lengths of the JSON object and of the bytes."""
MAX_OBJECT_BYTES = 16_000_000
MAX_PAYLOAD_BYTES = 1_000_000_000

Message = dict[str, Any]


def packed(message: Message, payload: bytes = b"") -> bytes:
    """Return a message as bytes. Raises TypeError and ValueError if the object is not JSON."""
    text = json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
    return b"".join((PREFIX.pack(len(text), len(payload)), text, payload))


class FrameProtocol(asyncio.Protocol):
    """Splits a stream into messages.

    ``received`` is called for each message, and ``ended`` once at the end of the stream.
    """

    def __init__(self, received: Callable[[Message, bytes], None], ended: Callable[[], None]) -> None:
        self._received = received
        self._ended = ended
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to which ``send`` writes."""
        self._transport = cast(asyncio.Transport, transport)

    def send(self, message: Message, payload: bytes = b"") -> None:
        """Send a message. A stream that has ended drops it."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(packed(message, payload))

    def close(self) -> None:
        """Close the stream at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take all messages that are complete."""
        self._buffer += data
        while len(self._buffer) >= PREFIX.size:
            object_bytes, payload_bytes = PREFIX.unpack_from(self._buffer)
            if object_bytes > MAX_OBJECT_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
                self.close()
                return
            middle = PREFIX.size + object_bytes
            end = middle + payload_bytes
            if len(self._buffer) < end:
                return
            text, payload = bytes(self._buffer[PREFIX.size : middle]), bytes(self._buffer[middle:end])
            del self._buffer[:end]
            try:
                message = json.loads(text)
            except (ValueError, RecursionError):
                message = None
            if not isinstance(message, dict):
                self.close()
                return
            self._received(message, payload)

    def connection_lost(self, error: Exception | None) -> None:
        """Report the end of the stream."""
        self._ended()
