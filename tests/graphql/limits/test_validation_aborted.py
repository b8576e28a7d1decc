"""A document whose check is stopped says why, and how many errors were found."""

import pytest

from tests.client import Client
from tests.http.test_database_away import asked

DEEP = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(300))
DOCUMENTS = {
    "unknown fields": (
        "{ " + " ".join(f"a{n}" for n in range(200)) + " }",
        "INVALID_QUERY",
        "This document has more than",
    ),
    "conflicts": ("{ " + " ".join(f"x: people(first: {n}) {{ totalCount }}" for n in range(1, 150)) + " }", None, ""),
    "variables": ("query(" + ", ".join(f"$a{n}: No" for n in range(200)) + ") { __typename }", None, ""),
    "fragments": (f"{{ ...f0 }} {DEEP} fragment f300 on Query {{ __typename }}", "QUERY_TOO_LARGE", ""),
}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_stopped_check_says_why(client: Client, name: str) -> None:
    document, code, told = DOCUMENTS[name]
    errors = (await asked(client, document)).json()["errors"]
    assert not any("aborted" in error["message"] for error in errors)
    assert told in errors[-1]["message"]
    assert code in {None, errors[-1]["extensions"]["code"]}


@pytest.mark.usefixtures("quiet")
async def test_a_check_that_graphql_core_stops_says_why(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphql.validation.validation_context.MAX_FRAGMENT_WORK", 2)
    parts = " ".join(f"fragment f{n} on Query {{ unknown{n} }} query q{n} {{ ...f{n} ...f0 ...f1 }}" for n in range(6))
    headers = {"Authorization": f"Bearer {client.token}"}
    answer = await client.http.post("/graphql", json={"query": parts, "operationName": "q0"}, headers=headers)
    errors = answer.json()["errors"]
    assert errors[-1]["extensions"]["code"] == "QUERY_TOO_LARGE"
    assert errors[-1]["message"].startswith("This document is too complex to be checked")
