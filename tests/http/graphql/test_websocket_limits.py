"""What strangers and clients may send over a websocket: little before they say who they are, and bounded afterwards."""

import asyncio
import json
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from api.http.access import workspace_limits
from api.server.limits import ServerLimits
from strategies import Refusal
from tests.client import Client, new_client
from tests.live import PATIENCE, Live, listening, until
from tests.loop_time import let_pass
from tests.raw import UPGRADE, Raw, frame, raw
from tests.served import NOW

pytestmark = pytest.mark.usefixtures("quiet")

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


@asynccontextmanager
async def upgraded(live: Live, token: str = "") -> AsyncIterator[tuple[Raw, bytes]]:
    """Open a websocket by hand; with a token it is acknowledged. Gives the head of the handshake's answer as well."""
    async with raw(live) as wire:
        await wire.send(UPGRADE)
        answer = await asyncio.wait_for(wire.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        if token:
            init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}
            await wire.send(frame(TEXT, json.dumps(init).encode()))
            assert b"connection_ack" in (await received(wire))[1]
        yield wire, answer


async def at_once(_: workspace_limits.MessageRateLimit, key: str) -> None:
    """Let a message through as a server without a pace would."""
    await asyncio.sleep(0)


async def received(wire: Raw) -> tuple[int, bytes]:
    """Return the opcode and the payload of the next frame."""
    first, length = await asyncio.wait_for(wire.reader.readexactly(2), PATIENCE)
    if length == 126:
        length = int.from_bytes(await wire.reader.readexactly(2), "big")
    return first & 15, await wire.reader.readexactly(length)


