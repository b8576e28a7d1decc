"""The websocket: who may open it, an answer for every frame that a client can send, and the rules of HTTP."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from api.http.graphql import websocket_endpoint
from api.http.graphql.websocket_endpoint import MAX_OPERATIONS
from api.models import Token
from api.services.people import people
from tests import story
from tests.client import SECRET, Client, new_client
from tests.graphql.launches.test_launch_progress import FOLLOW, begun, event
from tests.http.graphql.test_transport import nested
from tests.live import Live, listening
from tests.served import NOW

NAME = "{ workspace { name } }"
DATA = {"data": {"workspace": {"name": "Test"}}}
LARGE = 1_000_000


pytestmark = pytest.mark.usefixtures("quiet")


@asynccontextmanager
async def other(database_url: str, **environment: str) -> AsyncIterator[tuple[Live, Client]]:
    """A server with other settings, and a client of it."""
    async with listening(database_url, environment) as live:
        yield live, await new_client(live.http, NOW)


@pytest.mark.parametrize(
    ("payload", "closing"),
    [
        (None, (4401, 'Send {"Authorization": "Bearer <token>"} with connection_init.')),
        ({}, (4401, 'Send {"Authorization": "Bearer <token>"} with connection_init.')),
        ({"Authorization": "Bearer wrong"}, (4401, "Invalid or expired token.")),
        ({"Authorization": "Bearer \ud800"}, (4401, "Invalid or expired token.")),
        ({"Authorization": "Bearer"}, (4401, "Invalid or expired token.")),
        ({"Authorization": ["Bearer"]}, (4401, "Invalid or expired token.")),
        ({"authorization": "Basic dGw="}, (4401, "Invalid or expired token.")),
        ("Bearer", (4400, "Invalid connection init payload")),
    ],
    ids=str,
)
async def test_without_a_valid_token_the_connection_closes(live: Live, payload: Any, closing: tuple[int, str]) -> None:
    async with live.opened() as socket:
        await socket.send({"type": "connection_init"} | ({} if payload is None else {"payload": payload}))
        assert await socket.closing() == closing


async def test_the_token_of_the_handshake_is_accepted(live: Live, rep: Client) -> None:
    async with live.opened(additional_headers={"Authorization": f"Bearer {rep.token}"}) as socket:
        await socket.send({"type": "connection_init"})
        assert await socket.hear() == {"type": "connection_ack"}
        assert await socket.ask(NAME) == DATA


async def test_who_says_nothing_is_closed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_endpoint, "INIT_TIMEOUT_SECONDS", 0.01)
    async with other(database_url) as (live, _), live.opened() as socket:
        assert await socket.closing() == (4408, "Connection initialisation timeout")


async def test_nothing_runs_before_the_token(live: Live) -> None:
    async with live.opened() as socket:
        await socket.begin(NAME)
        assert await socket.closing() == (4401, "Send connection_init first.")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://touch.example.evil"])
async def test_pages_of_other_hosts_are_turned_away(database_url: str, origin: str) -> None:
    settings = {"TOUCHLINE_PUBLIC_URL": "https://touch.example/here", "TOUCHLINE_SECRET": SECRET}
    async with other(database_url, **settings) as (live, rep):
        with pytest.raises(InvalidStatus, match="403"):
            async with live.opened(rep.token, origin=origin):
                pass
        for own in (f"http://{live.host}", "https://touch.example", None):
            async with live.opened(rep.token, origin=own) as socket:
                assert await socket.ask(NAME) == DATA


@pytest.mark.parametrize("protocols", [None, ["graphql-ws"], ["chat"]], ids=str)
async def test_other_protocols_are_not_spoken(live: Live, protocols: list[str] | None) -> None:
    given = protocols and [Subprotocol(name) for name in protocols]
    async with live.opened(subprotocols=given) as socket:
        assert await socket.closing() == (4406, "Subprotocol not acceptable")


def subscribe(**changes: Any) -> str:
    return json.dumps({"id": "1", "type": "subscribe", "payload": {"query": NAME}} | changes)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b'{"type": "ping"}', 4400),
        ("", 4400),
        ("{", 4400),
        ("123", 4400),
        ("null", 4400),
        ("[]", 4400),
        ("{}", 4400),
        ('{"type": 5}', 4400),
        ('{"type": "nothing"}', 4400),
        ('{"type": "\\ud800"}', 4400),
        (json.dumps({"type": "x" * 500}), 4400),
        ('{"type": "ping", "payload": NaN}', 4400),
        ("[" * 100_000, 4400),
        ('{"type": "ping", "payload": ' + "[" * 200 + "]" * 200 + "}", 4400),
        ('{"type": "connection_init"}', 4429),
        ('{"type": "complete"}', 4400),
        ('{"type": "complete", "id": []}', 4400),
        (subscribe(id=None), 4400),
        (subscribe(id=5), 4400),
        (subscribe(id=[]), 4400),
        (subscribe(id=""), 4400),
        (subscribe(id="x" * 201), 4400),
        (subscribe(id="\ud800"), 4400),
        (subscribe(payload=None), 4400),
        (subscribe(payload=[]), 4400),
        (subscribe(payload={"query": 5}), 4400),
        (subscribe(payload={"query": ""}), 4400),
        (subscribe(payload={"query": NAME, "variables": [1]}), 4400),
        (subscribe(payload={"query": NAME, "operationName": {}}), 4400),
        ('{"type": "ping", "payload": "' + "x" * LARGE + '"}', 1009),
        (b"x" * LARGE + b"x", 1009),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_frame_that_cannot_be_read_closes_the_connection(
    database_url: str, frame: str | bytes, code: int
) -> None:
    async with other(database_url, TOUCHLINE_MAX_BODY_BYTES=str(LARGE)) as (live, rep):
        async with live.opened(rep.token) as socket:
            await socket.send(frame)
            assert (await socket.closing())[0] == code
        assert await rep.ask(NAME) == DATA["data"]


async def test_bytes_that_are_no_text_close_the_connection(live: Live, rep: Client) -> None:
    async with live.opened(rep.token) as socket:
        socket.wire.transport.write(b"\x81\x82\x00\x00\x00\x00\xff\xfe")
        assert (await socket.closing())[0] == 1007


@pytest.mark.parametrize("frame", ['{"type": "ping"}', '{"type": "complete", "id": "unknown"}', '{"type": "pong"}'])
async def test_what_means_nothing_changes_nothing(live: Live, rep: Client, frame: str) -> None:
    async with live.opened(rep.token) as socket:
        await socket.send(frame)
        if "ping" in frame:
            assert await socket.hear() == {"type": "pong"}
        assert await socket.ask(NAME) == DATA


async def test_an_id_runs_once_at_a_time(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    async with live.opened(rep.token) as socket:
        name = await socket.begin(FOLLOW, id=launch)
        await event(socket)
        await socket.send(subscribe(id=name))
        assert await socket.closing() == (4409, f"Subscriber for {name} already exists")


async def test_one_connection_runs_a_bounded_number_of_operations(live: Live, rep: Client) -> None:
    launch = await begun(rep)
    async with live.opened(rep.token) as socket:
        for _ in range(MAX_OPERATIONS):
            name = await socket.begin(FOLLOW, id=launch)
            await event(socket)
        refused = await socket.begin(NAME)
        answer = await socket.hear()
        assert (answer["id"], answer["type"]) == (refused, "error")
        assert answer["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await socket.send({"id": name, "type": "complete"})
        assert await socket.ask(NAME) == DATA


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "SYNTAX"),
        ({"query": "\ud800"}, "SYNTAX"),
        ({"query": "{ nothing }"}, "INVALID_QUERY"),
        ({"query": "{ a " * 3_000}, "QUERY_TOO_LARGE"),
        ({"query": "{ a(b: " + "[" * 3_000}, "QUERY_TOO_LARGE"),
        ({"query": nested(25)}, "QUERY_TOO_LARGE"),
        ({"query": "{" + " ".join(f"a{n}: workspace {{ name }}" for n in range(1_200)) + "}"}, "QUERY_TOO_LARGE"),
        ({"query": "{ campaigns { nodes { " + "sender { id } " * 2_500 + "} } }"}, "QUERY_TOO_LARGE"),
        ({"query": "query A { __typename }", "operationName": "B"}, "NO_OPERATION"),
        ({"query": "query A { __typename } query B { __typename }"}, "NO_OPERATION"),
        ({"query": "fragment F on Query { __typename }"}, "NO_OPERATION"),
        (
            {"query": "subscription { a: launchProgress(id: 1) { id } b: launchProgress(id: 2) { id } }"},
            "INVALID_QUERY",
        ),
        ({"query": FOLLOW, "variables": {"id": ["x"]}}, "INVALID_VALUE"),
        ({"query": FOLLOW}, "INVALID_VALUE"),
        ({"query": f"{{ people(first: {'7' * 5_000}) {{ totalCount }} }}"}, "INVALID_QUERY"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_document_that_cannot_run_is_its_own_error(
    live: Live, rep: Client, payload: dict[str, Any], code: str
) -> None:
    async with live.opened(rep.token) as socket:
        await socket.send(subscribe(payload=payload))
        answer = await socket.hear()
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert "internal" not in answer["payload"][0]["message"]
        path = {"path": ["id"]} if code == "INVALID_VALUE" else {}
        assert answer["payload"][0].get("extensions") == {"code": code} | path
        assert await socket.ask(NAME) == DATA, "the others of its connection go on"


async def test_refusals_are_as_over_http(live: Live, rep: Client) -> None:
    async with live.opened(rep.token) as socket:
        for query, variables in (
            ("{ people(first: 0) { nodes { id } } }", {}),
            (story.PERSON, {"input": {"email": "nobody"}}),
            (story.PERSON, {"input": {"email": "\ud800@example.com"}}),
        ):
            over_http = await rep.raw(query, variables)
            assert over_http.pop("extensions").keys() == {"cost"}
            assert await socket.ask(query, **variables) == over_http


async def test_our_own_faults_are_hidden_and_logged(
    live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret of the house")

    async with live.opened(rep.token) as socket:
        with monkeypatch.context() as patched:
            patched.setattr(people, "create_person", broken)
            answer = await socket.ask(story.PERSON, input={"email": "a@example.com"})
        assert "secret" not in json.dumps(answer)
        assert "An internal error" in answer["errors"][0]["message"]
        assert "secret of the house" in caplog.text
        caplog.clear()
        with monkeypatch.context() as patched:
            patched.setattr("api.http.access.request_guard.workspace_by_token", broken)
            await socket.begin(NAME)
            answer = await socket.hear()
        assert (answer["type"], answer["payload"][0]["message"]) == ("error", "An internal error. It has been logged.")
        assert "secret of the house" in caplog.text
        assert await socket.ask(NAME) == DATA
    async with live.opened() as late:
        monkeypatch.setattr("api.http.access.request_guard.workspace_by_token", broken)
        await late.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {rep.token}"}})
        assert await late.closing() == (1011, "An internal error. It has been logged.")


async def test_introspection_is_off_where_graphiql_is(database_url: str) -> None:
    async with other(database_url, TOUCHLINE_GRAPHIQL="off") as (live, rep), live.opened(rep.token) as socket:
        for query in ("{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }'):
            await socket.begin(query)
            answer = await socket.hear()
            assert answer["type"] == "error"
            assert answer["payload"][0]["extensions"] == {"code": "INTROSPECTION_OFF"}
        assert await socket.ask("{ __typename }") == {"data": {"__typename": "Query"}}


async def test_each_operation_sees_the_present(live: Live, rep: Client) -> None:
    async with live.opened(rep.token) as socket:
        assert await socket.ask("{ workspace { now } }") == {"data": {"workspace": {"now": "2026-03-02T07:00:00Z"}}}
        await rep.ask(story.ADVANCE, to=(NOW + timedelta(hours=1)).isoformat())
        assert await socket.ask("{ workspace { now } }") == {"data": {"workspace": {"now": "2026-03-02T08:00:00Z"}}}
        await Token.filter(workspace_id=rep.workspace.id).delete()
        await socket.begin(NAME)
        assert await socket.closing() == (4401, "Invalid or expired token.")


async def test_over_http_there_is_no_subscription(live: Live, rep: Client) -> None:
    headers = {"Authorization": f"Bearer {rep.token}"}
    body = {"query": FOLLOW, "variables": {"id": await begun(rep)}}
    answer = await live.http.post("/graphql", json=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "WEBSOCKET_NEEDED")


async def test_tokens_are_not_logged(live: Live, rep: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="uvicorn.error"):
        headers = {"Authorization": f"Bearer {rep.token}"}
        async with live.opened(rep.token, additional_headers=headers) as socket:
            assert await socket.ask(NAME) == DATA
    assert rep.token[-8:] not in " ".join(record.getMessage() for record in caplog.records if "uvicorn" in record.name)
