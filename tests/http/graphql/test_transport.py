"""The endpoint: who may ask, and an answer for every body that a client can send."""

import asyncio
import json
import time
from typing import Any

import httpx
import pytest

from api import version
from api.models import Person
from api.services.people import people
from tests import story
from tests.client import OPERATOR, Client
from tests.live import Live

LARGE = 30_000_000


async def runtime(client: Client, body: bytes, **headers: str) -> httpx.Response:
    """Send a raw body with the client's token."""
    given = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"} | headers
    return await client.http.post("/graphql", content=body, headers=given)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic dGw=", "Bearer \u00e9"])
async def test_without_a_valid_token_nothing_answers(client: Client, header: str) -> None:
    answer = await runtime(client, b'{"query": "{ __typename }"}', Authorization=header.encode("latin-1"))  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_health_and_the_page_answer_without_a_token(client: Client) -> None:
    assert (await client.http.get("/health")).json() == {"status": "ok"}
    told = await client.http.get("/health", headers=OPERATOR)
    assert told.json() == {"status": "ok", "version": version()}
    assert (await client.http.get("/graphiql")).status_code in {200, 503}
    assert (await client.http.get("/graphql")).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"123", 400),
        (b'"x"', 400),
        (b"null", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b"", 400),
        (b'{"query": 5}', 400),
        (b'{"query": "{ __typename }", "variables": []}', 400),
        (b'{"query": "{ __typename }", "variables": [1]}', 400),
        (b'{"query": "{ __typename }", "operationName": {}}', 400),
        (b'{"query": "{ __typename }", "operationName": {"a": 1}}', 400),
        (b'{"query": "query A { __typename } query B { __typename }"}', 400),
        (b'{"query": "query A { __typename } query B { __typename }", "operationName": ""}', 400),
        (b'{"query": "query A { __typename } query B { __typename }", "operationName": "B"}', 200),
        (b'{"query": "query A { __typename }", "operationName": "Nothing"}', 400),
        (b'{"query": "{ person(id: \\"\\ud800\\") { id } }"}', 200),
        (b'{"query": "\\ud800"}', 200),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b" " * LARGE, 413),
    ],
    ids=lambda value: str(value[:60] if isinstance(value, bytes) else value),
)
async def test_every_body_is_answered(client: Client, body: bytes, status: int) -> None:
    answer = await runtime(client, body)
    assert answer.status_code == status
    assert answer.json()


TWO = """mutation A { createPerson(input: {email: "a@example.com"}) { errors { code } } }
mutation B { createPerson(input: {email: "b@example.com"}) { errors { code } } }"""


async def test_of_several_operations_none_runs_unless_it_is_named(client: Client) -> None:
    answer = await runtime(client, json.dumps({"query": TWO}).encode())
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "NO_OPERATION")
    assert await Person.all().count() == 0
    answer = await runtime(client, json.dumps({"query": TWO, "operationName": "B"}).encode())
    assert answer.json()["data"] == {"createPerson": {"errors": []}}
    assert [person.email for person in await Person.all()] == ["b@example.com"]


async def test_a_number_without_end_is_told_in_our_words(client: Client) -> None:
    for digits in ("-" + "7" * 5_000, "7" * 1_000_000):
        answer = await runtime(client, b'{"query": "{ __typename }", "variables": {"x": %s}}' % digits.encode())
        (error,) = answer.json()["errors"]
        told = f"{digits[:30]}… is a number of {len(digits):,} characters, which is too long."
        assert (answer.status_code, error["extensions"], error["message"]) == (400, {"code": "BAD_REQUEST"}, told)
    for literal in ("people(first: %s) { totalCount }", "person(id: %s) { id }"):
        answer = await runtime(client, json.dumps({"query": f"{{ {literal % ('7' * 5_000)} }}"}).encode())
        (error,) = answer.json()["errors"]
        assert error["extensions"] == {"code": "INVALID_QUERY"}
        assert error["message"].endswith("… is a number of 5,000 characters, which is too long.")
    text = f'mutation {{ createCategory(name: "{"7" * 5_000}") {{ errors {{ code }} }} }}'
    assert (await client.raw(text))["errors"][0]["extensions"] == {"code": "TOO_LONG", "path": ["name"]}


