"""Operations over server-sent events: one response for each, to its end, and limits as for websockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.http.graphql import event_streams
from api.http.graphql.media_types import GRAPHQL_JSON
from api.models import Token
from api.server.limits import ServerLimits
from api.services.workspaces.tokens import issue_token
from tests import story
from tests.client import Client, new_client
from tests.graphql.launches.test_launch_progress import FOLLOW, begun, ended, moved
from tests.live import PATIENCE, Live, listening, until, unused_connections
from tests.served import NOW

pytestmark = pytest.mark.usefixtures("quiet")
STREAM = "text/event-stream"
CATEGORY = 'mutation { createCategory(name: "x") { errors { code } } }'


class Stream:
    """The events of one response."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()
        self.comments = 0

    async def event(self) -> tuple[str, Any]:
        """Return the name and the data of the next event."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(":")
                    fields[name] = value.strip()
                elif fields:
                    return fields["event"], json.loads(fields["data"] or "null")
        raise EOFError

    async def progress(self) -> tuple[str, int]:
        """Return what the next event says of a launch."""
        name, content = await self.event()
        assert name == "next", content
        told = content["data"]["launchProgress"]
        return told["status"], told["processed"]


@asynccontextmanager
async def opened(
    client: Client, query: str, variables: dict[str, Any] | None = None, accept: str = STREAM, method: str = "POST"
) -> AsyncIterator[Stream]:
    """Open a stream."""
    headers = {"Authorization": f"Bearer {client.token}", "Accept": accept}
    request: dict[str, Any] = {"json": {"query": query, "variables": variables}}
    if method == "GET":
        request = {"params": {"query": query, "variables": json.dumps(variables or {})}}
    async with client.http.stream(method, "/graphql", headers=headers, **request) as answer:
        yield Stream(answer)


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_subscription_sends_events_to_its_end(live: Live, rep: Client, method: str) -> None:
    launch = await begun(rep)
    async with opened(rep, FOLLOW, {"id": launch}, method=method) as stream:
        headers = stream.answer.headers
        assert stream.answer.status_code == 200
        assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
        assert "Content-Encoding" not in headers
        assert await stream.progress() == ("RUNNING", 0)
        await moved(launch)
        live.gate.open()
        assert await stream.progress() == ("RUNNING", 1)
        await ended()
        live.gate.open()
        assert await stream.progress() == ("FINISHED", 2)
        assert await stream.event() == ("complete", None)
        with pytest.raises(EOFError):
            await stream.event()
    assert live.watch.followers == 0


async def test_queries_and_mutations_send_one_event(rep: Client) -> None:
    async with opened(rep, "{ workspace { name } }") as stream:
        name, content = await stream.event()
        assert (name, content["data"]) == ("next", {"workspace": {"name": "Test"}})
        assert content["extensions"]["cost"]
        assert await stream.event() == ("complete", None)
    async with opened(rep, CATEGORY) as stream:
        assert (await stream.event())[1]["data"] == {"createCategory": {"errors": []}}
    assert await rep.ask("{ categories { totalCount } }") == {"categories": {"totalCount": 1}}


async def test_get_streams_no_mutation(rep: Client) -> None:
    async with opened(rep, CATEGORY, method="GET") as stream:
        assert (stream.answer.status_code, stream.answer.headers["Allow"]) == (405, "POST")
        content = json.loads(await stream.answer.aread())
        assert content["errors"][0]["extensions"]["code"] == "MUTATION_BY_GET"
    assert await rep.ask("{ categories { totalCount } }") == {"categories": {"totalCount": 0}}


async def test_clients_that_accept_both_get_a_stream_for_subscriptions_only(rep: Client) -> None:
    both = f"{GRAPHQL_JSON}, application/json, {STREAM}, multipart/mixed"  # what urql sends
    async with opened(rep, "{ workspace { name } }", accept=both) as stream:
        assert stream.answer.headers["Content-Type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    launch = await begun(rep)
    async with opened(rep, FOLLOW, {"id": launch}, accept=both) as stream:
        assert await stream.progress() == ("RUNNING", 0)
    async with opened(rep, FOLLOW, {"id": launch}, accept="application/json") as stream:
        content = json.loads(await stream.answer.aread())
        assert content["errors"][0]["extensions"]["code"] == "WEBSOCKET_NEEDED"


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", {}, "SYNTAX"),
        ("subscription { nothing }", {}, "INVALID_QUERY"),
        (FOLLOW, {}, "INVALID_VALUE"),
        (FOLLOW, {"id": "lau_00000000000000000000000000"}, "NOT_FOUND"),
        ("query A { __typename } query B { __typename }", {}, "NO_OPERATION"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_wrong_operation_is_an_event_and_the_end(
    rep: Client, query: str, variables: dict[str, Any], code: str, method: str
) -> None:
    async with opened(rep, query, variables, method=method) as stream:
        name, content = await stream.event()
        assert (name, content["errors"][0]["extensions"]["code"]) == ("next", code)
        assert "data" not in content or content["data"] is None
        assert await stream.event() == ("complete", None)


async def test_a_request_that_is_refused_gets_no_stream(live: Live, rep: Client) -> None:
    stranger = Client(rep.http, "wrong", rep.workspace)
    async with opened(stranger, "{ __typename }") as stream:
        assert (stream.answer.status_code, stream.answer.headers["Content-Type"]) == (401, "application/json")
    large = {"id": "x" * ServerLimits.message_bytes}
    for accept in (STREAM, f"application/json, {STREAM}"):
        async with opened(rep, FOLLOW, large, accept=accept) as stream:
            assert stream.answer.status_code == 413
    assert live.watch.followers == 0


async def test_a_stream_ends_with_its_token(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    async with opened(rep, FOLLOW, {"id": launch}) as stream:
        await stream.progress()
        await Token.filter(workspace_id=rep.workspace.id).delete()
        await moved(launch)
        live.gate.open()
        name, content = await stream.event()
        assert (name, content["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
        assert "data" not in content
        assert await stream.event() == ("complete", None)
    assert await issue_token(rep.workspace, "new", NOW)


async def test_a_silent_stream_gets_comments(live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    launch = await begun(rep)
    monkeypatch.setattr(event_streams, "PING_SECONDS", 0.001)
    async with opened(rep, FOLLOW, {"id": launch}) as stream:
        await stream.progress()
        async with asyncio.timeout(PATIENCE):
            async for line in stream._lines:
                stream.comments += line.startswith(":")
                if stream.comments >= 5:
                    break


async def test_a_client_that_leaves_is_followed_by_nothing(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    async with opened(rep, FOLLOW, {"id": launch}) as stream:
        await stream.progress()
        assert live.watch.followers == 1
    await until(lambda: live.watch.followers == 0)
    await until(unused_connections)


async def test_a_server_that_stops_ends_its_streams(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    async with opened(rep, FOLLOW, {"id": launch}) as stream:
        await stream.progress()
        live.server.should_exit = True
        with pytest.raises(httpx.RemoteProtocolError):
            await stream.event()
    await until(live.serving.done)
    assert live.watch.followers == 0


async def test_a_client_that_reads_nothing_is_closed(database_url: str) -> None:
    limits = ServerLimits(write_seconds=0.05, sweep_seconds=0.01, write_bytes_per_second=1_000_000)
    async with listening(database_url, server_limits=limits) as live:
        rep = await new_client(live.http, NOW)
        await story.template(rep, html=f"<p>{'x' * 100_000}</p>")
        much = "{" + " ".join(f"a{n}: templates(first: 1) {{ nodes {{ html }} }}" for n in range(40)) + "}"
        host, port = live.host.split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1_000)
        body = json.dumps({"query": much})
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: {live.host}\r\nAuthorization: Bearer {rep.token}\r\nAccept: {STREAM}\r\n"
        )
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        await until(lambda: len(live.server.server_state.connections) <= 1)
        writer.transport.abort()
