"""Identifiers: a prefix that says what it is, then 128 bits that sort in the order of their making.

The bits are 48 of the time, 32 of a counter and 48 random ones. A launch makes several identifiers for each person.
"""

import itertools
import os
import secrets
import time
from datetime import datetime
from functools import lru_cache

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_TIME_SHIFTS = range(40, -1, -10)
_RANDOM_BYTES = 6
_NUMBERS_AT_ONCE = 256
"""Random numbers that one call of the system makes."""
_MAX_CLOCK_ERROR_NS = 60 * 10**9
_counter = itertools.count(secrets.randbits(20))
_random: list[int] = []
os.register_at_fork(after_in_child=_random.clear)  # two processes must not use the same numbers


class _MachineClock:
    error_ns = 0
    """How far it is ahead of the time. Only ``correct_clock`` writes it."""


def first_id(prefix: str, at: datetime) -> str:
    """Return the smallest identifier that could be made at a time: all that were made before it are smaller."""
    return f"{prefix}_{_written(int(at.timestamp() * 1000))}{'0' * 16}"


def correct_clock(now: datetime) -> None:
    """Use the time of another clock for new identifiers, if the machine's differs by more than a minute.

    Lists of events of a period need identifiers whose times agree, those of all machines.
    """
    error = time.time_ns() - int(now.timestamp() * 10**9)
    _MachineClock.error_ns = error if abs(error) > _MAX_CLOCK_ERROR_NS else 0


def new_id(prefix: str) -> str:
    """Return a new identifier such as ``per_01jd…``; unique across processes, ascending within one."""
    characters = _written((time.time_ns() - _MachineClock.error_ns) // 1_000_000)
    try:
        number = _random.pop()
    except IndexError:
        number = _next_random()
    rest = ((next(_counter) & 0xFFFFFFFF) << 48) | number
    # Written out, because a loop takes twice as long.
    return (
        f"{prefix}_{characters}{_PAIRS[rest >> 70]}{_PAIRS[rest >> 60 & 1023]}{_PAIRS[rest >> 50 & 1023]}"
        f"{_PAIRS[rest >> 40 & 1023]}{_PAIRS[rest >> 30 & 1023]}{_PAIRS[rest >> 20 & 1023]}"
        f"{_PAIRS[rest >> 10 & 1023]}{_PAIRS[rest & 1023]}"
    )


@lru_cache(maxsize=1)  # many identifiers are made in one millisecond
def _written(milliseconds: int) -> str:
    return "".join([_PAIRS[milliseconds >> by & 1023] for by in _TIME_SHIFTS])


def _next_random() -> int:
    made = os.urandom(_RANDOM_BYTES * _NUMBERS_AT_ONCE)
    _random.extend(int.from_bytes(made[at : at + _RANDOM_BYTES]) for at in range(0, len(made), _RANDOM_BYTES))
    return _random.pop()
