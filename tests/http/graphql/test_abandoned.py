"""Clients that hang up in the middle of a mutation, at every moment of it: nothing stays taken."""

import asyncio

import pytest

from tests import story
from tests.client import Client
from tests.graphql.launches.test_start_launch import authored
from tests.live import Live, until, unused_connections

pytestmark = pytest.mark.usefixtures("quiet")
MOMENTS = 60


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_abandoned_mutations_leave_the_server_whole(live: Live, rep: Client) -> None:
    campaign = await authored(rep)
    people = [await story.person(rep, f"p{number}@example.com") for number in range(MOMENTS)]
    before = asyncio.all_tasks()
    for moment, person in enumerate(people):
        async with live.opened(rep.token) as socket:
            given = {"campaignId": campaign, "personIds": [person], "sendNow": True}
            name = await socket.begin(story.LAUNCH, input=given)
            for _ in range(4 * moment):
                await asyncio.sleep(0)
            if moment % 2:
                await socket.send({"id": name, "type": "complete"})
            socket.wire.transport.abort()
    await until(lambda: not asyncio.all_tasks() - before)
    await until(unused_connections)
    last = await story.person(rep, "last@example.com")
    async with live.opened(rep.token) as socket:
        given = {"campaignId": campaign, "personIds": [last], "sendNow": True}
        answer = await socket.ask(story.LAUNCH, input=given)
        assert answer["data"]["launch"]["errors"] == []
