"""Relay's Node: objects that clients can fetch again by id alone. An id's prefix says which type it has."""

import re
from typing import Any

import strawberry
from graphql import GraphQLAbstractType, GraphQLInterfaceType, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

NODE_ID = re.compile(r"([a-z]{3})_[0-9a-z]{26}")
TYPE_NAMES = {
    "att": "Attachment",
    "cat": "Category",
    "cmp": "Campaign",
    "enr": "Enrollment",
    "evt": "Event",
    "grp": "Group",
    "inc": "IncomingEvent",
    "lau": "Launch",
    "per": "Person",
    "rpl": "Reply",
    "sdr": "Sender",
    "snd": "Email",
    "stp": "Step",
    "sup": "Suppression",
    "tpl": "Template",
    "tsk": "Task",
}
"""The types of nodes, by the prefix of their ids. Each has a loader of the same name in snake case."""


@strawberry.interface(description="An object that `node` and `nodes` find by its id.")
class Node:
    """Relay's node."""

    id: strawberry.ID = strawberry.field(
        description="Identifier, unique on the server: three letters for the type, `_`, and 26 lower-case letters and"
        " digits."
    )


def prefix_of(id_: str) -> str | None:
    """Return the prefix of an id; None if it cannot be the id of a node."""
    found = NODE_ID.fullmatch(id_)
    return found[1] if found and found[1] in TYPE_NAMES else None


def resolve_by_prefix(schema: GraphQLSchema) -> None:
    """Let the schema find the type of a row by its id.

    Strawberry would ask each type whether the row is an instance of its class, for every object of a response.
    """
    interface = schema.type_map["Node"]
    assert isinstance(interface, GraphQLInterfaceType)  # noqa: S101
    interface.resolve_type = _type_name
    for name in TYPE_NAMES.values():
        implementing = schema.type_map[name]
        assert isinstance(implementing, GraphQLObjectType)  # noqa: S101
        implementing.is_type_of = None


def _type_name(row: Any, _info: GraphQLResolveInfo[Any], _interface: GraphQLAbstractType) -> str:
    return TYPE_NAMES[row.id.partition("_")[0]]
