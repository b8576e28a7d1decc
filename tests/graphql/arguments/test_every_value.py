"""Every place of the schema is given a wrong value of every kind: in the document, as a variable, and as a default.

The places come from the schema, so that whatever is added to it is tried as well.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLScalarType,
    get_named_type,
)

from tests.cases import how_many, one_in
from tests.client import Client
from tests.graphql.arguments.literals import LITERALS, VALUES, takes
from tests.graphql.places import GRAPHQL, Place, at_once, places, sample
from tests.live import Live
from tests.served import UNLIMITED

pytestmark = pytest.mark.usefixtures("quiet")
PLACES = places()
KINDS = GraphQLScalarType, GraphQLEnumType, GraphQLInputObjectType
FIRST_PLACES = {str(place.kind): place for place in reversed(PLACES)}.values()
FIRST = {
    id(place): number
    for kind in KINDS
    for number, place in enumerate(each for each in FIRST_PLACES if isinstance(get_named_type(each.kind), kind))
}
"""The first place of each type, numbered within its kind of type. Over HTTP that of each scalar is given every wrong
value, that of each input and enum a share of them. The others are given a few."""
FEW = 1
SHARE = 8
"""Inputs refuse every value that is not an object, and enums every value that is not a name. So each of these types is
given only every eighth wrong value. The next type begins with another one, so many of them get each value."""
USUAL_SHARES = [(GraphQLScalarType, 2), (GraphQLEnumType, 12), (GraphQLInputObjectType, 24)]
"""Without ``--all-cases``, each type is given one wrong value in so many."""
TURNS = 3
"""By default a test is given every third place that is not the first of its type. The next test begins with another
one, so each place is given a literal, a variable or a default."""
Errors = list[dict[str, Any]]
Trial = tuple[Place, Any]
"""A place, and a value that does not fit it."""


@dataclass
class Asker:
    """Asks, and knows what can be asked."""

    ask: Callable[[str, dict[str, Any]], Awaitable[Errors]]
    places: list[Place]
    thorough: bool

    def some(self, turn: int) -> list[Place]:
        """Return the places that a test is given: the first of each type, and by default a third of the others."""
        chosen = {id(place) for place in one_in(TURNS, self.places, turn)}
        return [place for place in self.places if id(place) in chosen or id(place) in FIRST]

    def required(self, turn: int) -> list[Place]:
        """Return those that take no null."""
        return [place for place in self.some(turn) if isinstance(place.kind, GraphQLNonNull)]

    def trials(self, values: list[tuple[Any, set[str]]], turn: int) -> list[Trial]:
        """Return the places with those of some values that do not fit them."""
        found = []
        for place in self.some(turn):
            wrong = [(at, value) for at, (value, scalars) in enumerate(values) if not takes(place.kind, value, scalars)]
            if not self.thorough or id(place) not in FIRST:
                wrong = wrong[:FEW]
            else:
                named = get_named_type(place.kind)
                usual = next(share for kind, share in USUAL_SHARES if isinstance(named, kind))
                share = how_many(usual, 1 if isinstance(named, GraphQLScalarType) else SHARE)
                wrong = [(at, value) for at, value in wrong if (at + FIRST[id(place)]) % share == 0]
            found += [(place, value) for _, value in wrong]
        return found


@pytest.fixture
def environment() -> dict[str, str]:
    """More is asked at once than a token may spend."""
    return UNLIMITED


@pytest.fixture(params=["http", "websocket"])
async def asker(request: pytest.FixtureRequest, live: Live, rep: Client) -> Any:
    """Ask over HTTP, or over a websocket: the errors are the same, so that it has a place of each type only."""
    if request.param == "http":

        async def over_http(query: str, variables: dict[str, Any]) -> Errors:
            return list((await rep.raw(query, variables))["errors"])

        yield Asker(over_http, [place for place in PLACES if place.operation != "subscription"], thorough=True)
        return
    async with live.opened(rep.token) as socket:

        async def over_websocket(query: str, variables: dict[str, Any]) -> Errors:
            begun = await socket.begin(query, **variables)
            answer = await socket.hear()
            assert answer["id"] == begun
            if answer["type"] == "error":
                return list(answer["payload"])
            assert (await socket.hear())["type"] == "complete"
            return list(answer["payload"]["errors"])

        some = [place for place in PLACES if id(place) in FIRST or place.operation == "subscription"]
        yield Asker(over_websocket, some, thorough=False)


def batches(trials: list[Trial]) -> Iterator[list[Trial]]:
    """Yield the trials in groups that one document can hold: a subscription has but one field."""
    for (operation, once), some in groupby(trials, lambda trial: (trial[0].operation, at_once(trial[0]))):
        group, size = list(some), 1 if operation == "subscription" else once
        for begin in range(0, len(group), size):
            yield group[begin : begin + size]


def document(trials: list[Trial], values: list[str], variables: str = "") -> str:
    """Return an operation that gives the places their values, the first of them on line 1."""
    fields = (
        place.selection(text, f"a{each}") for each, ((place, _), text) in enumerate(zip(trials, values, strict=True))
    )
    return f"{trials[0][0].operation} A{f'({variables})' if variables else ''} {{ " + "\n".join(fields) + " }"


def complaints(errors: Errors, trials: list[Trial], first_line: int = 1) -> list[str]:
    """Return what is wrong with the answer to some trials, each on a line of its own."""
    found, unanswered = [], dict(enumerate(trials))
    for error in errors:
        line = error.get("locations", [{"line": 0}])[0]["line"] - first_line
        place, value = trials[line]
        unanswered.pop(line, None)
        own, path = error.get("extensions", {}), error.get("extensions", {}).get("path", [])
        most = len(place.begin) - place.is_one_of
        fits = own.get("code") == "INVALID_VALUE" and path[:most] == place.begin[:most]
        if not fits or len(path) < len(place.path) - place.is_one_of or not 15 < len(error["message"]) <= 1_000:
            found.append(f"{place} ({place.kind}) {value!r}: {error}"[:400])
    return found + [f"{place} ({place.kind}) takes {value!r}"[:200] for place, value in unanswered.values()]


async def test_literals(asker: Asker) -> None:
    wrong = []
    for trials in batches(asker.trials(LITERALS, 0)):
        wrong += complaints(await asker.ask(document(trials, [text for _, text in trials]), {}), trials)
    assert wrong == []


async def test_variables(asker: Asker) -> None:
    wrong = []
    for trials in batches(asker.trials(VALUES, 1)):
        names = [f"$v{each}" for each in range(len(trials))]
        variables = "".join(f"\n{name}: {place.kind}" for name, (place, _) in zip(names, trials, strict=True))
        given = {f"v{each}": value for each, (_, value) in enumerate(trials)}
        wrong += complaints(await asker.ask(document(trials, names, variables), given), trials, 2)
    assert wrong == []


async def test_defaults_of_variables(asker: Asker) -> None:
    wrong = []
    for trials in batches(asker.trials([given for given in LITERALS if given[0] != "null"], 2)):
        names = [f"$v{each}" for each in range(len(trials))]
        variables = "".join(
            f"\n{name}: {place.kind} = {text}" for name, (place, text) in zip(names, trials, strict=True)
        )
        wrong += complaints(await asker.ask(document(trials, names, variables), {}), trials, 2)
    assert wrong == []


async def test_null_for_a_variable_whose_default_would_do(asker: Asker) -> None:
    wrong = []
    for place in asker.required(0):
        # No row is here whose fields would be executed. A field of which one is given takes no nullable variable.
        if not place.around and not place.is_one_of:
            nullable = place.kind.of_type  # type: ignore[union-attr]
            query = document([(place, None)], ["$v"], f"$v: {nullable} = {sample(nullable, '', {})}")
            wrong += complaints(await asker.ask(query, {"v": None}), [(place, None)])
    assert wrong == []


async def test_missing_variables(asker: Asker) -> None:
    wrong = []
    for trials in batches([(place, "nothing") for place in asker.required(1)]):
        names = [f"$v{each}" for each in range(len(trials))]
        variables = "".join(f"\n{name}: {place.kind}" for name, (place, _) in zip(names, trials, strict=True))
        wrong += complaints(await asker.ask(document(trials, names, variables), {}), trials, 2)
    assert wrong == []


async def test_variables_of_another_type(asker: Asker) -> None:
    for trials in batches([(place, None) for place in asker.some(2)]):
        names = [f"$v{each}" for each in range(len(trials))]
        variables = ", ".join(f"{name}: [[[Boolean]]]!" for name in names)
        errors = await asker.ask(document(trials, names, variables), {})
        assert [error["extensions"] for error in errors] == [{"code": "INVALID_QUERY"}] * len(trials)


@pytest.mark.parametrize("values", [LITERALS, VALUES])
def test_every_value_is_given_to_inputs_and_enums_and_scalars(values: list[tuple[Any, set[str]]]) -> None:
    async def ask(_query: str, _variables: dict[str, Any]) -> Errors:
        return []

    trials = Asker(ask, PLACES, thorough=True).trials(values, 0)
    for kind in KINDS:
        some = [(place, value) for place, value in trials if isinstance(get_named_type(place.kind), kind)]
        missing = [value for value, _ in values if all(given is not value for _, given in some)]
        assert missing == []
        first = Counter(str(place.kind) for place, _ in some if id(place) in FIRST)
        assert min(first.values()) > FEW


def test_every_place_is_found() -> None:
    assert {
        "advanceClock.to",
        "launch.input.perPerson.0.times.0.time",
        "editPreview.edit.changeStep.input.config",
        "launchProgress.id",
        "channels.label.language",
        "@skip.if",
    } <= {str(place) for place in PLACES}
    inputs = {name for name, kind in GRAPHQL.type_map.items() if isinstance(kind, GraphQLInputObjectType)}
    assert inputs <= {str(place.kind).strip("[]!") for place in PLACES}
