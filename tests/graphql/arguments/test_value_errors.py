"""An error of a value names its fault, and does not quote the object around it: that may be long, and private."""

import json
from typing import Any

import pytest

from tests.client import Client

SECRET = "s" * 80


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"email": SECRET, "forename": SECRET},
            "Expected value of type 'PersonInput' not to include unknown field 'forename'. Did you mean 'firstName' or "
            "'lastName'?",
        ),
        ({"firstName": SECRET}, "Expected value of type 'PersonInput' to include required field 'email'."),
        ({"email": SECRET, "firstName": None}, "Expected value of non-null type 'String!' not to be null."),
    ],
)
async def test_an_error_of_an_object_does_not_quote_it(client: Client, given: dict[str, Any], sentence: str) -> None:
    query = "mutation($input: PersonInput!) { createPerson(input: $input) { errors { code } } }"
    literal = ", ".join(f"{name}: {json.dumps(value)}" for name, value in given.items())
    answers = [
        await client.raw(query, {"input": given}),
        await client.raw(f"mutation {{ createPerson(input: {{{literal}}}) {{ errors {{ code }} }} }}"),
    ]
    for answer in answers:
        (error,) = answer["errors"]
        assert error["message"].endswith(sentence)
        assert SECRET not in json.dumps(answer)
