"""Plain fields: attributes that hold a scalar or an enum, and are read without a resolver."""

from collections.abc import Callable, Container
from datetime import date, datetime
from typing import Any, NamedTuple

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    TypeNameMetaFieldDef,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.pyutils import Undefined
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from api.graphql.engine.execution.json_text import json_text

UNCHANGED_TYPES: dict[GraphQLLeafType, type] = {
    GraphQLString: str,
    GraphQLID: str,
    GraphQLBoolean: bool,
    GraphQLInt: int,
}
"""Scalars that return a value of this type unchanged. An integer must fit 32 bits."""
READY_TYPES = frozenset({str, bool, int, float, dict, list, datetime, date})
"""Types of values that need neither be awaited nor raised."""
Results = dict[str, Any]


class Plain(NamedTuple):
    """How one plain field is read."""

    attribute: str
    as_it_is: type | None  # values of this type need no writing
    others: Container[type]  # values of these types are written
    write: Callable[[Any], Any]
    nullable: bool
    members: dict[int, str] | None = None  # the JSON of an enum's members, by their id()


class Plan(NamedTuple):
    """The fields selected of a type: its plain fields, and the others."""

    blank: Results  # in the order in which they were selected
    plain: dict[str, Plain]
    rest: GroupedFieldSet
    selected: GroupedFieldSet  # kept in memory, so that no other object gets its id


def plan(schema: GraphQLSchema, parent: GraphQLObjectType, selected: GroupedFieldSet) -> Plan:
    """Separate the plain fields selected of a type from the others."""
    made = Plan({}, {}, {}, selected)
    for name, parts in selected.items():
        field = schema.get_field(parent, parts[0].node.name.value)
        if field is None:
            continue
        made.blank[name] = parent.name if field is TypeNameMetaFieldDef else None
        if plain := _plain(field):
            made.plain[name] = plain
        elif field is not TypeNameMetaFieldDef:
            made.rest[name] = parts
    return made


def read(made: Plan, source: object) -> Results | None:
    """Return the plain fields of an object; None if a value is unexpected, so that graphql-core reports it."""
    results = made.blank.copy()
    try:
        for name, (attribute, as_it_is, others, write, nullable, _) in made.plain.items():
            value = getattr(source, attribute)
            kind = type(value)
            if kind is as_it_is and (kind is not int or GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT):
                results[name] = value
            elif kind in others:
                results[name] = written = write(value)
                if written is None or written is Undefined:
                    return None
            elif value is not None or not nullable:
                return None
    except Exception:
        return None
    return results


def _plain(field: GraphQLField) -> Plain | None:
    leaf, ours = get_nullable_type(field.type), field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not (isinstance(ours, StrawberryField) and ours.is_basic_field and is_leaf_type(leaf)):
        return None
    name, nullable = ours.python_name, leaf is field.type
    if isinstance(leaf, CustomGraphQLEnumType):
        names: dict[Any, str] = {
            leaf.wrapped_cls(member.value): member_name for member_name, member in leaf.values.items()
        }
        members = {id(member): json_text(member_name) for member, member_name in names.items()}
        return Plain(name, None, {leaf.wrapped_cls}, names.__getitem__, nullable, members)
    return Plain(name, UNCHANGED_TYPES.get(leaf), READY_TYPES, leaf.coerce_output_value, nullable)
