"""Long lists of texts in variables, which bypass graphql-core's conversion of each element."""

from collections.abc import Sequence
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
"""The place inside a value: names of fields, and indexes from 0."""


class LongList(NamedTuple):
    """A list of texts that is already checked and bypasses graphql-core: its path, and its elements."""

    path: Path
    items: list[str]


def without(value: Any, lists: Sequence[LongList]) -> Any:
    """Return a copy of a value in which each long list has only its first element."""
    for path, items in lists:
        value = _replaced(value, path, items[:1])
    return value


def put_back(value: Any, lists: Sequence[LongList]) -> Any:
    """Return a converted value with its whole long lists again."""
    for path, items in lists:
        value = _replaced(value, path, items)
    return value


def _replaced(value: Any, path: Path, by: list[str]) -> Any:
    """Return a value with another one at a path. A list of one element may have been given as the element alone."""
    if not path:
        return by
    part, rest = path[0], path[1:]
    if isinstance(value, list) and not isinstance(part, int):
        return [_replaced(value[0], path, by)]
    if isinstance(value, list):
        return [_replaced(item, rest, by) if index == part else item for index, item in enumerate(value)]
    return {**value, part: _replaced(value[part], rest, by)}
