"""Large bodies: refused before they are read where they are too large, and never many in memory at once."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from tests.client import Client, new_client
from tests.live import Live, until
from tests.raw import head, raw
from tests.served import NOW

pytestmark = pytest.mark.usefixtures("quiet")

CONTINUE = "Expect: 100-continue"


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(live: Live, rep: Client) -> None:
    async with raw(live) as wire:
        await wire.send(head(rep.token, "Content-Length: 16000001", CONTINUE))
        status, body = await wire.answer()
        assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (413, "TOO_LARGE")


async def test_no_body_is_read_without_a_token(live: Live) -> None:
    for token in ("", "wrong"):
        async with raw(live) as wire:
            await wire.send(head(token, "Content-Length: 1000000", CONTINUE))
            assert (await wire.answer())[0] == 401


async def test_what_nobody_reads_is_not_kept(live: Live) -> None:
    async with raw(live) as wire:
        await wire.send(head("", "Content-Length: 16000000", path="/unsubscribe/wsp_1/YWRh/5ab1"))
        sending = asyncio.create_task(wire.send(b"x" * 16_000_000))
        assert (await wire.answer())[0] == 404
        await sending
        await wire.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await wire.answer())[0] == 200


async def test_compressed_bodies_are_refused(live: Live, rep: Client) -> None:
    async with raw(live) as wire:
        await wire.send(head(rep.token, "Content-Length: 5", "Content-Encoding: gzip") + b"12345")
        status, body = await wire.answer()
        assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (415, "NOT_JSON")


async def test_a_chunked_body_is_read_and_bounded(live: Live, rep: Client) -> None:
    parts = [b'{"query":', b'"{ __type', b'name }"}']
    async with raw(live) as wire:
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        await wire.send(head(rep.token, "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
        status, answer = await wire.answer()
        assert (status, json.loads(answer)["data"]) == (200, {"__typename": "Query"})
    async with raw(live) as wire:
        await wire.send(head(rep.token, "Transfer-Encoding: chunked"))
        sending = asyncio.create_task(wire.send((b"10000\r\n" + b" " * 65_536 + b"\r\n") * 300))
        assert (await wire.answer())[0] == 413
        await sending


async def test_chunks_of_a_byte_are_refused(live: Live, rep: Client) -> None:
    async with raw(live) as wire:
        await wire.send(head(rep.token, "Transfer-Encoding: chunked"))
        sending = asyncio.create_task(wire.send(b"1\r\n \r\n" * 100_000))
        assert (await wire.rest()).startswith(b"HTTP/1.1 400 ")
        await sending


async def test_few_unfinished_uploads_are_read_at_once(live: Live, rep: Client) -> None:
    async with AsyncExitStack() as opened:
        wires = [await opened.enter_async_context(raw(live)) for _ in range(30)]
        for wire in wires:
            await wire.send(head(rep.token, "Content-Length: 14000000", CONTINUE))
        reading = [asyncio.create_task(wire.answer()) for wire in wires]
        await until(lambda: sum(task.done() for task in reading) >= 2)
        assert await rep.ask("{ __typename }") == {"__typename": "Query"}, "small requests go on"
        other = await new_client(live.http, NOW)
        async with raw(live) as wire:
            await wire.send(head(other.token, "Content-Length: 14000000", CONTINUE))
            assert await wire.answer() == (100, b""), "another workspace has its share"
        assert sum(task.done() for task in reading) == 2
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


async def test_a_large_csv_is_read(live: Live, rep: Client) -> None:
    rows = "".join(f'"p{number}@example.com","Ada ""{number}"""\n' for number in range(20_000))
    query = "mutation($csv: String!) { importPeople(csv: $csv, dryRun: true) { errors { code } } }"
    assert await rep.ask(query, csv=f"email,first_name\n{rows}") == {"importPeople": {"errors": []}}
