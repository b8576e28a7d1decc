"""Input objects as JSON in the database, in the form in which a client sends them in variables."""

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, TypeVar, cast

import strawberry
from graphql import GraphQLInputType
from graphql.utilities import coerce_input_value, validate_input_value
from strawberry.types.arguments import convert_argument
from strawberry.utils.str_converters import to_camel_case

from api.codes.refusals.saved_filters import SavedFilterCode
from api.graphql.engine.graphql_context import Request
from strategies import Refusal

Input = TypeVar("Input")


def to_json(given: object) -> Any:
    """Return an input object, or a value of one, as JSON. A field without a value is left out."""
    if is_dataclass(given):
        found = {to_camel_case(each.name): getattr(given, each.name) for each in fields(given)}
        return {name: to_json(value) for name, value in found.items() if value not in (None, strawberry.UNSET)}
    if isinstance(given, list | tuple):
        return [to_json(each) for each in given]
    if isinstance(given, Enum):
        return given.name
    if isinstance(given, datetime):
        return given.astimezone(UTC).isoformat()
    return given.isoformat() if isinstance(given, date) else given


def from_json(info: Request, kind: type[Input], document: object) -> Input:
    """Return the input object of a JSON document. Raises Refusal OUTDATED_FILTER."""
    schema = info.schema
    name = cast(Any, kind).__strawberry_definition__.name
    own_type = cast(GraphQLInputType, cast(Any, schema)._schema.type_map[name])
    problems: list[str] = []
    validate_input_value(document, own_type, lambda problem, _path: problems.append(problem.message))
    if problems:
        raise Refusal.of(SavedFilterCode.OUTDATED_FILTER, (), problem=problems[0])
    registry = cast(Any, schema).schema_converter.scalar_registry
    value = coerce_input_value(document, own_type)
    return cast(Input, convert_argument(value, kind, registry, schema.config))
