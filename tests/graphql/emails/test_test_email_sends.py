"""Test emails over HTTP: the answer, repeated requests, and bad input."""

from typing import Any

import pytest

from api.models import TestEmail
from tests import story
from tests.client import Client

SEND = f"""mutation($input: TemplatePreviewInput!, $key: String!, $to: String) {{
  sendTestEmail(input: $input, key: $key, to: $to) {{
    testEmail {{ to at status reason detail }} {story.ERRORS} }} }}"""
GIVEN = {"html": "<p>Hi</p>", "subject": "Hi"}


async def refused(client: Client, **given: Any) -> list[tuple[str, list[str]]]:
    payload = (await client.ask(SEND, **({"input": GIVEN, "key": "k"} | given)))["sendTestEmail"]
    assert payload["testEmail"] is None
    return [(error["code"], error["path"]) for error in payload["errors"]]


async def test_a_sandbox_records_it_and_a_repeated_request_sends_nothing(client: Client) -> None:
    await story.sender(client)
    sent = await client.do(SEND, "testEmail", input=GIVEN, key="k")
    assert (sent["to"], sent["status"], sent["reason"]) == ("grace@example.com", "SENT", "RECORDED")
    assert await client.do(SEND, "testEmail", input=GIVEN, key="k") == sent
    assert await TestEmail.all().count() == 1
    assert await refused(client, input=GIVEN | {"subject": "Other"}) == [("KEY_REUSED", ["key"])]
    await client.do(SEND, "testEmail", input=GIVEN, key="k2", to="GRACE@example.com")
    assert await TestEmail.all().count() == 2
    folders = await client.ask("{ emailFolders { emails } emails { totalCount } }")
    assert {each["emails"] for each in folders["emailFolders"]} == {0}
    assert folders["emails"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"to": "ada@example.com"}, ("TEST_RECIPIENT", ["to"])),
        ({"to": "nobody"}, ("INVALID_ADDRESS", ["to"])),
        ({"key": ""}, ("REQUIRED", ["key"])),
        ({"key": "k" * 101}, ("TOO_LONG", ["key"])),
        ({"input": {}}, ("PREVIEW_CONTENT", ["templateId"])),
        ({"input": GIVEN | {"senderId": "sdr_x"}}, ("NOT_FOUND", ["senderId"])),
        ({"input": GIVEN | {"personId": "per_x"}}, ("NOT_FOUND", ["personId"])),
        ({"input": GIVEN | {"html": "{% if"}}, ("INVALID_TEMPLATE", ["html"])),
    ],
)
async def test_bad_input(client: Client, quiet: None, given: dict[str, Any], expected: tuple[str, list[str]]) -> None:
    await story.sender(client)
    assert await refused(client, **given) == [expected]
    assert await TestEmail.all().count() == 0


async def test_content_is_as_long_as_that_of_a_template(client: Client) -> None:
    await story.sender(client, signature=f"<p>{'x' * 7_000}</p>")
    long = {"html": f"<p>{'word ' * 10_000}</p>", "text": "word " * 10_000, "subject": "Hi"}
    await client.do(SEND, "testEmail", input=long, key="k")
    assert await TestEmail.all().count() == 1
