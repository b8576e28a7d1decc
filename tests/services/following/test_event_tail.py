"""The tail of the Live Feed: every client gets each event once and in order, however far behind it is."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from api.codes.events.event_kinds import EventKind
from api.models import Event, Workspace
from api.services.following import event_follower, event_tail, workspace_tail
from api.services.following.event_filter_index import EventFilter, FilterIndex
from api.services.following.event_tail import EventTail, TooSlowError
from api.store.engine.transactions import transaction
from api.store.events.event_feed import Place
from api.store.events.event_order import settled
from api.store.events.events import Line, write
from tests.live import PATIENCE, until

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
ALL, START = EventFilter(), Place(-1)


class Maker:
    """Makes results: the ids of events."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.valid_tokens = {"t"}

    async def make(self, events: Sequence[Any]) -> Mapping[str, str]:
        self.made += [event.id for event in events]
        await asyncio.sleep(0)
        return {event.id: event.id for event in events}

    async def valid(self, tokens: Collection[str]) -> frozenset[str]:
        return frozenset(tokens) & self.valid_tokens


@pytest.fixture
async def workspace(database: str) -> str:
    """A workspace."""
    await Workspace.create(id="wsp_a", name="A", created_at=NOW)
    return "wsp_a"


def groups_of(tail: EventTail) -> list[Any]:
    """Return the groups of clients that follow the workspace."""
    return [group for workspace in tail._workspaces.values() for group in workspace.groups.values()]


async def written(*people: str, kind: EventKind = EventKind.REPLIED) -> None:
    """Write events of people in one transaction."""
    async with transaction():
        await write([Line("wsp_a", kind, NOW, person_id=person) for person in people])


async def collected(
    tail: EventTail, maker: Maker, number: int, wanted: EventFilter = ALL, place: Place = START
) -> list[str]:
    """Return the first events that a client gets."""
    found: list[str] = []
    if not number:
        return found
    async with asyncio.timeout(PATIENCE), aclosing(tail.follow("wsp_a", "key", maker, wanted, place, "t")) as updates:
        async for result, valid in updates:
            assert valid
            found.append(result)
            if len(found) == number:
                break
    return found


async def in_order(**wanted: Any) -> list[str]:
    return [row.id for row in await Event.filter(**wanted).order_by("position", "id")]


async def test_clients_join_while_events_happen(workspace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_tail, "PAGE", 3)
    monkeypatch.setattr(event_tail, "MIN_GAP_SECONDS", 0.0)
    monkeypatch.setattr(workspace_tail, "MAX_RECENT", 7)
    tail, maker = EventTail(), Maker()

    async def happen() -> None:
        for number in range(12):
            await written(*["ada", "bob"][: 1 + number % 2], "eve")

    clients = [asyncio.create_task(collected(tail, maker, 30)) for _ in range(2)]
    bobs = [asyncio.create_task(collected(tail, maker, 6, EventFilter(person_id="bob")))]
    happening = asyncio.create_task(happen())
    for _ in range(3):
        await until(lambda: len(maker.made) > 6)
        clients.append(asyncio.create_task(collected(tail, maker, 30)))
    await happening
    everything = await in_order()
    assert len(everything) == 30
    assert [await client for client in clients] == [everything] * 5
    assert [await client for client in bobs] == [await in_order(person_id="bob")]
    middle = await Event.get(id=everything[12])
    assert await collected(tail, maker, 17, place=Place(middle.position, middle.id)) == everything[13:]
    assert tail.clients == 0
    await tail.close()


