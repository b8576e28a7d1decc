"""A request that is repeated with its key is carried out once, also at the same time, on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.models import Enrollment, Launch, PeopleImport, RequestKey, Send
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, BY_HAND, author, launch

START = f"mutation($input: StartLaunchInput!) {{ startLaunch(input: $input) {{ launch {{ id }} {story.ERRORS} }} }}"
SEND = f"""mutation($id: ID!, $subject: String, $key: String) {{
  sendTask(id: $id, subject: $subject, key: $key) {{ email {{ id }} {story.ERRORS} }} }}"""
IMPORT = f"""mutation($csv: String!, $dryRun: Boolean! = false, $key: String) {{
  importPeople(csv: $csv, dryRun: $dryRun, key: $key) {{ peopleImport {{ id }} {story.ERRORS} }} }}"""
BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)


def errors(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    (answer,) = payload.values()
    return [(error["code"], error["path"]) for error in answer["errors"]]


@BOTH
async def test_a_repeated_launch_gets_the_first_answer(client: Client, stranger: Client) -> None:
    campaign, ada = await author(client, AT), await story.person(client)
    given = {"campaignId": campaign, "personIds": [ada], "key": "k1"}
    first, second = await asyncio.gather(*(client.ask(story.LAUNCH, input=given) for _ in range(2)))
    assert first == second == await client.ask(story.LAUNCH, input={**given, "again": False, "times": []})
    assert errors(first) == []
    assert len(first["launch"]["enrollments"]) == 1
    assert (await Enrollment.all().count(), await Send.all().count()) == (1, 1)
    other = await client.ask(story.LAUNCH, input={**given, "again": True})
    assert errors(other) == [("KEY_REUSED", ["key"])]
    # A key belongs to one operation of one workspace.
    assert errors(await client.ask(START, input={"campaignId": campaign, "everyone": True, "key": "k1"})) == []
    missing = [("NOT_FOUND", ["campaignId"]), ("NOT_FOUND", ["personIds", "0"])]
    assert errors(await stranger.ask(story.LAUNCH, input=given)) == missing


@BOTH
async def test_a_repeated_launch_in_the_background_starts_one(client: Client) -> None:
    campaign = await author(client, AT)
    await story.person(client)
    given = {"campaignId": campaign, "everyone": True, "key": "k1"}
    answers = await asyncio.gather(*(client.ask(START, input=given) for _ in range(3)))
    assert answers[0] == answers[1] == answers[2]
    assert errors(answers[0]) == []
    assert await Launch.all().count() == 1
    assert errors(await client.ask(START, input=given | {"everyone": False, "personIds": ["per_1"]})) == [
        ("KEY_REUSED", ["key"])
    ]


async def test_a_refused_request_does_not_use_its_key_up(client: Client) -> None:
    campaign, ada = await author(client, AT), await story.person(client)
    given = {"campaignId": campaign, "personIds": ["per_x"], "key": " k1 "}
    assert errors(await client.ask(story.LAUNCH, input=given)) == [("NOT_FOUND", ["personIds", "0"])]
    assert await RequestKey.all().count() == 0
    await client.do(story.LAUNCH, "enrollments", input=given | {"personIds": [ada]})
    for key, code in (("", "REQUIRED"), ("x" * 101, "TOO_LONG"), ("a\nb", "INVALID_TEXT"), ("\x00", "INVALID_TEXT")):
        assert errors(await client.ask(story.LAUNCH, input=given | {"key": key})) == [(code, ["key"])]


async def test_a_repeated_email_of_a_task_is_sent_once(client: Client) -> None:
    enrollment = await launch(client, await author(client, BY_HAND), await story.person(client))
    task = (await story.progress(client, enrollment))["progress"][0]["task"]["id"]
    given = {"id": task, "subject": "Hi", "key": "k1"}
    answers = await asyncio.gather(*(client.ask(SEND, **given) for _ in range(2)))
    assert answers[0] == answers[1]
    assert errors(answers[0]) == []
    assert await Send.all().count() == 1
    assert errors(await client.ask(SEND, **given | {"subject": "Ho"})) == [("KEY_REUSED", ["key"])]
    await Send.all().delete()  # as withdrawing an email does
    assert errors(await client.ask(SEND, **given)) == [("KEY_REUSED", ["key"])]
    assert await Send.all().count() == 0


async def test_a_repeated_import_is_one_and_a_day_later_another(client: Client) -> None:
    long = "".join(f"p{number}@example.com,{'x' * 990}\n" for number in range(1_010))
    given = {"csv": f"email,note\n{long}", "key": "k1"}
    first = await client.ask(IMPORT, **given)
    assert errors(first) == []
    assert await client.ask(IMPORT, **given) == first
    assert await PeopleImport.all().count() == 1
    for changes in ({"dryRun": True}, {"csv": given["csv"] + "q@example.com"}):
        assert errors(await client.ask(IMPORT, **given | changes)) == [("KEY_REUSED", ["key"])]
    row = await RequestKey.get(key="k1")
    for age, same in ((timedelta(hours=23, minutes=50), True), (timedelta(hours=24, minutes=10), False)):
        await RequestKey.filter(id=row.id).update(created_at=row.created_at - age)
        assert (await client.ask(IMPORT, **given) == first) is same
