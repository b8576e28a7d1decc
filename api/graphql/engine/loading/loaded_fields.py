"""Fields whose value a loader reads, such as the person of an email.

A long list loads them for all its items before it completes the first one. Then they are read
like columns, without a task for each field of each item.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLField, GraphQLResolveInfo
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

KEY = "loaded_field"
NOT_LOADED = object()


class LoadedField(NamedTuple):
    """Where the value of a field is."""

    loader: str
    """Name in ``Loaders``."""
    key: str
    """The attribute of the object that has the loader's key. If it is None, the field is null."""
    attribute: str
    """The attribute of what was loaded; "" for all of it."""


def loaded_field(loader: str, key: str, attribute: str = "") -> dict[str, Any]:
    """Return the metadata of a field whose resolver returns what a loader has for a key."""
    return {KEY: LoadedField(loader, key, attribute)}


def loaded_field_of(field: GraphQLField | None) -> LoadedField | None:
    """Return where the value of a field is; None for another field."""
    ours = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if field is not None else None
    metadata: Mapping[Any, Any] = (ours.metadata or {}) if isinstance(ours, StrawberryField) else {}
    found: LoadedField | None = metadata.get(KEY)
    return found


def read_if_loaded(field: LoadedField, resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Return a resolver that returns what is loaded already, and calls ``resolve`` otherwise."""

    def resolver(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        value = _loaded(field, source, getattr(info.context, "loaders", None))
        return resolve(source, info, **arguments) if value is NOT_LOADED else value

    return resolver


async def load_ahead(fields: Iterable[LoadedField], items: Sequence[Any], loaders: Any) -> None:
    """Load the values of fields for all items. Resolvers raise the errors of what cannot be loaded."""
    waiting: dict[asyncio.Future[Any], None] = {}
    for loader, key in dict.fromkeys((field.loader, field.key) for field in fields):
        load = getattr(loaders, loader).load
        keys = dict.fromkeys(getattr(item, key) for item in items)
        waiting.update((load(each), None) for each in keys if each is not None)
    if waiting:
        await asyncio.wait(waiting)


def _loaded(field: LoadedField, source: Any, loaders: Any) -> Any:
    """Return the value of a field, or NOT_LOADED."""
    if loaders is None:
        return NOT_LOADED
    key = getattr(source, field.key)
    if key is None:
        return None
    future = getattr(loaders, field.loader).cache_map.get(key)
    if future is None or not future.done() or future.cancelled() or future.exception() is not None:
        return NOT_LOADED
    return getattr(future.result(), field.attribute) if field.attribute else future.result()
