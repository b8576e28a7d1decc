"""Reads untrusted JSON. Its elements are counted before it is parsed.

``json.loads`` holds the GIL, so a thread does not help. Small texts are parsed in the event loop, larger ones in a
worker process.
"""

import json
import math
from typing import Any

from api.codes.request_errors.requests import RequestCode
from api.worker_processes.limits import Limit, LimitExceededError, Limits, WorkersBusyError
from api.worker_processes.pool import run
from strategies import Refusal

MAX_DEPTH = 100
"""Deepest nesting of objects and lists."""
MAX_JSON_COST = 250_000
"""Highest cost of a text. Outside of strings, a comma costs 1, a colon 2 and an opening bracket 4."""
INLINE_MAX_BYTES = 65_536
"""Largest text that is parsed in the event loop, in bytes. It takes a few milliseconds at most."""
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
    """Parse JSON of any size without blocking the event loop. ``key`` is the id of the workspace that sent it.

    Raises Refusal, and WorkersBusyError.
    """
    if len(body) <= INLINE_MAX_BYTES:
        return read_json(body)
    try:
        return await run(read_json, body, key=key, limits=WORKER_LIMITS)
    except LimitExceededError as error:
        if error.limit is Limit.TIME:  # the machine was busy
            raise WorkersBusyError(str(error)) from None
        raise Refusal.of(RequestCode.TOO_LARGE, case="json", fault=error) from None


def check_size(body: bytes) -> None:
    """Check cost and depth in one linear pass. Raises Refusal.

    The counts are exact up to the first syntax error. A parser builds no objects from the text after it.
    """
    cost = depth = 0
    in_string, carried = False, b""
    for start in range(0, len(body), _SLICE_BYTES):
        part = carried + body[start : start + _SLICE_BYTES]
        # An odd number of backslashes at the end escapes the first character of the next slice.
        carried = b"\\" if (len(part) - len(part.rstrip(b"\\"))) % 2 else b""
        part = part[: len(part) - len(carried)].replace(b"\\\\", b"").replace(b'\\"', b"")
        pieces = part.split(b'"')
        outside_strings = b"".join(pieces[1 if in_string else 0 :: 2])
        in_string ^= len(pieces) % 2 == 0
        for bracket in outside_strings.translate(None, _NOT_BRACKETS):
            depth += 1 if bracket in _OPENING else -1
            if depth > MAX_DEPTH:
                raise Refusal.of(RequestCode.BAD_REQUEST, case="too_deep")
        cost += outside_strings.count(b",") + 2 * outside_strings.count(b":")
        cost += 4 * (outside_strings.count(b"[") + outside_strings.count(b"{"))
        if cost > MAX_JSON_COST:
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
