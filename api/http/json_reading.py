"""Reading JSON that strangers send: its size is counted before anything is built from it.

``json.loads`` holds the interpreter's lock until it is done, so that a thread would not help. Small texts, nearly
all, are read at once; larger ones in a worker process, so that nothing holds the event loop.
"""

import json
import math
from typing import Any

from api.workers.limits import Limit, LimitExceededError, Limits, WorkersBusyError
from api.workers.pool import run

MAX_DEPTH = 100
"""How deeply objects and lists may be nested."""
MAX_JSON_COST = 250_000
"""Commas, colons (each counts as 2) and opening brackets (as 4) outside of texts: what they cost to build."""
INLINE_MAX_BYTES = 65_536
"""Up to this size a text is read in the event loop, in some milliseconds at worst."""
WORKER_LIMITS = Limits(cpu_seconds=5, memory_bytes=512_000_000, output_bytes=100_000_000)
_SLICE_BYTES = 262_144
_TOO_DEEP = "The JSON is nested too deeply."
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_OPENING = frozenset(b"[{")


class JsonTooLargeError(ValueError):
    """The JSON has more elements, or takes more to read, than is allowed."""


def read_json(body: bytes) -> Any:
    """Read JSON that can be stored and answered. Raises ValueError with a sentence for the client."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("The body is not UTF-8.") from None
    check_size(body)
    try:
        return json.loads(text, parse_constant=_number, parse_float=_number, parse_int=_integer)
    except json.JSONDecodeError as problem:
        raise ValueError(f"This is not JSON: {problem}.") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


async def read_any_json(body: bytes, key: str) -> Any:
    """Read JSON of any size without holding the event loop. ``key`` is the workspace that sent it.

    Raises ValueError with a sentence for the client, and WorkersBusyError.
    """
    if len(body) <= INLINE_MAX_BYTES:
        return read_json(body)
    try:
        return await run(read_json, body, key=key, limits=WORKER_LIMITS)
    except LimitExceededError as broken:
        if broken.limit is Limit.TIME:  # the machine was busy
            raise WorkersBusyError(str(broken)) from None
        raise JsonTooLargeError(f"The JSON cannot be read: {broken}") from None


def check_size(body: bytes) -> None:
    """Count elements and depth in one linear pass. Raises ValueError.

    The count is exact for as much of the text as is well-formed, and a parser builds nothing from what follows.
    """
    elements = depth = 0
    inside, kept = False, b""
    for start in range(0, len(body), _SLICE_BYTES):
        part = kept + body[start : start + _SLICE_BYTES]
        kept = b"\\" if (len(part) - len(part.rstrip(b"\\"))) % 2 else b""  # it belongs to the next character
        part = part[: len(part) - len(kept)].replace(b"\\\\", b"").replace(b'\\"', b"")
        pieces = part.split(b'"')
        plain = b"".join(pieces[1 if inside else 0 :: 2])
        inside ^= len(pieces) % 2 == 0
        for bracket in plain.translate(None, _NOT_BRACKETS):
            depth += 1 if bracket in _OPENING else -1
            if depth > MAX_DEPTH:
                raise ValueError(_TOO_DEEP)
        elements += plain.count(b",") + 2 * plain.count(b":") + 4 * (plain.count(b"[") + plain.count(b"{"))
        if elements > MAX_JSON_COST:
            told = (
                f"The JSON has too many values. Up to {MAX_JSON_COST:,} are read; a name counts as 2, an object as 4."
            )
            raise JsonTooLargeError(told)


def _number(text: str) -> float:
    """Read a number. NaN and infinities are no JSON: what is stored could never be answered."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:30]} is no number that JSON can carry.")
    return number


def _integer(text: str) -> int:
    """Read an integer. Python reads some thousand digits: more would take it too long."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text[:30]}… is a number of {len(text):,} characters, and too long.") from None