async def closing(wire: Raw) -> int:
    """Return the code with which the server closes; 0 where it only cuts the connection."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            opcode, payload = await received(wire)
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")
    return 0


async def test_nothing_is_inflated(live: Live) -> None:
    async with upgraded(live) as (wire, answer):
        assert b"permessage-deflate" not in answer.lower()
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(b" " * 2_000_000) + packer.flush(zlib.Z_SYNC_FLUSH)
        await wire.send(frame(TEXT, packed[:-4], compressed=True))
        assert await closing(wire) == 1002


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b" " * 4_097), 1009),
        (frame(TEXT, b"")[:1] + b"\xff" + (1 << 40).to_bytes(8, "big"), 1009),
        (frame(TEXT, b" " * 3_000, fin=False) + frame(CONTINUATION, b" " * 3_000), 1009),
        (frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 100_000, 1009),
        (frame(TEXT, b'{"type": "ping"}'), 4401),
        (frame(TEXT, b'{"type": "complete", "id": "1"}'), 4401),
        (frame(TEXT, b'{"type": "nothing"}'), 4401),
        (frame(TEXT, b'{"type": "connection_init", "payload": ' + b"[" * 2_000), 4400),
        (frame(TEXT, b'{"type": "connection_init", "payload": {"a": ' + b"1" * 3_900 + b"}}"), 4401),
        (frame(PING, b"x" * 125) * 10_000, 1008),
        (frame(PONG, b"") * 10_000, 1008),
        (frame(PING, b"x" * 126), 1002),
        (frame(BINARY, b"x"), 4400),
        (frame(TEXT, b'{"type": "connection_init"}') * 2, 4401),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_stranger_may_send_one_small_message(live: Live, sent: bytes, code: int) -> None:
    async with upgraded(live) as (wire, _):
        sending = asyncio.create_task(wire.send(sent))
        assert await closing(wire) == code
        await sending
        assert (await live.http.get("/health")).status_code == 200


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b" " * 1_000_001), 1009),
        (frame(TEXT, b" " * 600_000, fin=False) + frame(CONTINUATION, b" " * 600_000), 1009),
        (frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 100_000, 1009),
        (frame(PING, b"") * 10_000, 1008),
        (frame(TEXT, b"[" + b"[]," * 300_000 + b"[]]"), 4400),
        (frame(TEXT, b'{"type": "connection_init"}'), 4429),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_client_may_send_bounded_messages(live: Live, rep: Client, sent: bytes, code: int) -> None:
    async with upgraded(live, rep.token) as (wire, _):
        sending = asyncio.create_task(wire.send(sent))
        assert await closing(wire) == code
        await sending


async def test_a_large_message_in_fragments_is_read(live: Live, rep: Client) -> None:
    query = {"query": "query($x: String) { __typename }", "variables": {"x": "y" * 500_000}}
    text = json.dumps({"id": "1", "type": "subscribe", "payload": query}).encode()
    async with upgraded(live, rep.token) as (wire, _):
        await wire.send(frame(TEXT, text[:1_000], fin=False) + frame(PING, b"between"))
        await wire.send(frame(CONTINUATION, text[1_000:300_000], fin=False) + frame(CONTINUATION, text[300_000:]))
        assert await received(wire) == (PONG, b"between")
        assert "INVALID_QUERY" in (await received(wire))[1].decode()  # the variable is not used


async def test_a_flood_of_messages_is_taken_in_turn(live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_limits.MessageRateLimit, "wait", at_once)
    async with upgraded(live, rep.token) as (wire, _):
        sending = asyncio.create_task(wire.send(frame(TEXT, b'{"type": "ping"}') * 5_000))
        for _ in range(5_000):
            assert await received(wire) == (TEXT, b'{"type":"pong"}')
        await sending
        (connection,) = live.server.server_state.connections
        assert connection.queue.qsize() == 0  # type: ignore[union-attr]


async def test_who_does_not_read_is_closed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_limits.MessageRateLimit, "wait", at_once)
    limits = ServerLimits(write_seconds=0.2, close_seconds=0.1, sweep_seconds=0.02)
    async with listening(database_url, server_limits=limits) as live:
        rep = await new_client(live.http, NOW)
        async with upgraded(live, rep.token) as (wire, _):
            wire.reader._transport.pause_reading()  # type: ignore[attr-defined]
            sockets = [c for c in live.server.server_state.connections if hasattr(c, "acknowledged")]
            # The kernel keeps few answers, so that the server soon waits. The other direction stays wide: with small
            # buffers, TCP asks only after longer and longer pauses whether there is room again.
            wire.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            for each in sockets:
                each.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
            sending = asyncio.create_task(wire.send(frame(TEXT, b'{"type": "ping"}') * 100_000))
            await until(lambda: not any(c in live.server.server_state.connections for c in sockets))
            await sending


async def test_many_that_say_nothing_make_room(database_url: str) -> None:
    limits = ServerLimits(connections=20, init_seconds=15, sweep_seconds=0.02)
    async with listening(database_url, server_limits=limits) as live, AsyncExitStack() as opened:
        rep = await new_client(live.http, NOW)
        idle = [(await opened.enter_async_context(upgraded(live)))[0] for _ in range(50)]
        async with live.opened(rep.token) as socket:
            assert (await socket.ask("{ __typename }"))["data"] == {"__typename": "Query"}
            let_pass(16)
            assert [await closing(wire) for wire in idle] == [0] * 50
            assert (await socket.ask("{ __typename }"))["data"] == {"__typename": "Query"}


async def test_operations_of_one_workspace_take_turns() -> None:
    turns = workspace_limits.OperationQueue(max_running=2, max_waiting=3)
    held = [await turns._acquire("a") for _ in range(2)]
    waiting = [asyncio.create_task(turns._acquire("a")) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Refusal, match="BUSY"):
        await turns._acquire("a")
    await turns._acquire("b")
    waiting[0].cancel()
    await asyncio.sleep(0)
    for _ in held:
        turns._release("a")
    await asyncio.gather(*waiting[1:])
    assert turns._running == {"a": 2, "b": 1}
    for key in "aab":
        turns._release(key)
    assert not turns._running
    assert not turns._waiting


async def test_a_workspace_that_is_busy_does_not_stop_another(live: Live, rep: Client) -> None:
    other = await new_client(live.http, NOW)
    (guard,) = [route.app.guard for route in live.server.config.app.routes if hasattr(route.app, "guard")]
    for _ in range(workspace_limits.MAX_RUNNING_OPERATIONS):
        await guard.operations._acquire(rep.workspace.id)
    asking = asyncio.create_task(rep.ask("{ __typename }"))
    async with live.opened(rep.token) as socket:
        name = await socket.begin("{ __typename }")
        assert await other.ask("{ __typename }") == {"__typename": "Query"}
        assert not asking.done()
        guard.operations._release(rep.workspace.id)
        assert await asking == {"__typename": "Query"}
        assert (await socket.hear())["id"] == name


async def test_messages_are_read_at_the_pace_of_their_workspace(
    live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    paced: list[str] = []

    async def note(_: workspace_limits.MessageRateLimit, key: str) -> None:
        paced.append(key)

    monkeypatch.setattr(workspace_limits.MessageRateLimit, "wait", note)
    async with upgraded(live, rep.token) as (wire, _):
        for _ in range(3):
            await wire.send(frame(TEXT, b'{"type": "ping"}'))
            assert b"pong" in (await received(wire))[1]
    assert len(paced) == 3
    assert len(set(paced)) == 1