async def test_only_json_is_read(client: Client) -> None:
    answer = await runtime(client, b"query=x", **{"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 415


def nested(levels: int) -> str:
    """Fragments that double at every level: small to write, huge to run."""
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return "{ ...F0 } " + " ".join(parts) + f" fragment F{levels} on Query {{ workspace {{ name }} }}"


@pytest.mark.parametrize(
    "query",
    [
        nested(25),
        "{" + " ".join(f"a{n}: workspace {{ name }}" for n in range(1_200)) + "}",
        "{ campaigns { nodes { " + "sender { id } " * 2_500 + "} } }",
    ],
    ids=["fragments", "aliases", "fields"],
)
async def test_a_query_that_is_too_large_is_refused_soon(client: Client, query: str) -> None:
    begin = time.process_time()
    answer = await client.raw(query)
    assert "data" not in answer
    assert answer["errors"]
    assert time.process_time() - begin < 5, "refusing takes no longer than reading"


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", {}, "SYNTAX"),
        ("{ workspace { nothing } }", {}, "INVALID_QUERY"),
        ("{ tasks(filter: {status: NOTHING}) { nodes { id } } }", {}, "INVALID_VALUE"),
        ("{ people(first: true) { nodes { id } } }", {}, "INVALID_VALUE"),
        (nested(25), {}, "QUERY_TOO_LARGE"),
        ("query($id: ID!) { person(id: $id) { id } }", {}, "INVALID_VALUE"),
        ("query($id: ID!) { person(id: $id) { id } }", {"id": {}}, "INVALID_VALUE"),
        (
            "query($of: [TaskStatus!]) { tasks(filter: {status: $of}) { nodes { id } } }",
            {"of": "NOTHING"},
            "INVALID_VALUE",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_what_graphql_itself_refuses_has_a_code(
    client: Client, query: str, variables: dict[str, Any], code: str
) -> None:
    for _ in range(2):  # the second time from the caches of documents
        answer = await client.raw(query, variables)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {code}


async def test_a_wrong_token_is_told_from_none(client: Client) -> None:
    for header, told in (
        ("Bearer wrong", "Invalid or expired token."),
        *((without, "A token is required. ") for without in ("", "Bearer", "Bearer ", "tl_wrong", "Basic d3Jvbmc=")),
    ):
        answer = await runtime(client, b"{}", Authorization=header)
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["message"].startswith(told)


@pytest.mark.parametrize("page", ["first: 0", "first: 201", "first: -1", 'after: "x"', 'after: "per_"'])
async def test_a_bad_page_is_told(client: Client, page: str) -> None:
    answer = await client.raw(f"{{ people({page}) {{ nodes {{ id }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_PAGE"


async def test_a_cursor_of_another_list_is_refused_as_such(client: Client) -> None:
    person = await story.person(client)
    answer = await client.raw(f'{{ events(after: "{person}") {{ totalCount }} }}')
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_PAGE"
    assert answer["errors"][0]["message"].startswith("`after` is a cursor of another list or order. ")


async def test_the_beginning_of_an_address_is_no_longer_than_one(client: Client) -> None:
    query = "query($email: String) { people(filter: {email: $email}) { nodes { id } } }"
    for length in (321, 60_000):
        answer = await client.raw(query, {"email": "x" * length})
        assert answer["errors"][0]["extensions"]["code"] == "TOO_LONG"
    assert await client.ask(query, email="x" * 320) == {"people": {"nodes": []}}


async def test_our_own_faults_are_hidden_and_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(people, "create_person", broken)
    answer = await client.raw(story.PERSON, {"input": {"email": "a@example.com"}})
    assert "secret" not in json.dumps(answer)
    assert "An internal error" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"] == {"code": "INTERNAL_ERROR"}
    assert "secret of the house" in caplog.text


async def test_the_log_of_a_fault_has_its_field_and_nothing_of_the_document(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(people, "create_person", broken)
    document = """mutation($name: String!) {
      createPerson(input: {email: "ada@example.com", firstName: $name}) { person { id } }
    }"""
    await client.raw(document, {"name": "Lovelace"})
    (record,) = (record for record in caplog.records if record.exc_info)
    assert record.getMessage() == "an internal error at createPerson"
    assert str(record.exc_info[1]) == "secret of the house"
    for written in ("ada@example.com", "Lovelace", "firstName"):
        assert written not in caplog.text


@pytest.mark.usefixtures("quiet")
async def test_a_client_that_hangs_up_in_the_middle_of_its_body_is_no_fault_of_ours(live: Live, rep: Client) -> None:
    host, port = live.host.split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /graphql HTTP/1.1\r\nHost: {live.host}\r\nAuthorization: Bearer {rep.token}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await live.http.get("/health")).status_code == 200
