"""Every place of the schema is given the extremes that its type takes, and whatever is stored can be read back."""

import json
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_required_argument,
)

from api.graphql.limits.sizes import ID_LIMIT
from tests import story
from tests.client import Client
from tests.graphql.filled import ids, named
from tests.graphql.places import GRAPHQL, own, places, sample
from tests.live import Live
from tests.served import UNLIMITED

pytestmark = pytest.mark.usefixtures("quiet")
HALF = "\ud800"
OBJECT = GraphQLInputObjectType
TEXTS = [
    "",
    " ",
    "a\x00b",
    HALF,
    "\u202e",
    "\r\n",
    "{{ x",
    "%",
    "9" * 400,
    "../../etc/passwd",
    "2026-03-02",
    "x" * 201,  # one more than most columns hold
    "\u0390" * 118 + "@example.com",  # grows when its case is folded
    "e" + "\u0301" * 330 + "@example.com",
    "\ufb03ce@example.com",
    "9" * 4_301,  # more digits than Python reads
    "{% for i in (1..999999999) %}{{ i }}{% endfor %}",
    "<!--" * 50,
]
DEEP: Any = 1
for _ in range(45):
    DEEP = {"a": [DEEP]}
EXTREMES: dict[str, list[Any]] = {
    "Int": [-(2**31), -1, 0, 1, 366, 2**31 - 1],
    "Float": [-1e308, -1, 0, 1e-308, 1e308],
    "Boolean": [True, False],
    "String": TEXTS,
    "ID": [*TEXTS[:12], 10**300],
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


def leaves(kind: GraphQLObjectType, depth: int) -> str:
    """Return a selection of all fields of a type that need no argument, and of the types below it."""
    parts = []
    for name, field in kind.fields.items():
        below = get_named_type(field.type)
        args = '(language: "de")' if "language" in field.args else ""
        if not isinstance(below, GraphQLObjectType):
            parts.append(name + args)
        elif depth and below.name not in {"PageInfo"}:
            parts.append(f"{name}{args} {{ {leaves(below, depth - 1)} }}")
    return " ".join(parts) or "__typename"


@pytest.fixture
def environment() -> dict[str, str]:
    """More is asked at once than a token may spend."""
    return UNLIMITED


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_extremes(client: Client, stranger: Client, database_kind: str) -> None:
    # PostgreSQL refuses more than SQLite does: every place is given every extreme there. On SQLite, places take turns.
    step = 1 if database_kind == "postgres" else 2
    known = {name: json.dumps(value) for name, value in named(await ids(client, stranger)).items()}
    wrong = []
    for number, place in enumerate(places()):
        if place.operation == "subscription" or place.field.startswith("@"):
            continue
        for value in extremes(place.kind)[number % step :: step]:
            query = (
                f"{place.operation}($v: {place.kind}) {{ {place.selection('$v', known=known | own(place, known))} }}"
            )
            answer = await client.raw(query, {"v": value})
            wrong += [f"{place} {str(value)[:50]!r}: {problem}" for problem in problems(answer)]
    assert not wrong, "\n".join(wrong)
    await read_back(client)


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_all_fields_of_an_input_at_once(client: Client, stranger: Client) -> None:
    """A statement that names a column twice is refused by PostgreSQL alone."""
    known = {name: json.dumps(value) for name, value in named(await ids(client, stranger)).items()}
    wrong = []
    for place in places():
        kind = get_named_type(place.kind)
        if not isinstance(kind, GraphQLInputObjectType) or place.operation == "subscription":
            continue
        fields = [name for name, field in kind.fields.items() if not isinstance(get_named_type(field.type), OBJECT)]
        for empty in (False, True):
            given = known | own(place, known) | {f"?{name}": "" for name in fields}
            given |= {
                name: "null" for name in fields if empty and not isinstance(kind.fields[name].type, GraphQLNonNull)
            }
            # Once with a value of each field, once with null wherever that is allowed.
            query = f"{place.operation} {{ {place.selection(sample(place.kind, '', given), known=given)} }}"
            wrong += [f"{place} {query}: {problem}" for problem in problems(await client.raw(query))]
    assert not wrong, "\n".join(wrong)
    await read_back(client)


async def read_back(client: Client) -> None:
    """Read all lists, with all that their rows have."""
    root = GRAPHQL.query_type
    assert root is not None
    for name, field in root.fields.items():
        kind = get_named_type(field.type)
        if "first" in field.args and not any(is_required_argument(each) for each in field.args.values()):
            assert isinstance(kind, GraphQLObjectType)
            await client.ask(f"{{ {name}(first: 200) {{ {leaves(kind, 2)} }} }}")


JSON_WITH_VARIABLES = """mutation($input: ID!, $at: DateTime!, $kind: StepType!, $whole: PersonInput!, $none: Int) {
  updatePerson(id: $input, input: {fields: {at: $at, kind: $kind, whole: $whole, none: $none}}) {
    person { fields } errors { code message path } } }"""


async def test_variables_inside_json_are_the_values_that_were_given(client: Client) -> None:
    person = await story.person(client)
    given = {"input": person, "at": "2026-03-02T09:00:00+01:00", "kind": "CALL", "whole": {"email": "a@example.com"}}
    answer = (await client.ask(JSON_WITH_VARIABLES, **given))["updatePerson"]
    (error,) = answer["errors"]  # an object is no text, and the others are texts as they were given
    assert (error["code"], error["path"][0]) == ("INVALID_FIELDS", "fields")
    query = JSON_WITH_VARIABLES.replace(", whole: $whole", "").replace(", $whole: PersonInput!", "")
    given.pop("whole")
    answer = (await client.ask(query, **given))["updatePerson"]
    assert answer == {"person": {"fields": {"at": given["at"], "kind": "CALL"}}, "errors": []}


def problems(answer: dict[str, Any]) -> list[str]:
    """Return what no client may get."""
    errors = list(answer.get("errors", ()))
    for payload in (answer.get("data") or {}).values():
        errors += (payload.get("errors") or ()) if isinstance(payload, dict) else ()
    codes = [error.get("code") or error.get("extensions", {}).get("code") for error in errors]
    return [
        f"{code}: {str(error)[:150]}"
        for code, error in zip(codes, errors, strict=True)
        if code in {None, "INTERNAL_ERROR"}
    ]


async def test_a_subscription_to_an_extreme_is_refused(live: Live, rep: Client) -> None:
    async with live.opened(rep.token) as socket:
        for value in EXTREMES["ID"]:
            begun = await socket.begin("subscription($id: ID!) { launchProgress(id: $id) { id } }", id=value)
            answer = await socket.hear()
            assert (answer["id"], answer["type"]) == (begun, "error"), answer
            (error,) = answer["payload"]
            code = "TOO_LONG" if isinstance(value, str) and len(value) > ID_LIMIT else "NOT_FOUND"
            assert error["extensions"] == {"code": code, "path": ["id"]}
