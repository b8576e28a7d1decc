"""Values as far out as the types of the schema go."""

from typing import Any

from graphql import GraphQLEnumType, GraphQLInputType, GraphQLList, GraphQLNonNull

HALF = "\ud800"
STORED = [
    "",
    "a\x00b",
    HALF,
    "9" * 400,
    "x" * 201,  # one more than most columns hold
    "\u0390" * 118 + "@example.com",  # grows when its case is folded
    "e" + "\u0301" * 330 + "@example.com",
    "9" * 4_301,  # more digits than Python reads
]
"""Texts of which PostgreSQL refuses more than SQLite does."""
REFUSED = ["a\x00b", HALF]
"""Texts that no column of PostgreSQL takes: a place that does not check them answers with an internal error."""
READ = [
    " ",
    "\u202e",
    "\r\n",
    "{{ x",
    "%",
    "../../etc/passwd",
    "2026-03-02",
    "\ufb03ce@example.com",
    "{% for i in (1..999999999) %}{{ i }}{% endfor %}",
    "<!--" * 50,
]
"""Texts that our own code reads, and databases store like any other."""
TEXTS = [*STORED, *READ]
DEEP: Any = 1
for _ in range(45):
    DEEP = {"a": [DEEP]}
EXTREMES: dict[str, list[Any]] = {
    "Int": [-(2**31), -1, 0, 1, 366, 2**31 - 1],
    "Float": [-1e308, -1, 0, 1e-308, 1e308],
    "Boolean": [True, False],
    "String": TEXTS,
    "ID": [*STORED[:5], 10**300],  # no code reads an id as anything else
    "DateTime": [
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2026-03-02T09:00:00Z",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
    "Date": ["0001-01-01", "2026-03-02", "9999-12-31"],
    "JSON": [
        None,
        True,
        0,
        -(10**300),
        1e308,
        "",
        HALF,
        [],
        [[]],
        {},
        {"": ""},
        {"a\x00b": HALF},
        {"at": None},
        {"at": 10**300},
        {"a": True},
        DEEP,
    ],
}
"""Values that a scalar takes, as far out as they go."""


def extremes(kind: GraphQLInputType) -> list[Any]:
    """Return the extremes of a type."""
    if not isinstance(kind, GraphQLNonNull):
        return [None, *(value for value in extremes(GraphQLNonNull(kind)) if value is not None)]
    kind = kind.of_type
    if isinstance(kind, GraphQLList):
        inner = extremes(kind.of_type)
        return [[], inner, [inner[-1]] * 2, [inner[-1]] * 1_000] if inner else [[]]
    if isinstance(kind, GraphQLEnumType):
        return list(kind.values)
    return EXTREMES.get(kind.name, [])
