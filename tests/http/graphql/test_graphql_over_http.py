"""Media types, statuses, parameters and GET, as https://graphql.github.io/graphql-over-http/draft/ describes them."""

import json
from typing import Any

import httpx
import pytest

from api.graphql.engine.execution import operations
from api.http.graphql.media_types import GRAPHQL_JSON, JSON, Accepted, accepted
from tests.client import Client

NEW = {"Accept": GRAPHQL_JSON}
PERSON = "query($id: ID!) { person(id: $id) { id } }"


async def post(client: Client, content: bytes | str, **headers: str) -> httpx.Response:
    given = {"Authorization": f"Bearer {client.token}", "Content-Type": JSON} | headers
    return await client.http.post("/graphql", content=content, headers=given)


async def get(client: Client, **params: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {client.token}"} | NEW
    return await client.http.get("/graphql", params=params, headers=headers)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("image/png", JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        ("Application/GraphQL-Response+JSON ; charset=utf-8", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON}", GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON}", JSON),
        (f"{JSON};q=0.9, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, {JSON};q=0.9", JSON),
        (f"{GRAPHQL_JSON};q=0, {JSON}", JSON),
        (f"{GRAPHQL_JSON},{JSON};q=0.9", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, */*;q=0.1", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=nothing", GRAPHQL_JSON),
        (",;,=" * 10, JSON),
        (f"{GRAPHQL_JSON}{' ' * 2_000}", JSON),
    ],
)
def test_the_accept_header_chooses_the_media_type(header: str, expected: str) -> None:
    assert accepted(header) == Accepted(expected)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text/event-stream", Accepted(JSON, streams=True, only_streams=True)),
        (f"{GRAPHQL_JSON}, {JSON}, text/event-stream, multipart/mixed", Accepted(GRAPHQL_JSON, streams=True)),
        ("text/event-stream, */*", Accepted(JSON, streams=True)),
        ("text/event-stream;q=0", Accepted(JSON)),
    ],
)
def test_the_accept_header_chooses_server_sent_events(header: str, expected: Accepted) -> None:
    assert accepted(header) == expected


@pytest.mark.parametrize(
    ("query", "variables", "found"),
    [
        ("{", None, "SYNTAX"),
        ("{ nothing }", None, "INVALID_QUERY"),
        (PERSON, {"id": None}, "INVALID_VALUE"),
        (PERSON, None, "INVALID_VALUE"),
        ("mutation { a: createCategory(name: 5) { errors { code } } }", None, "INVALID_VALUE"),
    ],
)
async def test_only_the_new_media_type_has_400_for_an_operation_that_is_not_executed(
    client: Client, query: str, variables: Any, found: str
) -> None:
    body = json.dumps({"query": query, "variables": variables})
    old, new = await post(client, body), await post(client, body, **NEW)
    assert (old.status_code, old.headers["Content-Type"]) == (200, JSON)
    assert (new.status_code, new.headers["Content-Type"]) == (400, f"{GRAPHQL_JSON}; charset=utf-8")
    for answer in (old, new):
        assert code(answer) == found
        assert "data" not in answer.json(), "nothing was executed"


async def test_an_executed_operation_has_200_even_with_errors(client: Client) -> None:
    for query in ("{ people(first: 0) { nodes { id } } }", "{ workspace { name } }"):
        answer = await post(client, json.dumps({"query": query}), **NEW)
        assert answer.status_code == 200
        assert "data" in answer.json()


async def test_an_operation_that_is_ended_has_504(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "REQUEST_SECONDS", 0.0)
    body = json.dumps({"query": "{ people { nodes { id } } }"})
    old, new = await post(client, body), await post(client, body, **NEW)
    assert (old.status_code, new.status_code) == (200, 504)
    assert new.json()["data"] is None, "parts of it may have been executed"
    assert (code(old), code(new)) == ("REQUEST_TIMEOUT", "REQUEST_TIMEOUT")


@pytest.mark.parametrize("name", ["variables", "extensions", "operationName", "query"])
@pytest.mark.parametrize("value", [0, 1, False, True, [], ["x"], "", "x", {}, {"x": 1}, None, 1.5])
async def test_each_parameter_has_its_type(client: Client, name: str, value: Any) -> None:
    right = {
        "variables": value is None or isinstance(value, dict),
        "extensions": value is None or isinstance(value, dict),
        "operationName": value is None or value == "",
        "query": False,
    }[name]
    request = {"query": "query A { __typename }"} | {name: value}
    answer = await post(client, json.dumps(request), **NEW)
    assert answer.status_code == (200 if right else 400), answer.text
    if not right and not (name == "query" and value == "x") and not (name == "operationName" and value == "x"):
        assert code(answer) == "BAD_REQUEST"
        assert f'"{name}"' in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("body", ["", " \r\n "])
