"""The short way through plain fields answers what graphql-core answers, to the last error's path."""

import json
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from strawberry.extensions import SchemaExtension
from strawberry.scalars import JSON

from api.graphql.engine.execution.executor import Executor
from api.graphql.engine.scalars import DateTime

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@strawberry.enum
class Colour(Enum):
    """An enum whose values are not its names."""

    RED = "r"
    BLUE = "b"


@strawberry.interface
class Named:
    """An abstract type."""

    name: str


@strawberry.type
class Leaf(Named):
    """Fields of every kind, plain and not."""

    number: int
    ratio: float
    good: bool
    colour: Colour
    at: datetime
    note: str | None
    data: JSON
    tags: list[str]

    @strawberry.field
    async def later(self) -> str:
        """What is awaited."""
        return f"later {self.name}"

    @strawberry.field
    def now(self, times: int = 1) -> str:
        """What is called."""
        return "now" * times

    @strawberry.field
    async def broken(self) -> str:
        """What fails late."""
        raise ValueError("broken")


@strawberry.type
class Stone(Named):
    """Another of the abstract type."""

    weight: int | None


@strawberry.type
class Query:
    """The root, whose value has the rows."""

    leaf: Leaf | None
    leaves: list[Leaf | None]
    things: list[Named]


def leaf(**given: Any) -> Leaf:
    """Make a leaf in which all is well, but for what is given."""
    well: dict[str, Any] = {"name": "oak", "number": 1, "ratio": 0.5, "good": True, "colour": Colour.BLUE, "at": NOON}
    return Leaf(**well | {"note": None, "data": {"a": [1]}, "tags": ["x"]} | given)


async def soon(value: Any) -> Any:
    """Be a value that is to be awaited."""
    return value


class Loud(SchemaExtension):
    """Middleware around every field."""

    def resolve(self, _next: Callable[..., Any], root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        """Shout what is text."""
        value = _next(root, info, *args, **kwargs)
        return value.upper() if isinstance(value, str) else value


def schema(executor: Any, *extensions: Any) -> strawberry.Schema:
    """Return the schema as one executor executes it."""
    config = strawberry.schema.config.StrawberryConfig(scalar_map={datetime: DateTime})
    return strawberry.Schema(
        Query, types=[Leaf, Stone], config=config, extensions=extensions, execution_context_class=executor
    )


SHORT, LONG = schema(Executor), schema(None)
ALL = "{ leaf { name number ratio good colour at note data tags later now } }"


async def answer(of: strawberry.Schema, query: str, root: dict[str, Callable[[], Any]]) -> tuple[str, list[Any]]:
    """Return the data as text, for its order counts, and the errors."""
    made = SimpleNamespace(**{name: make() for name, make in root.items()})
    result = await of.execute(query, root_value=made, variable_values={"yes": True})
    return json.dumps(result.data), sorted((error.formatted for error in result.errors or ()), key=str)


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "the order of the selection": ("{ leaf { later note now name tags good } }", {}),
    "aliases and arguments": ("{ leaf { a: name b: name name c: now(times: 2) d: note } }", {"note": "n"}),
    "typename": ("{ leaf { __typename name } __typename }", {}),
    "fragments": ("{ leaf { name ...F ... on Named { name } } } fragment F on Leaf { number name }", {}),
    "directives": (
        "query($yes: Boolean!) { leaf { name @skip(if: $yes) number @include(if: $yes) good @skip(if: false) } }",
        {},
    ),
    "null where null may be": ("{ leaf { note } }", {"note": None}),
    "null where it may not": ("{ leaf { name number } }", {"name": None}),
    "two nulls where they may not": ("{ leaf { number name later } }", {"name": None, "number": None}),
    "a null JSON document": ("{ leaf { data } }", {"data": None}),
    "an integer that is too large": ("{ leaf { name number } }", {"number": 2**31}),
    "a number that is a whole one": ("{ leaf { number } }", {"number": 2.0}),
    "a truth that is text": ("{ leaf { good } }", {"good": "yes"}),
    "a truth that is a number": ("{ leaf { good } }", {"good": 1}),
    "text that is a number": ("{ leaf { name note } }", {"name": 7, "note": 1.5}),
    "text that is a list": ("{ leaf { name note } }", {"note": ["x"]}),
    "an instant that is none": ("{ leaf { name at } }", {"at": "yesterday"}),
    "an enum by its value": ("{ leaf { colour } }", {"colour": "r"}),
    "an enum that has no such value": ("{ leaf { name colour } }", {"colour": "green"}),
    "an error instead of a value": ("{ leaf { name note } }", {"note": ValueError("no note")}),
    "an error instead of a document": ("{ leaf { name data } }", {"data": ValueError("no data")}),
    "an error that comes late": ("{ leaf { name broken } }", {}),
    "errors of both kinds": ("{ leaf { broken name note } }", {"note": ["x"]}),
    "a subclass of text": ("{ leaf { name } }", {"name": type("Text", (str,), {})("text")}),
}


class Watched(Executor):
    """Remembers which fields went the long way."""

    long: list[str] = []

    def execute_field(self, parent_type: Any, source: Any, field_details_list: Any, *given: Any) -> Any:
        """Note the field."""
        self.long.append(field_details_list[0].node.name.value)
        return super().execute_field(parent_type, source, field_details_list, *given)


