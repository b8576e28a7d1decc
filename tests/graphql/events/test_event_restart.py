"""Clients of the Live Feed resume after a restart of the only server: no event is missed, and none comes twice."""

import asyncio
from contextlib import aclosing, suppress

import httpx
import pytest

from api.codes.events.event_kinds import EventKind
from api.services.following.events import BEGINNING
from api.store.engine.database import close_database, open_database
from api.store.engine.transactions import transaction
from api.store.events.events import Line, write
from tests.client import Client, new_client
from tests.graphql.events.test_event_subscription import IDS, over_stream, over_websocket
from tests.live import PATIENCE, Live, listening, until
from tests.served import NOW

pytestmark = pytest.mark.usefixtures("quiet")
CLIENTS = 20
EVENTS = 10


async def written(client: Client, first: int) -> None:
    """Write events, each in a transaction of its own."""
    for number in range(first, first + EVENTS):
        async with transaction():
            await write([Line(client.workspace.id, EventKind.REPLIED, NOW, data=f'{{"number": {number}}}')])


async def follow(live: Live, client: Client, number: int, received: list[dict[str, str]], number_wanted: int) -> None:
    """Follow the feed after the last event, over a websocket or a stream, until so many have come or the end."""
    over = over_websocket if number % 2 else over_stream
    after = received[-1]["id"] if received else BEGINNING
    with suppress(httpx.HTTPError, EOFError):  # the server has gone
        async with aclosing(over(live, client, IDS, after=after)) as updates:
            async for update in updates:
                if "data" not in update:
                    return
                received.append(update["data"]["events"])
                if len(received) == number_wanted:
                    return


async def test_a_restart_loses_no_event_and_repeats_none(database_url: str, environment: dict[str, str]) -> None:
    received: list[list[dict[str, str]]] = [[] for _ in range(CLIENTS)]
    async with listening(database_url, environment) as live:
        client = await new_client(live.http, NOW)
        following = [
            asyncio.create_task(follow(live, client, number, received[number], 10 * EVENTS))
            for number in range(CLIENTS)
        ]
        await written(client, 0)
        await until(lambda: any(received))
        # The server stops while some clients have read a part.
    await asyncio.wait(following, timeout=PATIENCE)
    await open_database(database_url)
    await written(client, EVENTS)  # nobody follows now
    await close_database()
    async with listening(database_url, environment) as live:
        again = Client(live.http, client.token, client.workspace)
        following = [
            asyncio.create_task(follow(live, again, number, received[number], 3 * EVENTS)) for number in range(CLIENTS)
        ]
        await written(again, 2 * EVENTS)
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*following)
    for events in received:
        assert [event["data"]["number"] for event in events] == list(range(3 * EVENTS))  # type: ignore[index]
