"""Lists that are loaded and read together give what graphql-core gives, for random documents and random faults."""

import asyncio
import json
from collections.abc import Collection, Generator
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from strawberry.dataloader import DataLoader

from api.graphql.engine import time_slices
from api.graphql.engine.executor import Executor
from api.graphql.engine.loaded_lists import load_together, loaded_list
from api.graphql.engine.scalars import DateTime

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@strawberry.enum
class Colour(Enum):
    """An enum whose values are not its names."""

    RED = "r"
    BLUE = "b"


@strawberry.type
class Twig:
    """An item of a loaded list."""

    id: strawberry.ID
    name: str
    number: int
    note: str | None
    colour: Colour
    at: datetime

    @strawberry.field
    async def later(self) -> str:
        """Return a value for which the executor waits."""
        return f"later {self.name}"


@strawberry.type
class Branch:
    """An object with two loaded lists."""

    id: strawberry.ID
    name: str
    number: int
    note: str | None

    @strawberry.field(metadata=loaded_list("twigs"))
    async def twigs(self, info: strawberry.Info[Any, Any]) -> list[Twig]:
        """Load a list without nulls."""
        return await info.context.loaders.twigs.load(self.id)

    @strawberry.field(metadata=loaded_list("buds"))
    async def buds(self, info: strawberry.Info[Any, Any]) -> list[Twig | None] | None:
        """Load a list that may be null and have nulls."""
        return await info.context.loaders.buds.load(self.id)

    @strawberry.field
    async def later(self) -> str:
        """Return a value for which the executor waits."""
        return f"later {self.name}"


@strawberry.type
class Query:
    """The root, whose value has the rows."""

    branches: list[Branch | None]
    strict: list[Branch]


class Soon:
    """A value for which the executor waits, any number of times."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.value


class World:
    """Random rows: the same for the same seed."""

    def __init__(self, seed: int, faults: float, branches: int = 4) -> None:
        self.random, self.faults, self.reads = Random(seed), faults, list[tuple[str, frozenset[str]]]()
        made = [self._item(Branch, f"b{n}") for n in range(self.random.randrange(1, branches))]
        self.root = SimpleNamespace(branches=made, strict=made)
        self.rows: dict[tuple[str, str], Any] = {}
        for kind in ("twigs", "buds"):
            for branch in range(branches):
                items = [self._item(Twig, f"{kind}{branch}{n}") for n in range(self.random.randrange(4))]
                wrong = [ValueError(f"no {kind} of b{branch}"), None, Soon(items), 7, tuple(items)]
                self.rows[kind, f"b{branch}"] = self._or(items, wrong)

    def _or(self, right: Any, wrong: list[Any]) -> Any:
        return self.random.choice(wrong) if self.random.random() < self.faults else right

    def _item(self, kind: type, row_id: str) -> Any:
        values: dict[str, Any] = {"id": row_id, "name": f"n{row_id}", "number": self.random.randrange(9)}
        values |= {"note": self.random.choice([None, "n"])}
        values |= {"colour": Colour.RED, "at": NOON} if kind is Twig else {}
        wrong = [None, 2**31, "x", ["x"], ValueError("no value"), Soon("late"), Soon(None)]
        values = {name: value if name == "id" else self._or(value, wrong) for name, value in values.items()}
        item = kind(**values)
        return self._or(item, [None, ImportError(name="oak"), Soon(item), Soon(None), ValueError("no item")])

    def context(self) -> Any:
        """Return the context with its loaders."""
        loaders = {kind: DataLoader(load_fn=partial(self._read, kind)) for kind in ("twigs", "buds")}
        lists = {
            kind: DataLoader(load_fn=partial(load_together, partial(self._read, kind))) for kind in ("twigs", "buds")
        }
        return SimpleNamespace(loaders=SimpleNamespace(**loaders, lists=lists))

    async def _read(self, kind: str, ids: list[str], columns: Collection[str] | None = None) -> list[Any]:
        self.reads.append((kind, frozenset(columns or ())))
        return [self._part(self.rows[kind, row_id], columns) for row_id in ids]

    def _part(self, rows: Any, columns: Collection[str] | None) -> Any:
        if columns is None or not isinstance(rows, list):
            return rows
        known = [row if type(row) is not Twig else {c: getattr(row, c) for c in columns} for row in rows]
        return [SimpleNamespace(**row) if isinstance(row, dict) else row for row in known]


class Documents:
    """Random documents of the lists and their fields, with aliases, fragments and directives."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.slow = self.random.random() < 0.2
        """Whether a field without the fast path may be selected."""

    def one(self) -> str:
        """Return a document."""
        used = self.random.random() < 0.4
        fields = [self._list() for _ in range(self.random.randrange(1, 4))]
        fields += [self._field(["id", "name", "number", "note"], "Branch") for _ in range(self.random.randrange(4))]
        fields += ["...F"] * used
        self.random.shuffle(fields)
        root = self.random.choice(["branches", "branches", "strict"])
        fragment = f"fragment F on Branch {{ name xtwigs: twigs {{ {self._twig()} }} }}" if used else ""
        return f"query($yes: Boolean!) {{ a: __typename @skip(if: $yes) {root} {{ {' '.join(fields)} }} }} {fragment}"

    def _list(self) -> str:
        name = self.random.choice(["twigs", "buds"])
        return f"{self._alias(name)}{self._directive()} {{ {self._twig()} }}"

    def _twig(self) -> str:
        names = ["id", "name", "number", "note", "colour", "at", "__typename", *["later"] * self.slow]
        return " ".join(self._field(names, "Twig") for _ in range(self.random.randrange(1, 6)))

    def _field(self, names: list[str], parent: str) -> str:
        field = f"{self._alias(self.random.choice(names))}{self._directive()}"
        around = self.random.choice(["", "", "", "...", f"... on {parent}"])
        return f"{around}{self._directive()} {{ {field} }}" if around else field

    def _alias(self, name: str) -> str:
        return self.random.choice([name, name, f"x{name}: {name}"])

    def _directive(self) -> str:
        return self.random.choice(["", "", "", "", " @skip(if: $yes)", " @include(if: $yes)", " @skip(if: false)"])


