"""Lists of rows that belong to the items of a list, such as the steps of each campaign: loaded together."""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from strawberry.types.field import StrawberryField

KEY = "loaded_list"


def loaded_list(loader: str) -> dict[str, Any]:
    """Return the metadata of a field whose resolver returns what a loader has for the object's ``id``: a list of rows.

    ``loader`` is its name in ``Loaders.lists``, which reads the same rows.
    """
    return {KEY: loader}


def loader_of(field: StrawberryField) -> str | None:
    """Return the name of the loader of such a field; None for another field."""
    metadata: Mapping[Any, Any] = field.metadata or {}
    loader: str | None = metadata.get(KEY)
    return loader


async def load_together(
    read_rows: Callable[..., Any], keys: Iterable[tuple[tuple[str, ...], frozenset[str]]]
) -> list[Any]:
    """Load the lists of several groups of ids in one query, with the columns that any of the groups needs.

    ``read_rows`` returns the rows of all ids. Returns ``ChildColumns`` for each group.
    """
    wanted = list(keys)
    ids = list(dict.fromkeys(chain.from_iterable(group for group, _ in wanted)))
    found = await read_rows(ids, frozenset[str]().union(*(columns for _, columns in wanted)))
    return [found.columns_of(group) for group, _ in wanted]