async def test_plain_fields_go_the_short_way() -> None:
    Watched.long.clear()
    query = ALL.replace("name", "__typename name", 1)
    data, errors = await answer(schema(Watched), query, {"leaf": leaf})
    assert (data, errors) == await answer(LONG, query, {"leaf": leaf})
    assert list(json.loads(data)["leaf"].values()) == [
        "Leaf", "oak", 1, 0.5, True, "BLUE", "2026-03-02T12:00:00Z", None, {"a": [1]}, ["x"], "later oak", "now",
    ]  # fmt: skip
    assert Watched.long == ["leaf", "tags", "later", "now"]


@pytest.mark.parametrize("case", CASES)
async def test_an_object_is_executed_as_graphql_core_does(case: str) -> None:
    query, given = CASES[case]
    root = {"leaf": lambda: leaf(**given)}
    assert await answer(SHORT, query, root) == await answer(LONG, query, root)


@pytest.mark.parametrize("name", ["note", "data", "name"])
async def test_a_value_that_is_to_be_awaited_is_awaited(name: str) -> None:
    root = {"leaf": lambda: leaf(**{name: soon("late")})}
    data, errors = await answer(SHORT, f"{{ leaf {{ number {name} good }} }}", root)
    assert (json.loads(data), errors) == ({"leaf": {"number": 1, name: "late", "good": True}}, [])


async def test_a_field_that_the_object_lacks_is_an_error_of_its_path() -> None:
    def lacking() -> Leaf:
        found = leaf()
        del found.note
        return found

    root = {"leaf": lacking}
    data, errors = await answer(SHORT, "{ leaf { name note } }", root)
    assert (data, errors) == await answer(LONG, "{ leaf { name note } }", root)
    assert (json.loads(data), errors[0]["path"]) == ({"leaf": {"name": "oak", "note": None}}, ["leaf", "note"])


@pytest.mark.parametrize("later", ["", "later"])
async def test_null_spreads_to_the_nearest_that_may_be_null(later: str) -> None:
    root = {"leaves": lambda: [leaf(), leaf(name=None), leaf(number=None), leaf(note="n")]}
    query = f"{{ leaves {{ name number note {later} }} }}"
    data, errors = await answer(SHORT, query, root)
    assert (data, errors) == await answer(LONG, query, root)
    assert [bool(found) for found in json.loads(data)["leaves"]] == [True, False, False, True]
    assert [error["path"] for error in errors] == [["leaves", 1, "name"], ["leaves", 2, "number"]]


@pytest.mark.parametrize("later", ["", "later"])
async def test_the_items_of_a_list_may_be_null_awaited_or_errors(later: str) -> None:
    root = {"leaves": lambda: [leaf(), None, soon(leaf(name="late")), soon(None), ValueError("no leaf"), leaf(note=7)]}
    query = f"{{ leaves {{ name note {later} }} }}"
    data, errors = await answer(SHORT, query, root)
    assert (data, errors) == await answer(LONG, query, root)
    assert [found and found["name"] for found in json.loads(data)["leaves"]] == [
        "oak", None, "late", None, None, "oak",
    ]  # fmt: skip
    assert [error["path"] for error in errors] == [["leaves", 4]]


async def test_an_error_that_is_an_item_is_raised_though_it_has_the_attributes() -> None:
    root = {"leaves": lambda: [leaf(), ImportError(name="oak")]}
    data, errors = await answer(SHORT, "{ leaves { name } }", root)
    assert (data, errors) == await answer(LONG, "{ leaves { name } }", root)
    assert (json.loads(data)["leaves"][1], errors[0]["path"]) == (None, ["leaves", 1])


@pytest.mark.parametrize("made", [tuple, iter])
async def test_a_list_may_be_any_iterable(made: Callable[[list[Leaf]], Any]) -> None:
    root = {"leaves": lambda: made([leaf(), leaf(note="n")])}
    data, errors = await answer(SHORT, "{ leaves { name note } }", root)
    assert (json.loads(data)["leaves"][1], errors) == ({"name": "oak", "note": "n"}, [])


async def test_what_a_request_has_read_is_freed_with_its_answer() -> None:
    class Context:
        """What a request holds its rows by."""

    for query in (ALL, "{ leaves { name later } }", "{ leaves { name } }"):
        context = Context()
        gone = weakref.ref(context)
        root = SimpleNamespace(leaf=leaf(), leaves=[leaf(), leaf()])
        assert (await SHORT.execute(query, root_value=root, context_value=context)).data
        del context
        assert gone() is None, query


async def test_each_type_of_an_abstract_list_has_fields_of_its_own() -> None:
    root = {"things": lambda: [Stone(name="s", weight=None), Stone(name="t", weight=3)]}
    query = "{ things { __typename name ... on Stone { weight } ... on Leaf { number } } }"
    data, errors = await answer(SHORT, query, root)
    assert (data, errors) == await answer(LONG, query, root)
    assert json.loads(data)["things"][1] == {"__typename": "Stone", "name": "t", "weight": 3}


async def test_middleware_wraps_plain_fields_too() -> None:
    root: dict[str, Callable[[], Any]] = {"leaf": leaf}
    data, _ = await answer(schema(Executor, Loud), "{ leaf { name number } }", root)
    assert json.loads(data) == {"leaf": {"name": "OAK", "number": 1}}


async def test_introspection_is_answered_alike() -> None:
    query = '{ __type(name: "Leaf") { name fields { name type { kind ofType { name } } } } }'
    assert await answer(SHORT, query, {}) == await answer(LONG, query, {})


async def test_a_failure_abandons_nothing(recwarn: pytest.WarningsRecorder) -> None:
    root = {"leaves": lambda: [leaf(), leaf(name=None)]}
    await answer(SHORT, "{ leaves { later name broken } }", root)
    assert [str(warning.message) for warning in recwarn if "never awaited" in str(warning.message)] == []
