"""Writes JSON piece by piece, because large responses must not block other clients."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

MAX_SLICE_SECONDS = 0.01
"""How long a response is written before the event loop runs other work."""
SPLIT_DEPTH = 3
"""How deeply objects are split into pieces: the response, its data, a field such as a connection."""
LIST_SLICE_ITEMS = 20
"""Items of a list that are written in one piece."""


def write_json(content: Any) -> bytes:
    """Write JSON. A lone surrogate, which an error message may quote, becomes a question mark."""
    return _text(content).encode("utf-8", "replace")


async def write_any_json(content: Any) -> bytes:
    """Write JSON of any size as ``write_json`` does, without blocking the event loop."""
    pieces: list[bytes] = []
    began = time.monotonic()
    for piece in _pieces(content, SPLIT_DEPTH):
        pieces.append(piece.encode("utf-8", "replace"))
        if time.monotonic() - began > MAX_SLICE_SECONDS:
            await asyncio.sleep(0)
            began = time.monotonic()
    return b"".join(pieces)


def _pieces(value: Any, levels: int) -> Iterator[str]:
    if levels and isinstance(value, dict) and value:
        before = "{"
        for name, inner in value.items():
            yield f"{before}{_text(name)}:"
            yield from _pieces(inner, levels - 1)
            before = ","
        yield "}"
    elif isinstance(value, list) and len(value) > LIST_SLICE_ITEMS:
        before = "["
        for start in range(0, len(value), LIST_SLICE_ITEMS):
            yield before
            yield _text(value[start : start + LIST_SLICE_ITEMS])[1:-1]
            before = ","
        yield "]"
    else:
        yield _text(value)


_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
