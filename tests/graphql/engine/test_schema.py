"""The schema is committed, the same whatever is installed, and described to the last field."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from api.graphql.schema import schema_text
from api.store.emails.emails import FOLDERS
from tests.printed_schema import printed_schema

FILLERS = set(
    re.findall(
        r"\w+", "a an all and any for from has have id identifier in is it its of on one or that the this to with"
    )
)
"""Words that say nothing about what something is."""
COMMITTED = Path(__file__).parents[3] / "schema.graphql"


def test_the_committed_schema_is_the_schema() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema_text(), "run: touchline schema > schema.graphql"


Described = GraphQLNamedType | GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue


def described(schema: GraphQLSchema) -> Iterator[tuple[str, Described]]:
    """Yield every type, field, argument, input field and enum value of our own, with its coordinate."""
    for name, kind in schema.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield name, kind
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value}", about) for value, about in kind.values.items())
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{field}", about) for field, about in kind.fields.items())
        if isinstance(kind, GraphQLObjectType):
            for field, about in kind.fields.items():
                yield f"{name}.{field}", about
                yield from ((f"{name}.{field}({argument})", each) for argument, each in about.args.items())


def words(text: str) -> set[str]:
    """Return the words of a description or of a name in camel case, in the singular."""
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower()
    return {word.removesuffix("s") for word in re.findall(r"[a-z0-9]+", split)} - FILLERS


def says_nothing(coordinate: str, description: str | None) -> bool:
    """Say whether a description is missing, or adds fewer than two words to the names of its place."""
    return len(words(description or "") - words(coordinate)) < 2


def test_every_description_says_more_than_the_name() -> None:
    empty = [place for place, about in described(printed_schema()) if says_nothing(place, about.description)]
    assert empty == []


@pytest.mark.parametrize(
    ("coordinate", "description"),
    [
        ("Campaign.name", "Name."),
        ("Campaign.name", "The campaign's name."),
        ("Query.campaigns", "All campaigns."),
        ("Query.person(id)", "Identifier of the person."),
        ("StepInput.day", "A day"),
        ("TaskStatus.OPEN", "Open tasks."),
        ("TaskStatus.OPEN", None),
    ],
)
def test_a_description_that_repeats_the_name_is_found(coordinate: str, description: str | None) -> None:
    assert says_nothing(coordinate, description)


def test_every_time_and_date_says_its_zone() -> None:
    silent = []
    for place, about in described(printed_schema()):
        kind = get_named_type(about.type) if isinstance(about, GraphQLField) else None
        if kind is not None and kind.name in {"DateTime", "Date"}:
            told = about.description or ""
            if not ("UTC" in told or "zone" in told):
                silent.append(place)
    assert silent == []


def test_the_folders_are_those_of_the_store() -> None:
    kind = printed_schema().type_map["EmailFolder"]
    assert isinstance(kind, GraphQLEnumType)
    assert kind.values.keys() == FOLDERS.keys()


def test_send_options_and_channels_are_data() -> None:
    text = schema_text()
    assert "choose_at_launch" not in text
    assert "outbox" not in text.replace('channel: String! = "outbox"', "")
