"""Trusted documents: with TOUCHLINE_TRUSTED_DOCUMENTS, the server runs these documents and no others."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http.access.trusted_documents import TrustedDocuments
from api.settings import SettingsError
from tests.client import Client, new_client, serving
from tests.live import listening
from tests.served import NOW

NAME = "query Name { workspace { name } }"
CATEGORY = "mutation Add($name: String!) { createCategory(name: $name) { errors { code } } }"
OTHER = "{ __typename }"


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


MAP = {hash_of(NAME): NAME, "add": CATEGORY}
MANIFEST = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [
        {"id": hash_of(NAME), "name": "Name", "type": "query", "body": NAME},
        {"id": "add", "name": "Add", "type": "mutation", "body": CATEGORY},
    ],
}


def written(folder: Path, content: Any = MAP) -> dict[str, str]:
    """Write the file, and return the settings."""
    file = folder / "trusted.json"
    file.write_text(json.dumps(content))
    return {"TOUCHLINE_TRUSTED_DOCUMENTS": str(file)}


@pytest.fixture(params=[MAP, {f"sha256:{key}": value for key, value in MAP.items()}, MANIFEST])
async def trusting(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[Client]:
    async with serving(database_url, written(tmp_path, request.param)) as http:
        yield await new_client(http, NOW)


async def post(client: Client, request: dict[str, Any]) -> httpx.Response:
    return await client.http.post("/graphql", json=request, headers={"Authorization": f"Bearer {client.token}"})


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


async def test_a_document_is_named_by_its_id_its_hash_or_its_text(trusting: Client) -> None:
    hashed = {"version": 1, "sha256Hash": hash_of(NAME)}
    requests: list[dict[str, Any]] = [
        {"documentId": hash_of(NAME)},
        {"documentId": f"sha256:{hash_of(NAME)}"},
        {"documentId": hash_of(NAME), "query": ""},
        {"documentId": hash_of(NAME), "query": NAME, "operationName": "Name"},
        {"extensions": {"persistedQuery": hashed}},
        {"extensions": {"persistedQuery": hashed}, "query": NAME},
        {"query": NAME},
    ]
    for request in requests:
        answer = await post(trusting, request)
        assert (answer.status_code, answer.json()["data"]) == (200, {"workspace": {"name": "Test"}}), request
    for document in ({"documentId": "add"}, {"documentId": hash_of(CATEGORY)}):
        answer = await post(trusting, document | {"variables": {"name": "x" + document["documentId"][:3]}})
        assert answer.json()["data"] == {"createCategory": {"errors": []}}


async def test_get_names_a_document(trusting: Client) -> None:
    headers = {"Authorization": f"Bearer {trusting.token}"}
    extensions = json.dumps({"persistedQuery": {"version": 1, "sha256Hash": hash_of(NAME)}})
    for params in ({"documentId": hash_of(NAME)}, {"extensions": extensions}):
        answer = await trusting.http.get("/graphql", params=params, headers=headers)
        assert answer.json()["data"] == {"workspace": {"name": "Test"}}
    answer = await trusting.http.get(
        "/graphql", params={"documentId": "add", "variables": '{"name": "x"}'}, headers=headers
    )
    assert code(answer) == (405, "MUTATION_BY_GET")


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({"query": OTHER}, "UNTRUSTED_DOCUMENT"),
        ({"query": NAME + " "}, "UNTRUSTED_DOCUMENT"),
        ({"query": OTHER, "documentId": hash_of(NAME)}, "UNTRUSTED_DOCUMENT"),
        ({"query": OTHER, "documentId": hash_of(OTHER)}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"documentId": ""}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"documentId": "\ud800"}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"documentId": "../add"}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"extensions": {"persistedQuery": {"sha256Hash": hash_of(OTHER)}}}, "PERSISTED_QUERY_NOT_FOUND"),
        (
            {"query": OTHER, "extensions": {"persistedQuery": {"sha256Hash": hash_of(OTHER)}}},
            "PERSISTED_QUERY_NOT_FOUND",
        ),
        ({"documentId": 5}, "BAD_REQUEST"),
        ({"documentId": ["add"]}, "BAD_REQUEST"),
        ({"documentId": ["add"], "query": NAME}, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": "add"}}, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": {"sha256Hash": 5}}}, "BAD_REQUEST"),
        ({}, "BAD_REQUEST"),
    ],
)
async def test_no_other_document_runs(database_url: str, tmp_path: Path, request_: dict[str, Any], found: str) -> None:
    async with serving(database_url, written(tmp_path)) as http:
        client = await new_client(http, NOW)
        body = json.dumps(request_)
        headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
        answer = await http.post("/graphql", content=body, headers=headers)
        assert code(answer) == (400, found)
        assert "data" not in answer.json()


async def test_websockets_run_no_other_document(database_url: str, tmp_path: Path) -> None:
    async with listening(database_url, written(tmp_path)) as live:
        rep = await new_client(live.http, NOW)
        async with live.opened(rep.token) as socket:
            assert await socket.ask(NAME) == {"data": {"workspace": {"name": "Test"}}}
            await socket.send({"id": "x", "type": "subscribe", "payload": {"documentId": hash_of(NAME)}})
            assert (await socket.hear())["payload"]["data"] == {"workspace": {"name": "Test"}}
            assert (await socket.hear())["type"] == "complete"
            await socket.begin(OTHER)
            refused = await socket.hear()
            assert refused["type"] == "error"
            assert refused["payload"][0]["extensions"]["code"] == "UNTRUSTED_DOCUMENT"
            assert await socket.ask(NAME) == {"data": {"workspace": {"name": "Test"}}}, "the connection goes on"


async def test_without_the_setting_clients_are_told_to_send_the_document(client: Client) -> None:
    hashed = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(NAME)}}
    for request in ({"extensions": hashed}, {"documentId": hash_of(NAME)}):
        answer = await post(client, request)
        assert code(answer) == (400, "PERSISTED_QUERY_NOT_SUPPORTED")
        assert answer.json()["errors"][0]["message"] == "PersistedQueryNotSupported", "urql compares it"
    answer = await post(client, {"query": NAME, "extensions": hashed})
    assert answer.json()["data"] == {"workspace": {"name": "Test"}}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '"x"',
        "5",
        '{"a": 1}',
        '{"a": {"b": "c"}}',
        '{"operations": [{"id": "a"}]}',
        '{"operations": [1]}',
        '{"operations": []}',
        "[" * 100_000,
        json.dumps({"a": "x" * 70_000}),
        "\udcff",
    ],
    ids=lambda text: text[:20],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "trusted.json"
    file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError, match=r"^TOUCHLINE_TRUSTED_DOCUMENTS: "):
        TrustedDocuments.read(str(file))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.json cannot be read"):
        TrustedDocuments.read(str(tmp_path / "missing.json"))
    assert TrustedDocuments.read("") is None
