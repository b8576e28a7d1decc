"""Writes JSON in pieces, so that large responses do not block the event loop."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from api.graphql.engine.execution.json_text import EncodedJson, json_text

MAX_SLICE_SECONDS = 0.01
"""How long JSON is written before the event loop runs other tasks."""
SPLIT_DEPTH = 4
"""Depth to which objects are written in pieces: a websocket message, the response in it, its data, and a field such as
a connection. ``EncodedJson`` may be a value of these objects."""
LIST_SLICE_ITEMS = 20
"""Items of a list in one piece."""


async def encode_once(content: Any) -> EncodedJson:
    """Encode a part of many messages."""
    return EncodedJson((await write_any_json(content)).decode())


def write_json(content: Any) -> bytes:
    """Return JSON in UTF-8. A lone surrogate, which an error message may quote, becomes a question mark."""
    return json_text(content).encode("utf-8", "replace")


async def write_any_json(content: Any) -> bytes:
    """Return the same as ``write_json``, without blocking the event loop."""
    pieces: list[bytes] = []
    started = time.monotonic()
    for piece in _pieces(content, SPLIT_DEPTH):
        pieces.append(piece.encode("utf-8", "replace"))
        if time.monotonic() - started > MAX_SLICE_SECONDS:
            await asyncio.sleep(0)
            started = time.monotonic()
    return b"".join(pieces)


def _pieces(value: Any, depth: int) -> Iterator[str]:
    """Yield JSON in pieces. Objects are split down to ``depth``, and long lists at every level above it."""
    if isinstance(value, EncodedJson):
        yield value
    elif depth and isinstance(value, dict) and value:
        separator = "{"
        for name, item in value.items():
            yield f"{separator}{json_text(name)}:"
            yield from _pieces(item, depth - 1)
            separator = ","
        yield "}"
    elif isinstance(value, list) and len(value) > LIST_SLICE_ITEMS:
        separator = "["
        for start in range(0, len(value), LIST_SLICE_ITEMS):
            yield separator
            yield json_text(value[start : start + LIST_SLICE_ITEMS])[1:-1]
            separator = ","
        yield "]"
    else:
        yield json_text(value)