async def test_an_empty_body_is_named(client: Client, body: str) -> None:
    answer = await post(client, body)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    assert answer.json()["errors"][0]["message"].startswith("The body is empty.")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json;charset=utf-8", 200),
        ('Application/JSON; charset="UTF-8"', 200),
        ("application/json; charset=us-ascii", 200),
        ("application/json; charset=iso-8859-1", 415),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=", 415),
        ("application/graphql", 415),
        ("application/graphql-response+json", 415),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("multipart/form-data; boundary=application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
async def test_only_json_in_utf_8_is_read(client: Client, content_type: str, status: int) -> None:
    answer = await post(client, '{"query": "{ __typename }"}', **{"Content-Type": content_type})
    assert answer.status_code == status
    if status == 415:
        assert code(answer) == "NOT_JSON"


async def test_a_refused_token_is_told_in_the_media_type_that_is_asked_for(client: Client) -> None:
    answer = await post(client, "{}", Authorization="Bearer wrong", **NEW)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["Content-Type"] == f"{GRAPHQL_JSON}; charset=utf-8"


async def test_get_runs_a_query(client: Client) -> None:
    query = "query A { __typename } query B($id: ID!) { person(id: $id) { id } }"
    answer = await get(client, query=query, operationName="B", variables='{"id": "é"}', extensions="{}")
    assert (answer.status_code, answer.json()["data"]) == (200, {"person": None})
    assert answer.headers["Cache-Control"] == "no-store"
    head = await client.http.head(answer.url, headers={"Authorization": f"Bearer {client.token}"})
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("query_string", "found"),
    [
        ("", "BAD_REQUEST"),
        ("query=", "BAD_REQUEST"),
        ("query=%FF", "BAD_REQUEST"),
        ("query={__typename}&variables=x", "BAD_REQUEST"),
        ("query={__typename}&variables=[]", "BAD_REQUEST"),
        ("query={__typename}&variables=NaN", "BAD_REQUEST"),
        ("query={__typename}&extensions=1", "BAD_REQUEST"),
        ("query={__typename}&query={__typename}", "BAD_REQUEST"),
        ("query={__typename}&variables=" + "[" * 200, "BAD_REQUEST"),
        ("&".join(["query={__typename}", *(f"x{n}=1" for n in range(30))]), "BAD_REQUEST"),
        ("query={", "SYNTAX"),
        ("query=subscription{launchProgress(id:1){launch{id}}}", "WEBSOCKET_NEEDED"),
        ("query=query A{__typename}&operationName=B", "NO_OPERATION"),
        ("query=query A{__typename} query B{__typename}", "NO_OPERATION"),
    ],
)
async def test_a_wrong_query_string_is_refused(client: Client, query_string: str, found: str) -> None:
    headers = {"Authorization": f"Bearer {client.token}"} | NEW
    answer = await client.http.get(f"/graphql?{query_string}", headers=headers)
    assert (answer.status_code, code(answer)) == (400, found)


async def test_get_chooses_no_mutation_among_several_operations(client: Client) -> None:
    query = 'query A { __typename } mutation B { createCategory(name: "x") { errors { code } } }'
    answer = await get(client, query=query, operationName="B")
    assert (answer.status_code, answer.headers["Allow"], code(answer)) == (405, "POST", "MUTATION_BY_GET")
    assert (await get(client, query=query, operationName="A")).status_code == 200
    assert await client.ask("{ categories { totalCount } }") == {"categories": {"totalCount": 0}}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_other_methods_are_refused_in_json(client: Client, method: str) -> None:
    answer = await client.http.request(method, "/graphql", headers={"Authorization": f"Bearer {client.token}"})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert (answer.headers["Content-Type"].split(";")[0], code(answer)) == (JSON, "HTTP_METHOD_NOT_ALLOWED")


async def test_get_reads_nothing_of_a_body(client: Client) -> None:
    body = json.dumps({"query": "{ __typename }"})
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": JSON}
    answer = await client.http.request("GET", "/graphql", content=body, headers=headers)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
