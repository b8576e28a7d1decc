"""The subscription to the Live Feed, over both transports: from a cursor, with a filter, and to its end."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from api.codes.events.event_kinds import EventKind
from api.http.graphql import event_streams, websocket_frames
from api.http.graphql.json_writing import write_any_json
from api.models import Token
from api.services.following import event_follower, event_tail, events
from api.store.engine.transactions import transaction
from api.store.events.events import Line, write
from tests import story
from tests.client import Client
from tests.http.graphql.test_event_streams import opened
from tests.live import PATIENCE, Live, until
from tests.served import NOW

pytestmark = pytest.mark.usefixtures("quiet")
FOLLOW = """subscription($filter: EventFilter, $after: ID) {
  events(filter: $filter, after: $after) { id kind person { email } } }"""
IDS = "subscription($after: ID) { events(after: $after) { id data } }"
Follow = Callable[..., AsyncGenerator[dict[str, Any], None]]


async def over_websocket(live: Live, client: Client, query: str, **variables: Any) -> AsyncGenerator[Any, None]:
    """Yield what a websocket sends: results, errors, and the code with which it closes."""
    async with live.opened(client.token) as socket:
        await socket.begin(query, **variables)
        while True:
            try:
                message = await socket.hear()
            except Exception:
                yield {"closed": (await socket.closing())[0]}
                return
            yield {"errors": message["payload"]} if message["type"] == "error" else message["payload"]


async def over_stream(_: Live, client: Client, query: str, **variables: Any) -> AsyncGenerator[Any, None]:
    """Yield what a stream of server-sent events sends."""
    async with opened(client, query, variables) as stream:
        while (event := await stream.event())[0] == "next":
            yield event[1]


TRANSPORTS = pytest.mark.parametrize("follow", [over_websocket, over_stream])


async def taken(updates: AsyncGenerator[Any, None], number: int) -> list[Any]:
    """Return the next events."""
    return [(await asyncio.wait_for(anext(updates), PATIENCE))["data"]["events"] for _ in range(number)]


async def code(updates: AsyncGenerator[Any, None]) -> tuple[str, list[str] | None]:
    """Return the code and the path of the error that comes next."""
    (error,) = (await asyncio.wait_for(anext(updates), PATIENCE))["errors"]
    return error["extensions"]["code"], error["extensions"].get("path")


async def happen(client: Client, *kinds: EventKind, person: str | None = None) -> None:
    async with transaction():
        await write([Line(client.workspace.id, kind, NOW, person_id=person) for kind in kinds])


@TRANSPORTS
@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_events_are_followed_from_a_cursor(live: Live, rep: Client, follow: Follow) -> None:
    ada = await story.person(rep, "ada@example.com")
    assert await rep.ask("{ eventCursor }") == {"eventCursor": events.BEGINNING}
    await happen(rep, EventKind.REPLIED, EventKind.CLICKED, person=ada)
    async with aclosing(follow(live, rep, FOLLOW, after=events.BEGINNING)) as updates:
        first, second = await taken(updates, 2)
        assert [each["kind"] for each in (first, second)] == ["REPLIED", "CLICKED"]
        assert first["person"] == {"email": "ada@example.com"}
        await happen(rep, EventKind.RESUBSCRIBED)
        (third,) = await taken(updates, 1)
    await happen(rep, EventKind.OPENED)
    async with aclosing(follow(live, rep, FOLLOW, after=second["id"])) as updates:
        resumed = await taken(updates, 2)
    assert resumed[0] == third
    assert (await rep.ask("{ eventCursor }"))["eventCursor"] == resumed[1]["id"]
    listed = await rep.ask("{ events { nodes { id } } }")
    assert [each["id"] for each in reversed(listed["events"]["nodes"])] == [
        each["id"] for each in (first, second, *resumed)
    ]
    wanted = {"kinds": ["CLICKED", "OPENED"], "personId": ada}
    async with aclosing(follow(live, rep, FOLLOW, filter=wanted, after=events.BEGINNING)) as updates:
        assert await taken(updates, 1) == [second]
        await happen(rep, EventKind.OPENED)
        await happen(rep, EventKind.OPENED, person=ada)
        assert (await taken(updates, 1))[0]["person"] == {"email": "ada@example.com"}


@TRANSPORTS
async def test_wrong_cursors_are_refused(
    live: Live, rep: Client, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    await happen(rep, EventKind.REPLIED)
    for wrong in ("evt_00000000000000000000000001", "", "\x00", "x" * 30):
        async with aclosing(follow(live, rep, IDS, after=wrong)) as updates:
            assert await code(updates) == ("NOT_FOUND", ["after"])
    monkeypatch.setattr(events, "MAX_MISSED", 1)
    await happen(rep, EventKind.REPLIED)
    async with aclosing(follow(live, rep, IDS, after=events.BEGINNING)) as updates:
        assert await code(updates) == ("CURSOR_TOO_OLD", ["after"])


@TRANSPORTS
async def test_each_event_needs_a_valid_token(live: Live, rep: Client, follow: Follow) -> None:
    await happen(rep, EventKind.REPLIED)
    async with aclosing(follow(live, rep, IDS, after=events.BEGINNING)) as updates:
        await taken(updates, 1)
        await Token.filter(workspace_id=rep.workspace.id).delete()
        await happen(rep, EventKind.REPLIED)
        end = await asyncio.wait_for(anext(updates), PATIENCE)
    assert end == {"closed": 4401} or end["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@TRANSPORTS
async def test_a_client_that_reads_too_slowly_is_cut_off_and_resumes(
    live: Live, rep: Client, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_follower, "MAX_WAITING", 3)
    monkeypatch.setattr(event_tail, "MAX_BEHIND", 8)
    monkeypatch.setattr(event_tail, "MIN_GAP_SECONDS", 0.0)
    reads = asyncio.Event()

    async def written(content: Any) -> bytes:
        text = await write_any_json(content)
        if b'"data":{"events"' in text:
            await reads.wait()
        return text

    monkeypatch.setattr(websocket_frames, "write_any_json", written)
    monkeypatch.setattr(event_streams, "write_any_json", written)
    got: list[str] = []
    async with aclosing(follow(live, rep, IDS, after=events.BEGINNING)) as updates:
        first = asyncio.create_task(anext(updates))
        await until(lambda: live.tail.clients == 1)
        tail = live.tail._workspaces[rep.workspace.id]
        await until(tail.started.is_set)
        for number in range(1, 15):
            await happen(rep, EventKind.REPLIED)
            await until(lambda number=number: tail.count == number)  # type: ignore[misc]
        reads.set()
        update = await first
        while "data" in update:
            got.append(update["data"]["events"]["id"])
            update = await asyncio.wait_for(anext(updates), PATIENCE)
        assert update == {"closed": 4410} or update["errors"][0]["extensions"]["code"] == "TOO_SLOW"
    assert 0 < len(got) < 14
    async with aclosing(follow(live, rep, IDS, after=got[-1])) as updates:
        got += [each["id"] for each in await taken(updates, 14 - len(got))]
    assert got == sorted(set(got))
    await until(lambda: live.tail.clients == 0)
