"""Values of every kind, as literals of GraphQL and as JSON, and which types take them."""

import json
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)

NUMBER, TEXT, ANY = {"Int", "Float", "ID", "JSON"}, {"String", "ID", "JSON"}, {"JSON"}
HALF = "\ud800"
NO_INSTANTS = [
    "",
    " ",
    "now",
    "20270501",
    "2027-W10-1",
    "2027-02-29",
    "2027-05-01T00:00:00",
    "2027-05-01 00:00",
    "2027-05-01T25:00:00Z",
    "2027-05-01T24:00:00Z",
    "2027-05-01T23:60:00Z",
    "2027-05-01T23:59:60Z",
    "2027-02-29T00:00:00Z",
    "2027-13-01T00:00:00Z",
    "2027-00-10T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "-2027-05-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2027-05-01T00:00:00+24:00",
    "2027-05-01T00:00:00+1",
    "2027-05-01T00:00:00 Europe/Berlin",
    "2027-05-01T00:00:00+01:00[Europe/Berlin]",
    "2027-W10-1T00:00:00Z",
    "20270501T000000Z",
    "2027-05-01x00:00:00Z",
    "2027-05-01T00:00:00Z ",
    "\u0662\u0660\u0662\u0667-05-01T00:00:00Z",
    "1777593600",
    "a\x00b",
    "x" * 3_000,
]
DATES = ["2027-05-01", "0001-01-01", "9999-12-31"]
DATES = ["2027-05-01", "0001-01-01", "9999-12-31"]
INSTANTS = [
    "2027-05-01T00:00:00Z",
    "2027-05-01t00:00z",
    "2027-05-01 00:00:00.123456789+0530",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-00:00",
]
LITERALS: list[tuple[str, set[str]]] = list(
    {
        "null": set(),
        "[]": ANY,
        "1": NUMBER,
        "-0": NUMBER,
        "2147483648": {"Float", "ID", "JSON"},
        "-99999999999999999999999999": {"Float", "ID", "JSON"},
        "1.5": {"Float", "JSON"},
        "1e308": {"Float", "JSON"},
        "1e999": set(),
        "-1e999": set(),
        "[1e999]": set(),
        "{a: {b: [-1e999]}}": set(),
        "true": {"Boolean", "JSON"},
        "NOTHING": ANY,
        "NaN": ANY,
        "{}": ANY,
        "{x: 1}": ANY,
        "[[[]]]": ANY,
        "[{}]": ANY,
        "[null]": ANY,
        "[1, true, {}]": ANY,
        "[" * 90 + "]" * 90: ANY,
        "{a: " * 90 + "1" + "}" * 90: ANY,
        "[" * 150 + "]" * 150: set(),
        "{a: " * 150 + "1" + "}" * 150: set(),
        '"""a "block" string"""': TEXT,
        r'"\u00e9"': TEXT,
        **{json.dumps(text): TEXT for text in NO_INSTANTS},
        **{json.dumps(text): {*TEXT, "Date"} for text in DATES},
        **{json.dumps(text): {*TEXT, "DateTime"} for text in INSTANTS},
    }.items()
)
"""Literals, and the scalars that take them. What lists, inputs and nullable types take, ``takes`` knows."""
HUGE = 10**30
VALUES: list[tuple[Any, set[str]]] = [
    (None, set()),
    ([], ANY),
    (1, NUMBER),
    (2**31, {"Float", "ID", "JSON"}),
    (HUGE, {"Float", "ID", "JSON"}),
    (1.5, {"Float", "JSON"}),
    (1e308, {"Float", "ID", "JSON"}),
    (True, {"Boolean", "JSON"}),
    ({}, ANY),
    ({"x": 1}, ANY),
    ({HALF: HALF}, ANY),
    ([[[]]], ANY),
    ([{}], ANY),
    ([None], ANY),
    ([1, True, {}], ANY),
    ("x", TEXT),
    (HALF, TEXT),
    ("NOTHING", TEXT),
    ("x" * 3_000, TEXT),
    *((text, TEXT) for text in NO_INSTANTS),
    *((text, {*TEXT, "Date"}) for text in DATES),
    *((text, {*TEXT, "DateTime"}) for text in INSTANTS),
]
"""Values of variables, and the scalars that take them."""


def takes(kind: GraphQLInputType, value: object, scalars: set[str]) -> bool:
    """Say whether a type takes a literal or a value of a variable."""
    if value is None or value == "null":
        return not isinstance(kind, GraphQLNonNull)
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(kind, GraphQLList):
        if value in ([], "[]"):
            return True
        for item, lists in ((None, ([None], "[null]")), ({}, ([{}], "[{}]"))):
            if value in lists and takes(kind.of_type, item, set()):
                return True
        return takes(kind.of_type, value, scalars)
    if isinstance(kind, GraphQLInputObjectType):
        optional = not any(is_required_input_field(field) for field in kind.fields.values())
        return value in ({}, "{}") and optional and not kind.is_one_of
    return not isinstance(kind, GraphQLEnumType) and kind.name in scalars
