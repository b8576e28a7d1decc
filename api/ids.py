"""Identifiers: a prefix that says what it is, then 128 bits that sort in the order of their making."""

import itertools
import os
import secrets
import time
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_SHIFTS = range(120, -1, -10)
_counter = itertools.count(secrets.randbits(20))


def first_id(prefix: str, at: datetime) -> str:
    """Return the smallest identifier that could be made at a time: all that were made before it are smaller."""
    number = int(at.timestamp() * 1000) << 80
    return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"


def new_id(prefix: str) -> str:
    """Return a new identifier such as ``per_01jd…``; unique across processes, ascending within one."""
    milliseconds = time.time_ns() // 1_000_000
    number = (milliseconds << 80) | ((next(_counter) & 0xFFFFFFFF) << 48) | int.from_bytes(os.urandom(6))
    return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"
