"""A launch is followed over a websocket: to its end, by many at once, and by nobody of another workspace."""

import asyncio
import logging

import pytest

from api.models import Campaign, Launch, Token
from api.services.common.request_context import WorkspaceContext
from api.services.following.row_kinds import RowKind
from api.states import LaunchStatus
from plugins.loading.manager import load
from tests import story
from tests.client import Client, new_client
from tests.graphql.launches.test_start_launch import CANCEL, START, authored
from tests.live import PATIENCE, Live, Socket, until, unused_connections
from tests.served import NOW
from tests.services.jobs.claims import claim_launch, run_launch

pytestmark = pytest.mark.usefixtures("quiet")
FOLLOW = """subscription($id: ID!) { launchProgress(id: $id) {
  status processed enrolled leftOut progress campaign { name } } }"""


async def begun(client: Client) -> str:
    """Begin a launch for two people, and return its id."""
    campaign = await authored(client)
    people = [await story.person(client), await story.person(client, "grace@example.com")]
    given = {"campaignId": campaign, "personIds": people, "sendNow": True}
    return str((await client.do(START, "launch", input=given))["id"])


async def moved(launch: str) -> None:
    """Let another process enroll the first of them."""
    await Launch.filter(id=launch).update(processed=1, enrolled=1)


async def ended() -> None:
    """Run the launch to its end."""
    row = await claim_launch(NOW)
    assert row is not None
    await run_launch(row, lambda of: WorkspaceContext(of, load({}), lambda: NOW, lambda: None), lambda: NOW)


async def event(socket: Socket) -> tuple[str, int, float]:
    """Return what the next event says of the launch."""
    message = await socket.hear()
    assert message["type"] == "next", message
    told = message["payload"]["data"]["launchProgress"]
    return told["status"], told["processed"], told["progress"]


def test_only_what_has_come_to_its_end_is_over() -> None:
    assert {status for status in LaunchStatus if status.over} == {
        LaunchStatus.FINISHED,
        LaunchStatus.CANCELLED,
        LaunchStatus.FAILED,
    }


async def test_a_launch_is_followed_to_its_end(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    async with live.opened(rep.token) as socket:
        name = await socket.begin(FOLLOW, id=launch)
        assert await event(socket) == ("RUNNING", 0, 0.0)
        live.gate.open()  # nothing has changed, so nothing is told
        await moved(launch)
        live.gate.open()
        assert await event(socket) == ("RUNNING", 1, 0.5)
        await ended()
        live.gate.open()
        assert await event(socket) == ("FINISHED", 2, 1.0)
        assert await socket.hear() == {"id": name, "type": "complete"}
        assert live.watch.followers == 0


async def test_a_launch_is_cancelled_midway(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    async with live.opened(rep.token) as socket:
        name = await socket.begin(FOLLOW, id=launch)
        assert await event(socket) == ("RUNNING", 0, 0.0)
        await moved(launch)
        await rep.do(CANCEL, "launch", id=launch)
        live.gate.open()
        assert (await event(socket))[:2] == ("CANCELLED", 1)
        assert await socket.hear() == {"id": name, "type": "complete"}


async def test_a_launch_that_is_over_is_told_once(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    await ended()
    async with live.opened(rep.token) as socket:
        name = await socket.begin(FOLLOW, id=launch)
        assert await event(socket) == ("FINISHED", 2, 1.0)
        assert await socket.hear() == {"id": name, "type": "complete"}


async def test_unknown_and_foreign_launches_are_the_same_error(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    stranger = await new_client(live.http, NOW)
    async with live.opened(stranger.token) as socket:
        for wrong in (launch, "lau_00000000000000000000000000", "", "\x00", "\ud800"):
            name = await socket.begin(FOLLOW, id=wrong)
            message = await socket.hear()
            assert (message["id"], message["type"]) == (name, "error")
            (error,) = message["payload"]
            assert error["extensions"] == {"code": "NOT_FOUND", "path": ["id"]}
            assert error["message"] == f"There is no launch {wrong!r} in this workspace."
    assert live.watch.followers == 0


async def test_one_look_serves_all_and_each_event_is_fresh(
    live: Live, rep: Client, caplog: pytest.LogCaptureFixture
) -> None:
    launch = await begun(rep)
    async with live.opened(rep.token) as one, live.opened(rep.token) as other:
        for socket in (one, one, other):
            await socket.begin(FOLLOW, id=launch)
            assert (await socket.hear())["payload"]["data"]["launchProgress"]["campaign"] == {"name": "Spring"}
        assert live.watch.followers == 3
        await Campaign.all().update(name="Autumn")
        await moved(launch)
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            live.gate.open()
            for socket in (one, one, other):
                assert (await socket.hear())["payload"]["data"]["launchProgress"]["campaign"] == {"name": "Autumn"}
        looks = [record for record in caplog.messages if 'FROM "launch"' in record]
        assert len(looks) == 1


async def test_a_look_that_fails_is_tried_again(
    live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    launch = await begun(rep)
    async with live.opened(rep.token) as socket:
        await socket.begin(FOLLOW, id=launch)
        await event(socket)
        await moved(launch)
        failed = asyncio.Event()

        async def broken(*_: object) -> None:
            failed.set()
            raise ConnectionError("the database hung up")

        with monkeypatch.context() as patched:
            patched.setattr(RowKind, "rows", broken)
            live.gate.open()
            await asyncio.wait_for(failed.wait(), PATIENCE)
        live.gate.open()
        assert await event(socket) == ("RUNNING", 1, 0.5)
    assert "the database hung up" in caplog.text


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_following_holds_no_connection_and_ends_with_the_client(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    before = asyncio.all_tasks()
    async with live.opened(rep.token) as left, live.opened(rep.token) as dropped, live.opened(rep.token) as stopped:
        for socket in (left, dropped, stopped):
            name = await socket.begin(FOLLOW, id=launch)
            await event(socket)
        assert live.watch.followers == 3
        await until(unused_connections)
        await stopped.send({"id": name, "type": "complete"})
        dropped.wire.transport.abort()
    await until(lambda: not live.watch.followers)
    await until(lambda: not asyncio.all_tasks() - before)
    await until(unused_connections)


async def test_a_token_that_ends_ends_what_it_follows(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    async with live.opened(rep.token) as socket:
        await socket.begin(FOLLOW, id=launch)
        await event(socket)
        await Token.filter(workspace_id=rep.workspace.id).delete()
        await moved(launch)
        live.gate.open()
        assert await socket.closing() == (4401, "Invalid or expired token.")
    await until(lambda: not live.watch.followers)
