"""Caches with a limit in bytes, so that a few large templates cannot fill the memory.

A cache has two generations. A value found in the old one moves to the young one; when the young one is full, it becomes
the old one. So values that are not used are dropped, and a hit costs one dictionary look-up.
"""

from collections.abc import Callable
from functools import wraps
from sys import getsizeof
from typing import Any, Generic, ParamSpec, TypeVar, cast

Value = TypeVar("Value")
Given = ParamSpec("Given")

ENTRY_BYTES = 400
"""Overhead of an entry, in bytes: a tuple and its slot in a dictionary."""


class Cache(Generic[Value]):
    """Values by the positional arguments of a function, in at most ``max_bytes`` bytes.

    ``weigh`` returns the bytes of a value and its arguments together, or an estimate that is not below them. A value
    larger than a quarter of the cache is not kept.
    """

    def __init__(self, max_bytes: int, weigh: Callable[..., int]) -> None:
        self.young: dict[tuple[Any, ...], Value] = {}
        self._old: dict[tuple[Any, ...], Value] = {}
        self._max_bytes = max_bytes
        self._weigh = weigh
        self._young_bytes = self._old_bytes = 0

    @property
    def bytes(self) -> int:
        """Bytes in use."""
        return self._young_bytes + self._old_bytes

    def __contains__(self, key: tuple[Any, ...]) -> bool:
        """Whether the value for these arguments is kept."""
        return key in self.young or key in self._old

    def found(self, key: tuple[Any, ...]) -> Value:
        """Return the value for these arguments. Raises KeyError."""
        if key in self.young:
            return self.young[key]
        value = self._old[key]
        self.put(key, value)
        return value

    def put(self, key: tuple[Any, ...], value: Value) -> None:
        """Keep a value."""
        weight = ENTRY_BYTES + self._weigh(value, *key)
        if weight > self._max_bytes // 4 or key in self.young:
            return
        if self._young_bytes + weight > self._max_bytes // 2:
            self._old, self._old_bytes = self.young.copy(), self._young_bytes
            self.young.clear()
            self._young_bytes = 0
        self.young[key] = value
        self._young_bytes += weight

    def clear(self) -> None:
        """Forget everything."""
        self.young.clear()
        self._old.clear()
        self._young_bytes = self._old_bytes = 0


def cached_in(cache: Cache[Value]) -> Callable[[Callable[Given, Value]], Callable[Given, Value]]:
    """Keep the values of a function, which is called with positional arguments only."""

    def decorate(function: Callable[Given, Value]) -> Callable[Given, Value]:
        young = cache.young

        def answer(*key: Any) -> Value:
            try:
                return young[key]
            except KeyError:
                pass
            if key in cache:
                return cache.found(key)
            value = cast("Callable[..., Value]", function)(*key)
            cache.put(key, value)
            return value

        return cast("Callable[Given, Value]", wraps(function)(answer))

    return decorate


def text_bytes(*texts: str | None) -> int:
    """Return the memory that texts take."""
    return sum(map(getsizeof, texts))
