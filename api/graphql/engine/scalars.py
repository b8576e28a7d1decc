"""Scalars that reject values which cannot be stored."""

import math
import re
from datetime import UTC, date, datetime
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLScalarType, ValueNode, value_from_ast_untyped
from strawberry import scalars
from strawberry.types.scalar import ScalarDefinition

from api.codes.request_errors.queries import QueryCode

INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?([Zz]|[+-]\d{2}(:?\d{2})?)", re.ASCII)
"""RFC 3339, where seconds and the minutes of the offset may be left out."""
MAX_DEPTH = 100
"""How deeply a JSON value may be nested."""

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _read_instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise GraphQLError(QueryCode.INVALID_VALUE.message("instant_type").sentence)
    try:
        if INSTANT.fullmatch(value) is None:
            raise ValueError
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError(QueryCode.INVALID_VALUE.message("instant", value=value[:60]).sentence) from None


def _write_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read_date(value: object) -> date:
    if not isinstance(value, str):
        raise GraphQLError(QueryCode.INVALID_VALUE.message("date_type").sentence)
    try:
        if DATE.fullmatch(value) is None:
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise GraphQLError(QueryCode.INVALID_VALUE.message("date", value=value[:60]).sentence) from None


Date = strawberry.scalar(
    name="Date",
    description="A calendar date, ISO 8601, such as `2026-03-02`. Its field says in which time zone.",
    specified_by_url="https://scalars.graphql.org/andimarek/local-date.html",
    parse_value=_read_date,
    serialize=date.isoformat,
)
DateTime = strawberry.scalar(
    name="DateTime",
    description="An instant, ISO 8601 with an offset, such as `2026-03-02T08:30:00Z`. Responses are in UTC.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
    parse_value=_read_instant,
    serialize=_write_instant,
)


def _same(value: Any) -> Any:
    return value


def _read_literal(node: ValueNode) -> Any:
    """Read JSON from the document, with the same limits as JSON from variables. Variables are replaced already."""
    value = value_from_ast_untyped(node)
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        if any(isinstance(item, float) and not math.isfinite(item) for item in level):
            raise GraphQLError(QueryCode.INVALID_VALUE.message("json_number").sentence)
        inside = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for items in inside for item in items]
        if not level:
            return value
    raise GraphQLError(QueryCode.INVALID_VALUE.message("json_depth", limit=MAX_DEPTH).sentence)


_ABOUT = "Any JSON value: object, list, string, number, boolean or null. It may contain variables."

JSON = ScalarDefinition(
    name="JSON",
    description=_ABOUT,
    specified_by_url="https://datatracker.ietf.org/doc/html/rfc8259",
    serialize=_same,
    parse_value=_same,
    parse_literal=None,
    origin=scalars.JSON,
)
# Strawberry's own scalar would read a variable inside a literal as a Python object, which is not valid JSON.
JSON.implementation = GraphQLScalarType(
    "JSON",
    description=_ABOUT,
    specified_by_url=JSON.specified_by_url,
    coerce_output_value=_same,
    coerce_input_value=_same,
    coerce_input_literal=_read_literal,
    extensions={"strawberry-definition": JSON},
)
