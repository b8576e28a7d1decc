"""Others come between the items of a long list, and an operation ends in time."""

import asyncio

import pytest

from api.graphql.engine.execution import operations, time_slices
from tests import story
from tests.client import Client


@pytest.mark.parametrize("items", ["nodes {{ {} }}", "edges {{ node {{ {} }} }}"])
async def test_others_come_between_the_items_of_a_long_list(
    client: Client, monkeypatch: pytest.MonkeyPatch, items: str
) -> None:
    for number in range(60):
        await story.person(client, f"p{number}@example.com")
    monkeypatch.setattr(time_slices, "TIME_SLICE_SECONDS", 0.001)
    rounds, asked = 0, asyncio.Event()

    async def other() -> None:
        nonlocal rounds
        while not asked.is_set():
            rounds += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    fields = " ".join(f"a{n}: unsubscribedAt" for n in range(80))
    data = await client.ask(f"{{ people(first: 60) {{ {items.format(f'id email {fields}')} }} }}")
    asked.set()
    await task
    people = data["people"]
    nodes = people["nodes"] if "nodes" in people else [edge["node"] for edge in people["edges"]]
    assert [node["email"] for node in nodes] == [f"p{number}@example.com" for number in range(60)]
    assert {node["a79"] for node in nodes} == {None}
    assert rounds > 10


async def test_an_operation_that_takes_too_long_is_ended(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "REQUEST_SECONDS", 0.0)
    answer = await client.raw("{ people { nodes { id } } }")
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"] == {"code": "REQUEST_TIMEOUT"}
    monkeypatch.undo()
    assert "errors" not in await client.raw("{ people { nodes { id } } }")
