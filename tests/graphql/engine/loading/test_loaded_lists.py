"""Lists that are written as JSON have the text that graphql-core's results have, for random documents and faults."""

import asyncio
from collections.abc import Collection, Generator
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import strawberry
from strawberry.dataloader import DataLoader

from api.graphql.engine.execution import time_slices
from api.graphql.engine.execution.executor import Executor
from api.graphql.engine.execution.json_text import EncodedJson
from api.graphql.engine.loading.loaded_lists import load_together, loaded_list
from api.graphql.engine.scalars import DateTime
from api.http.graphql.json_writing import write_any_json
from api.store.engine.rows import ChildColumns

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
    stem: Twig
    tip: Twig | None

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
        self.written = False
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
        if kind is Twig:
            values |= {"colour": self.random.choice(list(Colour)), "at": NOON}
        else:
            values |= {
                "stem": self._item(Twig, f"s{row_id}"),
                "tip": self.random.choice([None, self._item(Twig, f"t{row_id}")]),
            }
        wrong = [None, 2**31, "x", ["x"], ValueError("no value"), Soon("late"), Soon(None)]
        values = {name: value if name == "id" else self._or(value, wrong) for name, value in values.items()}
        item = kind(**values)
        return self._or(item, [None, ImportError(name="oak"), Soon(item), Soon(None), ValueError("no item")])

    def context(self, *, writes_json: bool = True) -> Any:
        """Return the context with its loaders."""
        loaders = {kind: DataLoader(load_fn=partial(self._read, kind)) for kind in ("twigs", "buds")}
        lists = {
            kind: DataLoader(load_fn=partial(load_together, partial(self._read, kind))) for kind in ("twigs", "buds")
        }
        return SimpleNamespace(loaders=SimpleNamespace(**loaders, lists=lists), writes_json=writes_json)

    async def _read(self, kind: str, ids: list[str], columns: Collection[str] | None = None) -> Any:
        self.reads.append((kind, frozenset(columns or ())))
        if columns is None:
            return [self.rows[kind, row_id] for row_id in ids]
        return Rows({row_id: self.rows[kind, row_id] for row_id in ids}, columns)


class Rows(NamedTuple):
    """Rows as ``child_rows`` returns them. Their values may be wrong."""

    rows: dict[str, Any]
    columns: Collection[str]

    def columns_of(self, ids: Collection[str]) -> ChildColumns:
        """Return the rows of these ids."""
        lists = [self.rows[row_id] for row_id in ids]
        if not all(isinstance(each, list) and all(type(row) is Twig for row in each) for each in lists):
            raise ValueError("no rows")
        rows = [row for each in lists for row in each]
        return ChildColumns(
            list(map(len, lists)), {name: [getattr(row, name) for row in rows] for name in self.columns}
        )


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
        fields += [self._object() for _ in range(self.random.randrange(2))]
        fields += ["...F"] * used
        self.random.shuffle(fields)
        root = self.random.choice(["branches", "branches", "strict"])
        fragment = f"fragment F on Branch {{ name xtwigs: twigs {{ {self._twig()} }} }}" if used else ""
        return f"query($yes: Boolean!) {{ a: __typename @skip(if: $yes) {root} {{ {' '.join(fields)} }} }} {fragment}"

    def _list(self) -> str:
        name = self.random.choice(["twigs", "buds"])
        return f"{self._alias(name)}{self._directive()} {{ {self._twig()} }}"

    def _object(self) -> str:
        name = self.random.choice(["stem", "tip"])
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
    """Return the text of the data, and the errors."""
    context = world.context(writes_json=of is SHORT)
    result = await of.execute(query, root_value=world.root, context_value=context, variable_values={"yes": yes})
    data = await write_any_json({"data": result.data})
    world.written = any(isinstance(each, EncodedJson) for each in (result.data or {}).values())
    return data.decode(), sorted((error.formatted for error in result.errors or ()), key=str)


@pytest.mark.parametrize(("faults", "seeds"), [(0.0, range(80)), (0.02, range(130, 210)), (0.1, range(260, 340))])
async def test_random_documents_are_executed_as_graphql_core_does(
    faults: float, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    # If several fields fail, a pause between them changes which errors are reported.
    monkeypatch.setattr(time_slices, "TIME_SLICE_SECONDS", 60.0)
    together = written = failed = 0
    for seed in seeds:
        query, yes = Documents(seed).one(), bool(seed % 3)
        short, long = World(seed, faults), World(seed, faults)
        given = await answer(SHORT, query, short, yes=yes)
        assert given == await answer(LONG, query, long, yes=yes), (seed, query)
        together += any(columns for _, columns in short.reads)
        written += short.written
        failed += bool(given[1])
    assert together > 12, "few documents were read together"
    assert written > (6 if faults else 46), "few documents were written as JSON"
    assert failed > 6 if faults else failed < 40


async def test_lists_of_one_document_are_loaded_by_one_query() -> None:
    query = "{ branches { id twigs { id } } strict { id twigs { name number } xtwigs: twigs { note } } }"
    short, long = World(3, 0.0, branches=20), World(3, 0.0, branches=20)
    given = await answer(SHORT, query, short)
    assert given == await answer(LONG, query, long)
    assert short.reads == [("twigs", {"id", "name", "number"}), ("twigs", {"note"})]


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
