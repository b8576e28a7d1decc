"""Lists of rows that belong to the items of a list, such as the steps of each campaign: loaded and read together.

graphql-core starts a task for each item. Here one task loads the rows of all items, with the selected columns only, and
reads them as plain fields. If anything is unexpected, graphql-core executes the list and reports the error.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, NamedTuple

from graphql import GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLStreamDirective, get_nullable_type
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet
from strawberry.schema.schema_converter import GraphQLCoreConverter

from api.graphql.engine.fast_fields import Plan, Results, read
from api.graphql.engine.time_slices import TIME_SLICE

KEY = "loaded_list"


def loaded_list(loader: str) -> dict[str, Any]:
    """Return the metadata of a field whose resolver returns what a loader has for the object's ``id``: a list of rows.

    ``loader`` is its name in ``Loaders.lists``, which reads the same rows.
    """
    return {KEY: loader}


class LoadedList(NamedTuple):
    """A selected field with such a list."""

    name: str
    """Its name in the response."""
    loader: str
    plan: Plan
    columns: frozenset[str]
    """The attributes that the plan reads."""


def loaded_lists(
    schema: GraphQLSchema,
    parent: GraphQLObjectType,
    selected: GroupedFieldSet,
    collect: Callable[[GraphQLObjectType, FieldDetailsList], CollectedFields],
    plan: Callable[[GraphQLObjectType, GroupedFieldSet], Plan],
) -> list[LoadedList]:
    """Return the selected fields as loaded lists of plain fields; an empty list unless all of them are."""
    lists = []
    for name, parts in selected.items():
        field = schema.get_field(parent, parts[0].node.name.value)
        ours = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if field else None
        loader = ours.metadata.get(KEY) if ours else None
        many = get_nullable_type(field.type) if field else None
        streamed = any(each.name.value == GraphQLStreamDirective.name for each in parts[0].node.directives or ())
        if loader is None or not isinstance(many, GraphQLList) or streamed:
            return []
        child = get_nullable_type(many.of_type)
        if not isinstance(child, GraphQLObjectType) or child.is_type_of is not None:
            return []
        fields, deferred, _ = collect(child, parts)
        made = plan(child, fields)
        if deferred or made.rest or not made.plain:
            return []
        columns = frozenset(plain.attribute for plain in made.plain.values())
        lists.append(LoadedList(name, loader, made, columns))
    return lists


async def read_loaded(
    made: Plan, lists: list[LoadedList], items: list[Any], loaders: Any, unsettled: Callable[[list[Any]], bool]
) -> list[Results] | None:
    """Return the items of a list with their loaded lists; None if a value is unexpected. Other work runs in between."""
    try:
        ids = tuple(str(item.id) for item in items)
        loaded = [(each, await loaders.lists[each.loader].load((ids, each.columns))) for each in lists]
        if any(unsettled(list(chain.from_iterable(rows))) for _, rows in loaded):
            return None
    except Exception:
        return None
    results: list[Results] = []
    for index, item in enumerate(items):
        if TIME_SLICE.over():
            await TIME_SLICE.wait()
        result = read(made, item)
        if result is None:
            return None
        for each, rows in loaded:
            result[each.name] = children = [read(each.plan, row) for row in rows[index]]
            if None in children:
                return None
        results.append(result)
    return results


async def load_together(
    read_lists: Callable[..., Any], keys: Iterable[tuple[tuple[str, ...], frozenset[str]]]
) -> list[list[list[Any]]]:
    """Load the lists of several groups of ids in one query, with the columns that any of the groups needs."""
    wanted = list(keys)
    ids = list(dict.fromkeys(chain.from_iterable(group for group, _ in wanted)))
    columns = frozenset[str]().union(*(of for _, of in wanted))
    found = dict(zip(ids, await read_lists(ids, columns), strict=True))
    return [[found[row_id] for row_id in group] for group, _ in wanted]
