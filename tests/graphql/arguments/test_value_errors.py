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


FOLDERS = (
    "Its values are DELIVERED, ARCHIVED, DRAFT, SCHEDULED, IN_PROGRESS, FAILED, BOUNCED, IN_DOUBT, SENT, PENDING, "
    "UNDELIVERED."
)
ALMOST = "SCHEDULD"


@pytest.mark.parametrize(
    ("given", "literal", "sentence"),
    [
        ("FOO", "FOO", "Value 'FOO' does not exist in 'EmailFolder' enum. "),
        (ALMOST, ALMOST, f"Value '{ALMOST}' does not exist in 'EmailFolder' enum. "),
        ("a' enum. Did you mean b", None, "Value 'a' enum. Did you mean b' does not exist in 'EmailFolder' enum. "),
        (SECRET * 10, SECRET * 10, f"Value '{(SECRET * 3)[:193]}… "),
        (3, "3", None),
        (["SENT", 3], None, None),
        ({"a": 1}, "{a: 1}", None),
    ],
)
async def test_an_error_of_an_enum_names_its_values(
    client: Client, given: Any, literal: str | None, sentence: str | None
) -> None:
    query = "query($folder: EmailFolder) { emails(filter: {folder: $folder}) { totalCount } }"
    answers = [await client.raw(query, {"folder": given})]
    if literal is not None:
        answers.append(await client.raw(f"{{ emails(filter: {{folder: {literal}}}) {{ totalCount }} }}"))
    for answer in answers:
        (error,) = answer["errors"]
        assert error["message"].endswith((sentence or "") + FOLDERS)
        assert len(error["message"]) < 500
        assert error["extensions"]["code"] == "INVALID_VALUE"


async def test_an_error_of_a_large_enum_names_similar_values(client: Client) -> None:
    for kind, told in (("EMAIL_SEND", " Did you mean the enum value 'EMAIL_SENT'"), ("FOO", "in 'EventKind' enum.")):
        answer = await client.raw(f"{{ events(filter: {{kinds: [{kind}]}}) {{ totalCount }} }}")
        assert told in answer["errors"][0]["message"]
        assert "Its values are" not in answer["errors"][0]["message"]
