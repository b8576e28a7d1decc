"""Events are read in an order in which none can be missed: transactions that are still open hold readers back."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime

import pytest

from api.codes.events.event_kinds import EventKind
from api.models import Event, Workspace
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from api.store.events.event_feed import BEGINNING, Place, newest, number_after, place_of, read_after, read_each
from api.store.events.event_order import settled
from api.store.events.event_wake import woken
from api.store.events.events import workspace_event, write

pytestmark = pytest.mark.usefixtures("workspaces")
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
START = Place(-1)
KIND = EventKind.RESUBSCRIBED
postgres_only = pytest.mark.parametrize("database_kind", ["postgres"])


@pytest.fixture
async def workspaces(database: str) -> None:
    """Two workspaces."""
    for name in ("wsp_a", "wsp_b"):
        await Workspace.create(id=name, name=name, created_at=NOW)


async def written(name: str, workspace: str = "wsp_a", times: int = 1) -> None:
    """Write events in one transaction."""
    async with transaction():
        await write([workspace_event(workspace, KIND, NOW, data={"name": name}) for _ in range(times)])


@asynccontextmanager
async def open_transaction(name: str) -> AsyncIterator[asyncio.Event]:
    """Write an event in a transaction that stays open until the block ends. It rolls back if the event is set."""
    wrote, end, roll_back = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with transaction() as connection:
            await write([workspace_event("wsp_a", KIND, NOW, data={"name": name})])
            wrote.set()
            await end.wait()
            if roll_back.is_set():
                await connection.rollback()  # type: ignore[attr-defined]

    running = asyncio.create_task(run())
    await wrote.wait()
    try:
        yield roll_back
    finally:
        end.set()
        await running


async def names(place: Place = START) -> tuple[list[str], Place]:
    """Return the events after a place as a reader gets them, and its next place."""
    upto, _ = await settled()
    rows = await read_after("wsp_a", place, upto, 1_000)
    return [row.data["name"] for row in rows], Place(rows[-1].position, rows[-1].id) if rows else place


@postgres_only
async def test_an_event_of_an_open_transaction_holds_back_later_ones() -> None:
    await written("first")
    async with open_transaction("slow"):
        await written("fast")
        assert await names() == (["first"], (await names())[1])
        assert (await settled())[1]
    found, place = await names()
    assert found == ["first", "slow", "fast"]
    assert await names(place) == ([], place)
    assert not (await settled())[1]


@postgres_only
async def test_a_rolled_back_transaction_and_one_that_writes_no_event_hold_back_nothing() -> None:
    async with open_transaction("never") as roll_back:
        await written("kept")
        roll_back.set()
        assert (await names())[0] == []
    assert (await names())[0] == ["kept"]
    began, end = asyncio.Event(), asyncio.Event()

    async def other() -> None:
        async with transaction():
            await execute("CREATE TABLE elsewhere (id int)")
            began.set()
            await end.wait()

    running = asyncio.create_task(other())
    await began.wait()
    await written("at once")
    assert (await names())[0] == ["kept", "at once"]
    end.set()
    await running


@postgres_only
async def test_a_lock_is_taken_before_the_position() -> None:
    before, _ = await settled()
    async with open_transaction("slow"):
        (row,) = await execute("SELECT last_value FROM event_position")
        assert row["last_value"] == before + 1
        assert await settled() == (before, True)


async def test_readers_miss_no_event_and_get_none_twice() -> None:
    """Writers commit in a random order while readers follow. Ids alone would not do on PostgreSQL."""
    chance, going, turns = random.Random(7), True, 0

    async def writer(number: int) -> None:
        for turn in range(8):
            async with transaction():
                for part in range(chance.randint(1, 3)):
                    await write([workspace_event("wsp_a", KIND, NOW, data={"name": f"{number}.{turn}.{part}"})])
                    for _ in range(chance.randint(0, 6)):
                        await execute("SELECT 1")

    async def reader() -> list[str]:
        nonlocal turns
        found, place = list[str](), Place(-1)
        while True:
            last = not going
            more, place = await names(place)
            found += more
            turns += 1
            if last and not more:
                return found

    readers = [asyncio.create_task(reader()) for _ in range(3)]
    await asyncio.gather(*(writer(number) for number in range(4)))
    going = False
    rows = await Event.all().order_by("position", "id")
    in_order = [row.data["name"] for row in rows]
    assert len(in_order) == len(set(in_order)) >= 32
    assert [await each for each in readers] == [in_order] * 3
    assert turns > 10


async def test_the_events_of_one_statement_are_read_in_pages() -> None:
    await written("many", times=5)
    await written("other", "wsp_b")
    upto, _ = await settled()
    assert await number_after("wsp_a", Place(-1), 100) == 5
    assert await number_after("wsp_a", Place(-1), 3) == 3
    place, found = Place(-1), list[str]()
    while rows := await read_after("wsp_a", place, upto, 2):
        found += [row.id for row in rows]
        place = Place(rows[-1].position, rows[-1].id)
    assert found == sorted(set(found))
    assert len(found) == 5
    each = await read_each({"wsp_a": Place(-1), "wsp_b": Place(-1), "wsp_c": Place(-1)}, upto, 3)
    assert {key: len(rows) for key, rows in each.items()} == {"wsp_a": 3, "wsp_b": 1, "wsp_c": 0}
    assert [row.id for row in each["wsp_a"]] == found[:3]


async def test_places() -> None:
    assert await newest("wsp_a", 2**40) is None
    assert await place_of("wsp_a", BEGINNING) == Place(-1)
    await written("first", times=2)
    upto, _ = await settled()
    place = await newest("wsp_a", upto)
    assert place is not None
    assert await place_of("wsp_a", place.id) == place
    assert await place_of("wsp_b", place.id) is None
    assert await number_after("wsp_a", place, 10) == 0
    assert await newest("wsp_a", upto - 1) is None


async def test_a_reader_is_woken_although_the_one_before_it_ends_later() -> None:
    calls: list[str] = []

    def wake() -> None:
        calls.append("woken")

    with ExitStack() as last_client, ExitStack() as next_client:
        last_client.enter_context(woken(wake))
        next_client.enter_context(woken(wake))
        last_client.close()
        await written("first")
        assert calls == ["woken"]
    await written("second")
    assert calls == ["woken"]
