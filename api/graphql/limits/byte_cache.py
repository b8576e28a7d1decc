"""A cache of values computed from texts, bounded by bytes."""

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")


class ByteCache(Generic[Value]):
    """Keeps the most recently used values. A value larger than an eighth of the cache is not kept."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0
        self._entries: OrderedDict[str, tuple[Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Value | None:
        """Return the value cached for a text."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: str, value: Value, size: int) -> None:
        """Cache a value for a text, and evict the least recently used ones."""
        if size > self.most // 8:
            return
        if key in self._entries:
            self.used -= self._entries.pop(key)[1]
        self._entries[key] = (value, size)
        self.used += size
        while self.used > self.most:
            self.used -= self._entries.popitem(last=False)[1][1]
