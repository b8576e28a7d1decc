"""Long lists of texts in variables, which graphql-core does not convert one element after the other."""

from collections.abc import Sequence
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
"""Where in a value something is: names of fields, and indexes from 0."""


class LongList(NamedTuple):
    """A list of texts that was checked here, and is kept from graphql-core: its path, and its elements."""

    path: Path
    items: list[str]


def without(value: Any, lists: Sequence[LongList]) -> Any:
    """Return a copy of a value with the first element alone of each long list."""
    for path, items in lists:
        value = _replaced(value, path, items[:1])
    return value


def put_back(value: Any, lists: Sequence[LongList]) -> Any:
    """Return a converted value with its long lists, which graphql-core has not seen."""
    for path, items in lists:
        value = _replaced(value, path, items)
    return value


def _replaced(value: Any, path: Path, by: list[str]) -> Any:
    """Return a value with another one at a path; an object that stands for a list of one has become that list."""
    if not path:
        return by
    part, rest = path[0], path[1:]
    if isinstance(value, list) and not isinstance(part, int):
        return [_replaced(value[0], path, by)]
    if isinstance(value, list):
        return [_replaced(item, rest, by) if index == part else item for index, item in enumerate(value)]
    return {**value, part: _replaced(value[part], rest, by)}
