"""The twelve checks of graphql-cop."""

import json
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

from tests.client import Client, new_client, serving
from tests.served import NOW

pytestmark = pytest.mark.usefixtures("quiet")


def code(answer: dict[str, Any]) -> str:
    """Return the code of the first error."""
    return str(answer["errors"][0]["extensions"]["code"])


async def raw(client: Client, method: str, **given: Any) -> httpx.Response:
    """Send a request of any form with the client's token."""
    headers = {"Authorization": f"Bearer {client.token}"} | given.pop("headers", {})
    return await client.http.request(method, "/graphql", headers=headers, **given)


@pytest.mark.parametrize(
    "query",
    [
        "{" + " ".join(f"alias{n}: __typename" for n in range(1_001)) + "}",
        "{" + " __typename" * 1_001 + "}",
        "{ __typename " + "@aa" * 11 + " }",
        "{ __typename " + "@skip(if: false)" * 500 + " }",
        "{ ...A } " + " ".join(f"fragment A{n} on Query {{ __typename }}" for n in range(101)),
        "{ workspace { id } }" + " #" + "x" * 65_600,
    ],
    ids=["aliases", "fields", "directives", "same directive", "fragments", "bytes"],
)
async def test_overloading_is_refused(client: Client, query: str) -> None:
    answer = await raw(client, "POST", json={"query": query})
    assert code(answer.json()) == "QUERY_TOO_LARGE"
    assert answer.status_code == (413 if len(query) > 65_536 else 200)


async def test_few_aliases_and_directives_pass(client: Client) -> None:
    query = "{" + " ".join(f"a{n}: __typename @skip(if: false)" for n in range(100)) + "}"
    assert len(await client.ask(query)) == 100


async def test_batches_are_refused(client: Client) -> None:
    answer = await raw(client, "POST", json=[{"query": "{ __typename }"}] * 10)
    assert (answer.status_code, code(answer.json())) == (400, "BAD_REQUEST")


async def test_circular_introspection_is_refused(client: Client) -> None:
    inside = "name"
    for _ in range(4):
        inside = f"fields {{ type {{ {inside} }} }}"
    answer = await client.raw(f"{{ __schema {{ types {{ {inside} }} }} }}")
    assert code(answer) in {"INVALID_QUERY", "QUERY_TOO_EXPENSIVE"}


async def test_get_runs_no_mutation(client: Client) -> None:
    query = 'mutation { createCategory(name: "x") { errors { code } } }'
    answer = await raw(client, "GET", params={"query": query})
    assert (answer.status_code, answer.headers["Allow"], code(answer.json())) == (405, "POST", "MUTATION_BY_GET")
    assert await client.ask("{ categories { totalCount } }") == {"categories": {"totalCount": 0}}


async def test_get_needs_a_token_in_a_header(client: Client) -> None:
    for params in ({}, {"token": client.token}, {"authorization": f"Bearer {client.token}"}):
        answer = await client.http.get("/graphql", params={"query": "{ __typename }"} | params)
        assert (answer.status_code, code(answer.json())) == (401, "UNAUTHENTICATED")


async def test_a_form_is_refused(client: Client) -> None:
    answer = await raw(client, "POST", data={"query": "{ __typename }"})
    assert (answer.status_code, code(answer.json())) == (415, "NOT_JSON")
    text = {"Content-Type": "text/plain"}
    answer = await raw(client, "POST", content=json.dumps({"query": "{ __typename }"}), headers=text)
    assert (answer.status_code, code(answer.json())) == (415, "NOT_JSON")


async def test_no_answer_has_traces(client: Client) -> None:
    answer = await raw(client, "POST", json={"query": "{ __typename }"}, headers={"X-Apollo-Tracing": "1"})
    assert answer.json()["extensions"].keys() == {"cost"}
    assert not [name for name in answer.headers if "trac" in name or "timing" in name]


async def test_errors_have_codes_and_no_traceback(client: Client) -> None:
    for query in ("{", "{ nothing }", "mutation { __nothing }", "qwerty", "{ person(id: {}) { id } }", "\x00"):
        answer = await client.raw(query)
        assert code(answer) in {"SYNTAX", "INVALID_QUERY", "INVALID_VALUE"}
        assert "Traceback" not in json.dumps(answer)


async def test_off_means_no_page_no_introspection_and_no_suggestions(database_url: str) -> None:
    async with serving(database_url, {"TOUCHLINE_GRAPHIQL": "off"}) as http:
        client = await new_client(http, NOW)
        assert (await http.get("/graphiql")).status_code == 404
        refused = await raw(client, "POST", json={"query": get_introspection_query()})
        assert code(refused.json()) == "INTROSPECTION_OFF"
        for query, variables in (
            ("{ workspac { id } }", {}),
            ("{ people(firs: 1) { nodes { id } } }", {}),
            ("{ people { nodes { emai } } }", {}),
            ("query($v: Workspac) { __typename }", {}),
            ("{ emails(filter: {folder: SENTT}) { nodes { id } } }", {}),
            ("query($v: EmailFolder) { emails(filter: {folder: $v}) { nodes { id } } }", {"v": "SENTT"}),
            (
                "mutation($v: PersonInput!) { createPerson(input: $v) { errors { code } } }",
                {"v": {"email": "a@example.com", "firstNam": "A"}},
            ),
            ('mutation { createPerson(input: {email: "a", firstNam: "A"}) { errors { code } } }', {}),
            ("{ __typename @skp(if: true) }", {}),
        ):
            answer = json.dumps(await client.raw(query, variables))
            assert "errors" in answer
            assert "Did you mean" not in answer, query
            assert "Its values are" not in answer, query


async def test_on_suggestions_help(client: Client) -> None:
    assert "Did you mean" in (await client.raw("{ workspac { id } }"))["errors"][0]["message"]
