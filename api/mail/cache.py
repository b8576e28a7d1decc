"""Caches that are limited in bytes, so that a few large templates cannot fill the memory.

A cache has two generations. A hit in the old generation moves the value to the young one. When the young generation is
full, it replaces the old one. So unused values are dropped, and a hit in the young one costs one dictionary look-up.
"""

from collections.abc import Callable
from functools import wraps
from sys import getsizeof
from typing import Any, Generic, ParamSpec, TypeVar, cast

Value = TypeVar("Value")
Params = ParamSpec("Params")

ENTRY_BYTES = 400
"""Overhead of an entry, in bytes: a tuple and its slot in a dictionary."""


class Cache(Generic[Value]):
    """Values of a function, by its positional arguments, in at most ``max_bytes`` bytes.

    ``size_of`` returns the size of a value and its arguments together, in bytes, or a higher estimate. A value that
    needs more than a quarter of the cache is not kept.
    """

    def __init__(self, max_bytes: int, size_of: Callable[..., int]) -> None:
        self.young: dict[tuple[Any, ...], Value] = {}
        self._old: dict[tuple[Any, ...], Value] = {}
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._young_bytes = self._old_bytes = 0

    @property
    def bytes(self) -> int:
        """The size of all values, in bytes."""
        return self._young_bytes + self._old_bytes

    def __contains__(self, key: tuple[Any, ...]) -> bool:
        """Say whether the cache has the value for these arguments."""
        return key in self.young or key in self._old

    def lookup(self, key: tuple[Any, ...]) -> Value:
        """Return the value for these arguments. Raises KeyError."""
        if key in self.young:
            return self.young[key]
        value = self._old[key]
        self.put(key, value)
        return value

    def put(self, key: tuple[Any, ...], value: Value) -> None:
        """Add a value, unless it is too large."""
        size = ENTRY_BYTES + self._size_of(value, *key)
        if size > self._max_bytes // 4 or key in self.young:
            return
        if self._young_bytes + size > self._max_bytes // 2:
            self._old, self._old_bytes = self.young.copy(), self._young_bytes
            self.young.clear()
            self._young_bytes = 0
        self.young[key] = value
        self._young_bytes += size

    def clear(self) -> None:
        """Remove all values."""
        self.young.clear()
        self._old.clear()
        self._young_bytes = self._old_bytes = 0


def cached_in(cache: Cache[Value]) -> Callable[[Callable[Params, Value]], Callable[Params, Value]]:
    """Decorate a function to cache its values. It must be called with positional arguments only."""

    def decorate(function: Callable[Params, Value]) -> Callable[Params, Value]:
        young = cache.young

        def cached(*key: Any) -> Value:
            try:
                return young[key]
            except KeyError:
                pass
            if key in cache:
                return cache.lookup(key)
            value = cast("Callable[..., Value]", function)(*key)
            cache.put(key, value)
            return value

        return cast("Callable[Params, Value]", wraps(function)(cached))

    return decorate


def text_bytes(*texts: str | None) -> int:
    """Return the memory that strings take, in bytes. None counts like the object None."""
    return sum(map(getsizeof, texts))
