"""Every place of the schema is given the extremes that its type takes, and whatever is stored can be read back."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from api.graphql.limits.sizes import ID_LIMIT
from tests import story
from tests.cases import all_cases
from tests.client import Client
from tests.graphql.arguments.extremes import EXTREMES, READ, REFUSED, extremes
from tests.graphql.filled import ids, named
from tests.graphql.places import GRAPHQL, Place, at_once, own, places, sample
from tests.live import Live
from tests.served import UNLIMITED

pytestmark = pytest.mark.usefixtures("quiet")
OBJECT = GraphQLInputObjectType
LENGTHS = (201, 202, 1_001)
"""From so many characters on, a value is too long for most columns, for an id, and for a line."""
QUARTER = 4
THIRD = 3
RARE = {"Date", "DateTime", "JSON"}
"""Types of few places."""
PARTS = 4
"""Tests that share the places, so that none comes near `faulthandler_timeout` on a busy machine."""
PAGING = {"first", "after", "last", "before"}


def leaves(kind: GraphQLObjectType, depth: int) -> str:
    """Return a selection of all fields of a type that need no argument, and of the types below it."""
    parts = []
    for name, field in kind.fields.items():
        below = get_named_type(field.type)
        args = '(language: "de")' if "language" in field.args else ""
        if is_leaf_type(below):
            parts.append(name + args)
        elif isinstance(below, GraphQLInterfaceType):
            parts.append(f"{name} {{ __typename }}")
        elif isinstance(below, GraphQLObjectType) and depth and below.name not in {"PageInfo"}:
            parts.append(f"{name}{args} {{ {leaves(below, depth - 1)} }}")
    return " ".join(parts) or "__typename"


@pytest.fixture
def environment() -> dict[str, str]:
    """More is asked at once than a token may spend."""
    return UNLIMITED


def trials(database_kind: str) -> Iterator[tuple[Place, list[Any]]]:
    """Yield what this run gives on a database: all shares, or of every second place of each type a third.

    The other database has the other places. The next place of a type begins with another value. A type of few places
    has all of it, and each text has what PostgreSQL refuses.
    """
    turns: Counter[str] = Counter()
    for place, values in shares(database_kind):
        name = get_named_type(place.kind).name
        turns[name] += 1
        turn, other = divmod(turns[name], 2)
        if values and (all_cases() or name in RARE):
            yield place, values
        elif values and other == (database_kind == "postgres"):
            third = values[turn % THIRD :: THIRD] or [values[turn % len(values)]]
            yield place, third + [value for value in values if value in REFUSED and value not in third]


def shares(database_kind: str) -> Iterator[tuple[Place, list[Any]]]:
    """Yield each place with those of its extremes that it may be given on a database.

    PostgreSQL is given all that a database may refuse, and SQLite the texts that only our own code reads, and a quarter
    of the rest. A field of an input that several arguments take is given all extremes in one of them, and a quarter in
    each of the others.
    """
    seen: set[str] = set()
    for number, place in enumerate(places()):
        if place.operation == "subscription" or place.field.startswith("@"):
            continue
        values = extremes(place.kind)
        if place.inside[0] in PAGING and (place.around or place.field != "people"):
            values = values[number % len(values) :][:1]  # one function reads them for all lists
        elif len(values) > QUARTER:
            quarter = values[number % QUARTER :: QUARTER]
            if place.owner in seen:
                values = quarter
            elif database_kind == "postgres":
                values = [value for value in values if value not in READ]
            else:
                values = [value for value in values if value in READ or value in quarter]
        seen.add(place.owner)
        yield place, values


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"])
def test_every_field_is_given_every_extreme_on_one_database(database_kind: str) -> None:
    given: dict[str, list[Any]] = {}
    for kind in ("sqlite", "postgres"):
        for place, values in shares(kind):
            given.setdefault(place.owner, []).extend(values)
    for place, values in shares(database_kind):
        paged = place.inside[0] in PAGING
        assert all(value in given[place.owner] for value in (values if paged else extremes(place.kind))), place


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"])
def test_every_extreme_of_a_type_is_given_and_every_place_is_given_one(database_kind: str) -> None:
    given: dict[str, list[Any]] = {}
    for place, values in trials(database_kind):
        given.setdefault(get_named_type(place.kind).name, []).extend(values)
    for name in EXTREMES.keys() & given.keys():
        values = EXTREMES[name]
        mine = [value for value in values if value not in (READ if database_kind == "postgres" else ())]
        assert [value for value in mine if value not in given[name]] == [], name
    both = {str(place) for kind in ("sqlite", "postgres") for place, _ in trials(kind)}
    assert both == {str(place) for place, values in shares(database_kind) if values}


class Trial:
    """Gives places their values, as many in one document as it may hold."""

    def __init__(self, client: Client) -> None:
        self.wrong: list[str] = []
        self._client = client
        self._refuse_all: set[str] = set()
        """Fields whose error is the answer to the whole document."""

    async def give(self, place: Place, values: list[Any], known: dict[str, str]) -> None:
        """Give a place each of some values: again alone, if the answer does not tell of each."""
        for group in self._groups(place, values):
            if not await self._answered(place, group, known) and len(group) > 1:
                if len(str(group[0])) < LENGTHS[0]:
                    self._refuse_all.add(place.field)
                for value in group:
                    await self._answered(place, [value], known)

    def _groups(self, place: Place, values: list[Any]) -> Iterator[list[Any]]:
        """Yield values that one document may hold. One that is longer than any place takes refuses all of them."""
        size = 1 if place.field in self._refuse_all else at_once(place)
        for least, most in pairwise((0, *LENGTHS, math.inf)):
            fit = [value for value in values if least <= len(str(value)) < most]
            some = 1 if least == LENGTHS[-1] else size
            for begin in range(0, len(fit), some):
                yield fit[begin : begin + some]

    async def _answered(self, place: Place, values: list[Any], known: dict[str, str]) -> bool:
        """Ask with some values, and say whether each was answered for itself."""
        variables = ", ".join(f"$v{number}: {place.kind}" for number in range(len(values)))
        fields = " ".join(place.selection(f"$v{number}", f"a{number}", known) for number in range(len(values)))
        given = {f"v{number}": value for number, value in enumerate(values)}
        answer = await self._client.raw(f"{place.operation}({variables}) {{ {fields} }}", given)
        texts = ", ".join(repr(str(value)[:50]) for value in values)
        self.wrong += [f"{place} {texts}: {problem}" for problem in problems(answer)]
        return answer.get("data") is not None or len(answer["errors"]) == len(values)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_extremes(client: Client, stranger: Client, database_kind: str, part: int) -> None:
    known = {name: json.dumps(value) for name, value in named(await ids(client, stranger)).items()}
    trial = Trial(client)
    for place, values in islice(trials(database_kind), part, None, PARTS):
        await trial.give(place, values, known | own(place, known))
    assert not trial.wrong, "\n".join(trial.wrong)
    await read_back(client)


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_all_fields_of_an_input_at_once(client: Client, stranger: Client, database_kind: str) -> None:
    """A statement that names a column twice is refused by PostgreSQL alone.

    Each input is given once with a value of each field, and once with null wherever that is allowed: by default the
    values on PostgreSQL, and the nulls on SQLite.
    """
    known = {name: json.dumps(value) for name, value in named(await ids(client, stranger)).items()}
    wrong = []
    for place in places():
        kind = get_named_type(place.kind)
        if not isinstance(kind, GraphQLInputObjectType) or place.operation == "subscription":
            continue
        fields = [name for name, field in kind.fields.items() if not isinstance(get_named_type(field.type), OBJECT)]
        for empty in (False, True) if all_cases() else (database_kind == "sqlite",):
            given = known | own(place, known) | {f"?{name}": "" for name in fields}
            given |= {
                name: "null" for name in fields if empty and not isinstance(kind.fields[name].type, GraphQLNonNull)
            }
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
