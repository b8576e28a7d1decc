"""Reads untrusted JSON. Its size is counted before any object is built from it.

``json.loads`` holds the interpreter lock, so a thread would not help. Small texts, nearly all of them, are parsed in
the event loop; larger ones in a worker process, so that they cannot block the event loop.
"""

import json
import math
from typing import Any

from api.codes.requests import RequestCode
from api.workers.limits import Limit, LimitExceededError, Limits, WorkersBusyError
from api.workers.pool import run
from strategies import Refusal

MAX_DEPTH = 100
"""How deeply objects and lists may be nested."""
MAX_JSON_COST = 250_000
"""Cost of a text: a comma counts 1, a colon 2, an opening bracket 4, outside of strings."""
INLINE_MAX_BYTES = 65_536
"""Texts up to this size are parsed in the event loop, which takes a few milliseconds at worst."""
WORKER_LIMITS = Limits(cpu_seconds=5, memory_bytes=512_000_000, output_bytes=100_000_000)
_SLICE_BYTES = 262_144
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_OPENING = frozenset(b"[{")


def read_json(body: bytes) -> Any:
    """Parse JSON. Raises Refusal."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal.of(RequestCode.BAD_REQUEST, case="not_utf8") from None
    check_size(body)
    try:
        return json.loads(text, parse_constant=_number, parse_float=_number, parse_int=_integer)
    except json.JSONDecodeError as problem:
        raise Refusal.of(RequestCode.BAD_REQUEST, case="not_json", fault=str(problem)[:200]) from None
    except RecursionError:
        raise Refusal.of(RequestCode.BAD_REQUEST, case="too_deep") from None


async def read_any_json(body: bytes, key: str) -> Any:
    """Parse JSON of any size without blocking the event loop. ``key`` is the workspace that sent it.

    Raises Refusal, and WorkersBusyError.
    """
    if len(body) <= INLINE_MAX_BYTES:
        return read_json(body)
    try:
        return await run(read_json, body, key=key, limits=WORKER_LIMITS)
    except LimitExceededError as broken:
        if broken.limit is Limit.TIME:  # the machine was busy
            raise WorkersBusyError(str(broken)) from None
        raise Refusal.of(RequestCode.TOO_LARGE, case="json", fault=broken) from None


def check_size(body: bytes) -> None:
    """Count elements and depth in one linear pass. Raises Refusal.

    The count is exact up to the first syntax error, and a parser builds nothing from the text after it.
    """
    elements = depth = 0
    inside, kept = False, b""
    for start in range(0, len(body), _SLICE_BYTES):
        part = kept + body[start : start + _SLICE_BYTES]
        kept = (
            b"\\" if (len(part) - len(part.rstrip(b"\\"))) % 2 else b""
        )  # it escapes the first character of the next slice
        part = part[: len(part) - len(kept)].replace(b"\\\\", b"").replace(b'\\"', b"")
        pieces = part.split(b'"')
        plain = b"".join(pieces[1 if inside else 0 :: 2])
        inside ^= len(pieces) % 2 == 0
        for bracket in plain.translate(None, _NOT_BRACKETS):
            depth += 1 if bracket in _OPENING else -1
            if depth > MAX_DEPTH:
                raise Refusal.of(RequestCode.BAD_REQUEST, case="too_deep")
        elements += plain.count(b",") + 2 * plain.count(b":") + 4 * (plain.count(b"[") + plain.count(b"{"))
        if elements > MAX_JSON_COST:
            raise Refusal.of(RequestCode.TOO_LARGE, case="values", limit=MAX_JSON_COST)


def _number(text: str) -> float:
    """Parse a number. NaN and infinities are refused, because JSON responses cannot contain them."""
    number = float(text)
    if not math.isfinite(number):
        raise Refusal.of(RequestCode.BAD_REQUEST, case="number", number=text[:30])
    return number


def _integer(text: str) -> int:
    """Parse an integer. Python refuses integers of more than 4,300 digits."""
    try:
        return int(text)
    except ValueError:
        raise Refusal.of(RequestCode.BAD_REQUEST, case="long_number", number=text[:30], length=len(text)) from None