CONFIG = strawberry.schema.config.StrawberryConfig(scalar_map={datetime: DateTime})
SHORT, LONG = (strawberry.Schema(Query, config=CONFIG, execution_context_class=each) for each in (Executor, None))


async def answer(of: strawberry.Schema, query: str, world: World, *, yes: bool = True) -> tuple[str, list[Any]]:
    """Return the data as text, for its order counts, and the errors."""
    result = await of.execute(query, root_value=world.root, context_value=world.context(), variable_values={"yes": yes})
    return json.dumps(result.data), sorted((error.formatted for error in result.errors or ()), key=str)


@pytest.mark.parametrize("faults", [0.0, 0.02, 0.1])
async def test_random_documents_are_executed_as_graphql_core_does(faults: float) -> None:
    together = failed = 0
    for seed in range(250):
        query, yes = Documents(seed).one(), bool(seed % 3)
        short, long = World(seed, faults), World(seed, faults)
        given = await answer(SHORT, query, short, yes=yes)
        assert given == await answer(LONG, query, long, yes=yes), (seed, query)
        together += any(columns for _, columns in short.reads)
        failed += bool(given[1])
    assert together > 40, "few documents were read together"
    assert failed > 20 if faults else failed < 125


async def test_lists_of_one_document_are_loaded_by_one_query() -> None:
    query = "{ branches { id twigs { id } } strict { id twigs { name number } xtwigs: twigs { note } } }"
    short, long = World(3, 0.0, branches=20), World(3, 0.0, branches=20)
    given = await answer(SHORT, query, short)
    assert given == await answer(LONG, query, long)
    assert short.reads[0] == ("twigs", {"id", "name", "number"})
    assert short.reads[1:] == [("twigs", {"note"})]


@pytest.mark.parametrize("name", ["twigs", "buds"])
async def test_a_loader_that_fails_is_an_error_of_each_item(name: str) -> None:
    world = World(3, 0.0, branches=20)
    world.rows = {}
    query = f"{{ branches {{ id {name} {{ id }} }} }}"
    data, errors = await answer(SHORT, query, world)
    assert (data, errors) == await answer(LONG, query, world)
    assert [error["path"] for error in errors] == [["branches", n, name] for n in range(len(world.root.branches))]
    assert len(errors) > 1


async def test_other_work_runs_between_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "TIME_SLICE_SECONDS", -1.0)
    query, rounds = "{ branches { id twigs { id } } }", 0
    world = World(3, 0.0, branches=40)
    asked = asyncio.ensure_future(answer(SHORT, query, world))
    while not asked.done():
        rounds += 1
        await asyncio.sleep(0)
        if rounds > 30:
            monkeypatch.setattr(time_slices, "TIME_SLICE_SECONDS", 1.0)
    assert (await asked)[1] == []
    assert rounds > 30
    assert world.reads == [("twigs", {"id"})]
