"""Connections that are opened and not used as they should: each ends in time, and others get in meanwhile."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from api.server.limits import ServerLimits
from tests.client import Client, new_client
from tests.live import PATIENCE, Live, listening, until
from tests.loop_time import let_pass
from tests.raw import Raw, head, raw
from tests.served import NOW

pytestmark = pytest.mark.usefixtures("quiet")

PATIENT: dict[str, Any] = {
    "header_seconds": 60,
    "body_grace_seconds": 60,
    "idle_seconds": 60,
    "write_seconds": 60,
    "linger_seconds": 60,
    "close_seconds": 0.1,
    "sweep_seconds": 0.02,
}
"""A test shortens the limit that it is about, or lets its time pass. A slow machine reaches no other one."""


@asynccontextmanager
async def server(database_url: str, **limits: Any) -> AsyncIterator[tuple[Live, Client]]:
    """A server with these limits, and a client of it."""
    async with listening(database_url, server_limits=ServerLimits(**PATIENT | limits)) as live:
        yield live, await new_client(live.http, NOW)


@pytest.mark.parametrize("sent", [b"", b"G", b"POST /graphql HTTP/1.1\r\nHost: x\r\n", b"GET /health HTTP/1.1\r\nX: "])
async def test_a_head_that_does_not_end_is_closed(database_url: str, sent: bytes) -> None:
    async with server(database_url) as (live, _), raw(live) as wire:
        await wire.send(sent)
        begun = live.server.server_state.connections
        await until(lambda: len(sent) in {each._received_bytes for each in begun if each.cycle is None})  # type: ignore[union-attr]
        let_pass(61)
        assert (await wire.rest()).partition(b"\r\n")[0] == (b"HTTP/1.1 408 Request Timeout" if sent else b"")


async def test_a_head_that_drips_is_closed(database_url: str) -> None:
    async with server(database_url) as (live, _), raw(live) as wire:
        ended = asyncio.create_task(wire.rest())
        await wire.send(b"GET /health HTTP/1.1\r\n")
        begun = live.server.server_state.connections
        await until(lambda: any(each._received_bytes and each.cycle is None for each in begun))  # type: ignore[union-attr]
        while not ended.done():
            await wire.send(b"a: b\r\n")
            await asyncio.sleep(0.01)
            let_pass(1)
        assert ended.result().startswith(b"HTTP/1.1 408 ")


async def test_a_second_request_has_its_time_as_well(database_url: str) -> None:
    async with server(database_url, header_seconds=5) as (live, _), raw(live) as wire:
        await wire.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await wire.answer())[0] == 200
        (connection,) = [each for each in live.server.server_state.connections if each.timeout_keep_alive_task]  # type: ignore[union-attr]
        await wire.send(b"GET /health HTTP/1.1\r\n")
        await until(lambda: not connection.timeout_keep_alive_task)  # type: ignore[union-attr]
        let_pass(6)
        assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")


async def test_an_idle_connection_is_closed(database_url: str) -> None:
    async with server(database_url) as (live, _), raw(live) as wire:
        await wire.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await wire.answer())[0] == 200
        let_pass(61)
        assert await wire.rest() == b""


@pytest.mark.parametrize("framing", ["Content-Length: 14000000", "Transfer-Encoding: chunked"])
async def test_a_body_that_does_not_end_is_closed(database_url: str, framing: str) -> None:
    async with server(database_url, body_grace_seconds=0.2) as (live, client), raw(live) as wire:
        begun = b'{"query": ' if "Length" in framing else b'a\r\n{"query": \r\n'
        await wire.send(head(client.token, framing) + begun)
        assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_comes_fast_enough_is_read(database_url: str) -> None:
    async with server(database_url, body_bytes_per_second=1) as (live, client), raw(live) as wire:
        body = b'{"query": "{ __typename }"' + b" " * 60 + b"}"
        await wire.send(head(client.token, f"Content-Length: {len(body)}"))
        for each in range(0, len(body), 4):  # longer than the grace, in all
            await wire.send(body[each : each + 4])
            await asyncio.sleep(0.03)  # the server looks at its connections
            let_pass(3)
        status, answer = await wire.answer()
        assert (status, json.loads(answer)["data"]) == (200, {"__typename": "Query"})


async def test_a_client_that_does_not_read_its_answer_is_closed(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "touchline.server")
    async with server(database_url, write_seconds=0.2) as (live, _), AsyncExitStack() as opened:
        host, port = live.host.split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1)
        opened.callback(writer.close)
        connections = live.server.server_state.connections
        await until(lambda: bool(connections))
        (connection,) = connections
        connection.transport.set_write_buffer_limits(0)  # type: ignore[union-attr]
        for side in (writer, connection.transport):  # type: ignore[union-attr]
            kernel = side.get_extra_info("socket")
            kernel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
            kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 3_000)
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: connection not in connections)
        assert any("did not read its response" in message for message in caplog.messages)


async def test_the_newest_takes_the_place_of_the_oldest_that_waits(database_url: str) -> None:
    async with server(database_url, connections=20) as (live, client), AsyncExitStack() as opened:
        waiting = [await opened.enter_async_context(raw(live)) for _ in range(60)]
        for wire in waiting:
            await wire.send(b"POST /graphql HTTP/1.1\r\n")
        assert (await asyncio.wait_for(waiting[0].rest(), PATIENCE)) == b""
        assert await client.ask("{ __typename }") == {"__typename": "Query"}
        assert len(live.server.server_state.connections) <= 20


async def test_one_address_leaves_room_for_others(database_url: str) -> None:
    settings = {"TOUCHLINE_TRUSTED_PROXIES": ""}
    limits = ServerLimits(**PATIENT | {"connections_per_address": 5})
    async with listening(database_url, settings, limits) as live, AsyncExitStack() as opened:
        other = await opened.enter_async_context(raw(live, source="127.0.0.2"))
        await other.send(b"GET /health HTTP/1.1\r\n")
        for _ in range(30):
            await opened.enter_async_context(raw(live, source="127.0.0.3"))
        await until(lambda: len(live.server.server_state.connections) <= 7)
        await other.send(b"Host: x\r\n\r\n")
        assert (await other.answer())[0] == 200


async def test_who_has_no_room_is_told(database_url: str) -> None:
    settings = {"TOUCHLINE_TRUSTED_PROXIES": ""}
    limits = ServerLimits(**PATIENT | {"connections_per_address": 2})
    async with listening(database_url, settings, limits) as live, AsyncExitStack() as opened:
        client = await new_client(live.http, NOW)
        busy = [await opened.enter_async_context(raw(live, source="127.0.0.3")) for _ in range(2)]
        for wire in busy:
            await wire.send(head(client.token, "Content-Length: 100", "Expect: 100-continue"))
            assert await wire.answer() == (100, b"")
        third = await opened.enter_async_context(raw(live, source="127.0.0.3"))
        told = await third.rest()
        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 5" in told


async def test_clients_behind_a_proxy_are_counted_by_their_own_address(database_url: str) -> None:
    settings = {"TOUCHLINE_TRUSTED_PROXIES": "127.0.0.1"}
    limits = ServerLimits(**PATIENT | {"connections_per_address": 2})
    async with listening(database_url, settings, limits) as live, AsyncExitStack() as opened:
        client = await new_client(live.http, NOW)

        async def begun(forwarded: str) -> Raw:
            wire = await opened.enter_async_context(raw(live))
            lines = ("Content-Length: 26", "Expect: 100-continue", f"X-Forwarded-For: {forwarded}")
            await wire.send(head(client.token, *lines))
            return wire

        busy = [await begun("6.6.6.6, 203.0.113.9") for _ in range(2)]
        assert [(await wire.answer())[0] for wire in busy] == [100, 100]
        assert (await (await begun("7.7.7.7, 203.0.113.9")).answer())[0] == 503
        assert (await (await begun("203.0.113.10")).answer())[0] == 100
        await busy[0].send(b'{"query":"{ __typename }"}')
        assert (await busy[0].answer())[0] == 200
        assert (await (await begun("203.0.113.9")).answer())[0] == 100


async def test_this_machine_is_no_proxy_unless_it_is_named(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "touchline.server")
    async with (
        server(database_url, connections_per_address=5) as (live, _),
        AsyncExitStack() as opened,
    ):
        for _ in range(30):
            await (await opened.enter_async_context(raw(live))).send(b"GET /health HTTP/1.1\r\nX-Slow: ")
        await until(lambda: len(live.server.server_state.connections) <= 5)
        last = await opened.enter_async_context(raw(live))
        await last.send(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
        assert (await last.answer())[0] == 200
        assert any("TOUCHLINE_TRUSTED_PROXIES" in message for message in caplog.messages)


async def test_a_flood_that_times_out_together_is_closed_in_parts(database_url: str) -> None:
    async with server(database_url, connections=200, checks_per_turn=3) as (live, client), AsyncExitStack() as opened:
        waiting = [await opened.enter_async_context(raw(live)) for _ in range(40)]
        for wire in waiting:
            await wire.send(b"GET /health HTTP/1.1\r\n")
        begun = live.server.server_state.connections
        await until(lambda: sum(each._received_bytes > 0 for each in begun) >= 40)  # type: ignore[union-attr]
        let_pass(61)
        for wire in waiting:
            assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")
        assert await client.ask("{ __typename }") == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\na: " + b"b" * 200_000, 400),
        (head("", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
        (head("", "Content-Length: 5", "Content-Length: 6") + b"12345", 400),
        (head("", "Transfer-Encoding: gzip") + b"0\r\n\r\n", 400),
        (head("", "Transfer-Encoding: chunked") + b"zz\r\n", 400),
        (b"\x00\x01\x02\x03\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (head("", "Transfer-Encoding: chunked", path="/health") + b"1\r\nx\r\nzz\r\n", 400),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_head_that_cannot_be_read_is_refused(database_url: str, sent: bytes, status: int) -> None:
    async with server(database_url) as (live, _), raw(live) as wire:
        await wire.send(sent)
        assert (await wire.rest()).startswith(f"HTTP/1.1 {status} ".encode())
        assert (await live.http.get("/health")).status_code == 200


async def test_what_is_refused_does_not_fill_the_log(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with server(database_url) as (live, _):
        for _ in range(30):
            async with raw(live) as wire:
                await wire.send(b"nonsense\r\n\r\n")
                await wire.rest()
    assert len([message for message in caplog.messages if message.startswith("Invalid HTTP request")]) <= 5


async def test_pipelined_requests_are_answered_in_turn(database_url: str) -> None:
    async with server(database_url) as (live, client), raw(live) as wire:
        one = b'{"query":"{ __typename }"}'
        await wire.send((head(client.token, f"Content-Length: {len(one)}") + one) * 200)
        for _ in range(200):
            status, answer = await wire.answer()
            assert (status, json.loads(answer)["data"]) == (200, {"__typename": "Query"})
