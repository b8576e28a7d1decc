"""Lists of objects as JSON text, written column by column.

graphql-core completes one field of one object at a time. Here one pass writes a field of all objects, so that the loops
run in C, and a template joins the texts of each object. It applies to columns, objects without a resolver, and lists of
rows that belong to the objects, such as the steps of campaigns: these are loaded together, with the selected columns.
If anything is unexpected, nothing is written here: graphql-core executes the list and reports the error.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

from graphql import (
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLStreamDirective,
    get_nullable_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from api.graphql.engine.execution.fast_fields import Plain, Plan
from api.graphql.engine.execution.json_columns import UnexpectedValueError, column_texts
from api.graphql.engine.execution.json_text import EncodedJson
from api.graphql.engine.execution.time_slices import TIME_SLICE
from api.graphql.engine.loading.loaded_lists import loader_of

SLICE_VALUES = 500
"""Values of a column that are written without letting other work run."""
Collect = Callable[[GraphQLObjectType, FieldDetailsList], CollectedFields]
Read = Callable[[str], Sequence[Any]]
"""Returns an attribute of all objects of a list."""


class Nested(NamedTuple):
    """A field that is an object, without a resolver."""

    attribute: str
    shape: "Shape"
    nullable: bool


class Loaded(NamedTuple):
    """A field that is a list of rows, which a loader reads."""

    loader: str
    shape: "Shape"
    columns: frozenset[str]


class Shape(NamedTuple):
    """How the objects of a list are written."""

    template: str
    """The text of an object, with a place for the text of each field."""
    fields: tuple[Plain | Nested | Loaded, ...]


def shape_of(
    schema: GraphQLSchema,
    parent: GraphQLObjectType,
    selected: GroupedFieldSet,
    collect: Collect,
    plan: Callable[[GraphQLObjectType, GroupedFieldSet], Plan],
) -> Shape | None:
    """Return how objects of a type are written; None if a selected field needs graphql-core."""
    made = plan(parent, selected)
    texts, fields = list[str](), list[Plain | Nested | Loaded]()
    for name, constant in made.blank.items():
        field: Plain | Nested | Loaded | None = made.plain.get(name)
        if field is None and name in made.rest:
            field = _object_field(schema, parent, made.rest[name], collect, plan)
            if field is None:
                return None
        texts.append(f'"{name}":"{constant}"' if field is None else f'"{name}":%s')
        fields += [] if field is None else [field]
    return Shape("{" + ",".join(texts) + "}", tuple(fields))


def _object_field(
    schema: GraphQLSchema,
    parent: GraphQLObjectType,
    parts: FieldDetailsList,
    collect: Collect,
    plan: Callable[[GraphQLObjectType, GroupedFieldSet], Plan],
) -> Nested | Loaded | None:
    field = schema.get_field(parent, parts[0].node.name.value)
    ours = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if field else None
    if field is None or not isinstance(ours, StrawberryField):
        return None
    kind, loader = get_nullable_type(field.type), loader_of(ours)
    if loader and isinstance(kind, GraphQLList):
        if any(each.name.value == GraphQLStreamDirective.name for each in parts[0].node.directives or ()):
            return None
        kind = get_nullable_type(kind.of_type)
    elif not ours.is_basic_field:
        return None
    if not isinstance(kind, GraphQLObjectType) or kind.is_type_of is not None:
        return None
    selected, deferred, _ = collect(kind, parts)
    shape = None if deferred else shape_of(schema, kind, selected, collect, plan)
    if shape is None:
        return None
    if loader is None:
        return Nested(ours.python_name, shape, kind is field.type)
    attributes = [each.attribute for each in shape.fields if isinstance(each, Plain)]
    return Loaded(loader, shape, frozenset(attributes)) if len(attributes) == len(shape.fields) else None


async def write_list(
    shape: Shape, items: list[Any], loaders: Any, unsettled: Callable[[list[Any]], bool]
) -> EncodedJson | None:
    """Return a list of objects as JSON; None if a value is unexpected. Other work runs in between."""
    try:
        return EncodedJson(f"[{','.join(await _Writer(loaders, unsettled).objects(shape, items))}]")
    except Exception:
        return None


class _Writer:
    """Writes the objects of one list and of the lists in it."""

    def __init__(self, loaders: Any, unsettled: Callable[[list[Any]], bool]) -> None:
        self._loaders = loaders
        self._unsettled = unsettled

    async def objects(self, shape: Shape, items: list[Any]) -> list[str]:
        """Return the text of each object."""
        return await self._texts(shape, lambda attribute: list(map(attrgetter(attribute), items)), len(items))

    async def _texts(self, shape: Shape, read: Read, count: int) -> list[str]:
        columns = []
        for field in shape.fields:
            if isinstance(field, Plain):
                columns.append(await self._plain(field, read(field.attribute)))
            elif isinstance(field, Nested):
                columns.append(await self._nested(field, list(read(field.attribute))))
            else:
                columns.append(await self._loaded(field, tuple(map(str, read("id")))))
        return list(map(shape.template.__mod__, zip(*columns, strict=True))) if columns else [shape.template] * count

    async def _plain(self, field: Plain, values: Sequence[Any]) -> list[str]:
        texts: list[str] = []
        for start in range(0, len(values), SLICE_VALUES):
            if TIME_SLICE.over():
                await TIME_SLICE.wait()
            texts += column_texts(field, values[start : start + SLICE_VALUES])
        return texts

    async def _nested(self, field: Nested, values: list[Any]) -> list[str]:
        present = [value for value in values if value is not None]
        if self._unsettled(present) or (len(present) < len(values) and not field.nullable):
            raise UnexpectedValueError
        texts = iter(await self.objects(field.shape, present))
        return ["null" if value is None else next(texts) for value in values]

    async def _loaded(self, field: Loaded, ids: tuple[str, ...]) -> list[str]:
        rows = await self._loaders.lists[field.loader].load((ids, field.columns))
        texts = iter(await self._texts(field.shape, rows.columns.__getitem__, sum(rows.counts)))
        return [f"[{','.join(islice(texts, count))}]" for count in rows.counts]
