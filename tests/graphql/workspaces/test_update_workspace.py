"""The workspace's own line and page text for unsubscribing, from the mutation to the email that is sent."""

from typing import Any

import pytest

from tests import story
from tests.client import Client

UPDATE = """mutation($input: WorkspaceChanges!) { updateWorkspace(input: $input) {
  workspace { unsubscribeHtml unsubscribePageText } errors { code message path } } }"""
OWN = '<p>Not for you? <a href="{{ unsubscribe_url }}">Tell us</a></p>'


async def test_the_settings_are_changed_one_by_one_and_cleared(client: Client) -> None:
    changed = await client.do(UPDATE, "workspace", input={"unsubscribeHtml": OWN})
    assert changed == {"unsubscribeHtml": OWN, "unsubscribePageText": None}
    changed = await client.do(UPDATE, "workspace", input={"unsubscribePageText": " 1 High Street\n "})
    assert changed == {"unsubscribeHtml": OWN, "unsubscribePageText": "1 High Street"}
    assert await client.do(UPDATE, "workspace", input={}) == changed
    cleared = await client.do(UPDATE, "workspace", input={"unsubscribeHtml": None, "unsubscribePageText": ""})
    assert cleared == {"unsubscribeHtml": None, "unsubscribePageText": None}
    again = await client.ask("{ workspace { unsubscribeHtml unsubscribePageText } }")
    assert again["workspace"] == cleared


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"unsubscribeHtml": "<p>Bye</p>"}, "INVALID_UNSUBSCRIBE_LINE", ["unsubscribeHtml"]),
        ({"unsubscribeHtml": ""}, "INVALID_UNSUBSCRIBE_LINE", ["unsubscribeHtml"]),
        ({"unsubscribeHtml": "\x00" + OWN}, "INVALID_TEXT", ["unsubscribeHtml"]),
        ({"unsubscribePageText": "\x00"}, "INVALID_TEXT", ["unsubscribePageText"]),
    ],
)
async def test_a_wrong_setting_is_refused_and_nothing_changes(
    client: Client, given: dict[str, Any], code: str, path: list[str]
) -> None:
    valid = {"unsubscribeHtml": OWN, "unsubscribePageText": "Hi"}
    before = await client.do(UPDATE, "workspace", input=valid)
    (answer,) = (await client.ask(UPDATE, input=valid | given)).values()
    assert [(error["code"], error["path"]) for error in answer["errors"]] == [(code, path)]
    again = await client.ask("{ workspace { unsubscribeHtml unsubscribePageText } }")
    assert again["workspace"] == before


@pytest.mark.parametrize(("name", "limit"), [("unsubscribeHtml", 2_000), ("unsubscribePageText", 1_000)])
async def test_a_setting_has_a_limit(client: Client, name: str, limit: int) -> None:
    longest = (OWN + " " * limit)[:limit]
    await client.do(UPDATE, "workspace", input={name: longest})
    answer = await client.raw(UPDATE, {"input": {name: longest + "x"}})
    assert answer["errors"][0]["extensions"] == {"code": "TOO_LONG", "path": [name]}


async def test_the_field_is_reserved(client: Client) -> None:
    given = {"email": "ada@example.com", "fields": {"unsubscribe_url": "https://evil.example"}}
    (answer,) = (await client.ask(story.PERSON, input=given)).values()
    assert [error["code"] for error in answer["errors"]] == ["INVALID_FIELDS"]
    preview = """mutation { importPeople(csv: "email,unsubscribe_url\\na@b.example,x") { errors { code message } } }"""
    assert [each["code"] for each in (await client.ask(preview))["importPeople"]["errors"]] == ["CSV_INVALID_COLUMN"]