async def test_a_client_without_a_cursor_gets_what_happens_from_now_on(workspace: str) -> None:
    await written("ada")
    upto, _ = await settled()
    tail, maker = EventTail(), Maker()
    client = asyncio.create_task(collected(tail, maker, 2, place=Place(upto)))
    await until(lambda: tail.clients == 1)
    await written("bob", "eve")
    assert await client == (await in_order())[1:]
    assert maker.made == (await in_order())[1:]
    await tail.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_client_that_is_ahead_of_the_tail_gets_nothing_twice(
    workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes from another server, which has read further."""
    tail, maker, behind = EventTail(), Maker(), asyncio.Event()

    async def late() -> tuple[int, bool]:
        return (await settled()) if behind.is_set() else (0, False)

    monkeypatch.setattr(event_tail, "settled", late)
    await written("ada", "bob")
    second = await Event.filter(person_id="bob").get()
    client = asyncio.create_task(collected(tail, maker, 1, place=Place(second.position, second.id)))
    await until(lambda: bool(tail._workspaces and list(tail._workspaces["wsp_a"].groups["key"].followers)))
    behind.set()
    await written("eve")
    assert await client == (await in_order())[2:]
    await tail.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_slow_client_reads_again_and_is_cut_off_when_too_far_behind(
    workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_follower, "MAX_WAITING", 4)
    monkeypatch.setattr(event_tail, "MAX_BEHIND", 15)
    monkeypatch.setattr(event_tail, "PAGE", 5)
    monkeypatch.setattr(event_tail, "MIN_GAP_SECONDS", 0.0)
    monkeypatch.setattr(workspace_tail, "MAX_RECENT", 5)
    tail, maker, fast = EventTail(), Maker(), list[str]()
    follow = tail.follow("wsp_a", "key", maker, ALL, Place(-1), "t")

    async def other() -> None:
        async for result, _ in tail.follow("wsp_a", "key", maker, ALL, Place(-1), "t"):
            fast.append(result)

    watching = asyncio.create_task(other())
    async with asyncio.timeout(PATIENCE), aclosing(follow):
        first = asyncio.ensure_future(anext(follow))
        # Both wait for the first event before it is written: reading it later would count it as one that is missed.
        await until(lambda: sum(len([*group.followers]) for group in groups_of(tail)) == 2)
        await written("ada")
        found = [(await first)[0]]
        await written(*["bob"] * 9)  # more than may wait: the client is dropped, and reads them from the database
        await until(lambda: len(fast) == 10)
        found += [(await anext(follow))[0] for _ in range(9)]
        assert found == await in_order()
        await written(*["bob"] * 9)
        await until(lambda: len(fast) == 19)
        found += [(await anext(follow))[0] for _ in range(5)]
        for sent in (28, 37, 46):  # one after the other: the fast client must not be too far behind as well
            await written(*["bob"] * 9)
            await until(lambda sent=sent: len(fast) == sent)  # type: ignore[misc]
        with pytest.raises(TooSlowError):
            while True:
                found.append((await anext(follow))[0])
    everything = await in_order()
    assert fast == everything
    assert found == everything[: len(found)]  # it resumes from its last event
    watching.cancel()
    await asyncio.wait([watching])
    await tail.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_results_that_cannot_be_made_are_made_again(
    workspace: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tail, maker, fails = EventTail(), Maker(), [True]
    make = maker.make

    async def failing(events: Sequence[Any]) -> Mapping[str, str]:
        if fails.pop() if fails else False:
            raise ConnectionError("the database hung up")
        return await make(events)

    monkeypatch.setattr(maker, "make", failing)
    client = asyncio.create_task(collected(tail, maker, 2))
    await until(lambda: bool(tail._workspaces and tail._workspaces["wsp_a"].started.is_set()))
    await written("ada")
    await written("bob")
    assert await client == await in_order()
    assert "the database hung up" in caplog.text
    await tail.close()


def test_filters() -> None:
    class Follower:
        def __init__(self, **wanted: Any) -> None:
            self.filter = EventFilter(**wanted)

    event = Event(id="evt_1", kind="REPLIED", person_id="p", campaign_id="c", send_id="s", position=1)
    other = Event(id="evt_2", kind="partner.THING", task_id="t", position=2)
    replied, nothing = frozenset({EventKind.REPLIED}), frozenset[EventKind]()
    hits = [{}, {"kinds": replied}, {"person_id": "p", "campaign_id": "c"}, {"email_id": "s", "kinds": replied}]
    misses = [{"kinds": nothing}, {"person_id": "q"}, {"campaign_id": "c", "kinds": frozenset({EventKind.CLICKED})}]
    index: FilterIndex[Any] = FilterIndex()
    for follower in (wanting := [Follower(**each) for each in (*hits, *misses)]):
        index.add(follower)
    package = Follower(kinds=frozenset({EventKind.OTHER}), task_id="t")
    index.add(package)
    assert index.matching([event]) == ([event], [wanting[0], wanting[1], wanting[3], wanting[2]])
    assert index.matching([other]) == ([other], [wanting[0], package])
    for follower in (*wanting, package, package):
        index.remove(follower)
    assert (index.size, index.matching([event, other]), list(index)) == (0, ([], []), [])
