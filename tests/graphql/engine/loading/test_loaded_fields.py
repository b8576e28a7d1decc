"""Fields that show what a loader has: loaded ahead for a long list, and read like columns."""

from types import SimpleNamespace
from typing import Any

from strawberry.dataloader import DataLoader

from api.graphql.engine.loading.loaded_fields import LoadedField, load_ahead, read_if_loaded
from api.graphql.schema import schema

PERSON, NAME = LoadedField("person", "person_id", ""), LoadedField("person", "person_id", "name")
ITEMS = [SimpleNamespace(person_id=key) for key in ("a", "b", None, "a", "broken")]


class Loading:
    """Loads people, and counts what was asked for. The key "broken" cannot be loaded."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.person = DataLoader(load_fn=self.load)

    async def load(self, keys: list[str]) -> list[Any]:
        self.asked.append(keys)
        return [ValueError(key) if key == "broken" else SimpleNamespace(name=key.upper()) for key in keys]


async def values_of(field: LoadedField, loading: Loading) -> list[Any]:
    info: Any = SimpleNamespace(context=SimpleNamespace(loaders=loading))
    read = read_if_loaded(field, lambda source, info: f"resolver of {source.person_id}")
    return [read(item, info) for item in ITEMS]


async def test_what_is_loaded_ahead_is_read_without_the_resolver() -> None:
    loading = Loading()
    await load_ahead([PERSON, NAME], ITEMS, loading)
    assert loading.asked == [["a", "b", "broken"]]  # each once
    # The resolver raises the error of what cannot be loaded.
    assert await values_of(NAME, loading) == ["A", "B", None, "A", "resolver of broken"]
    assert [getattr(found, "name", found) for found in await values_of(PERSON, loading)] == [
        *("A", "B", None, "A"),
        "resolver of broken",
    ]
    assert len(loading.asked) == 1


async def test_the_resolver_reads_what_is_not_loaded() -> None:
    loading = Loading()
    await load_ahead([NAME], [], loading)
    loading.person.load("a")  # nothing has come yet
    assert await values_of(NAME, loading) == [
        "resolver of a", "resolver of b", None, "resolver of a", "resolver of broken",
    ]  # fmt: skip


def test_loaded_fields_keep_their_cost_and_are_fields_of_emails() -> None:
    kind: Any = schema._schema.type_map["Email"]
    assert kind.fields["opens"].resolve.__qualname__.startswith("read_if_loaded")
    assert kind.fields["campaign"].resolve.__qualname__.startswith("GraphQLCoreConverter")
