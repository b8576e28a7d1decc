"""The schema is committed, the same whatever is installed, and described to the last field."""

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)

from api.graphql.schema import schema_text
from api.store.emails import FOLDERS

COMMITTED = Path(__file__).parents[2] / "schema.graphql"


def test_the_committed_schema_is_the_schema() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema_text(), "run: touchline schema > schema.graphql"


def test_every_type_and_field_is_described() -> None:
    bare = []
    for name, kind in build_schema(schema_text()).type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        if not kind.description:
            bare.append(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            bare += [f"{name}.{field}" for field, about in kind.fields.items() if not about.description]
        if isinstance(kind, GraphQLEnumType):
            assert kind.values
        if name == "EmailFolder":
            assert isinstance(kind, GraphQLEnumType)
            assert kind.values.keys() == FOLDERS.keys()
            bare += [f"{name}.{value}" for value, about in kind.values.items() if not about.description]
    assert bare == []


def test_send_options_and_channels_are_data() -> None:
    text = schema_text()
    assert "choose_at_launch" not in text
    assert "outbox" not in text.replace('channel: String! = "outbox"', "")
