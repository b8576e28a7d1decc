"""A server that stops waits for no websocket."""

import asyncio

import pytest

from api.cli.serving import serve as serving
from tests import story
from tests.client import Client, new_client
from tests.graphql.launches.test_launch_progress import FOLLOW, begun, event
from tests.live import PATIENCE, Live, listening, until
from tests.served import NOW


async def test_a_server_that_stops_closes_what_is_followed(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    async with live.opened(rep.token) as socket, live.opened() as silent:
        await socket.begin(FOLLOW, id=launch)
        await event(socket)
        live.server.should_exit = True
        assert (await socket.closing())[0] == 1012
        assert (await silent.closing())[0] == 1012
    await until(live.serving.done)
    assert live.watch.followers == 0


async def test_a_client_that_reads_no_more_keeps_no_server_from_stopping(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "SHUTDOWN_SECONDS", 0.1)
    async with listening(database_url) as live:
        rep = await new_client(live.http, NOW)
        await story.template(rep, html=f"<p>{'x' * 100_000}</p>")
        much = "{" + " ".join(f"a{n}: templates(first: 1) {{ nodes {{ html }} }}" for n in range(40)) + "}"
        async with live.opened(rep.token, compression=None) as socket:
            socket.wire.transport.pause_reading()
            for _ in range(3):
                await socket.begin(much)
            connections = live.server.server_state.connections
            await until(lambda: any(connection.transport.get_write_buffer_size() for connection in connections))
            live.server.should_exit = True
            await asyncio.wait_for(asyncio.shield(live.serving), PATIENCE)
            socket.wire.transport.abort()
