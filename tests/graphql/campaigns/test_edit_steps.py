"""Several edits as one: all of them or none, previewed as they are done, each error with the path of its edit."""

from typing import Any

import pytest

from api.models import Campaign, Event, Job, Send, Step, Task
from tests import story
from tests.client import Client

EDIT = f"""mutation($id: ID!, $edits: [StepEdit!]!, $version: Int) {{
  editSteps(campaignId: $id, edits: $edits, ifVersion: $version) {{
    campaign {{ version steps {{ id number day type }} }} added {{ key step {{ id number }} }}
    warnings {{ code }} {story.ERRORS} }} }}"""
PREVIEW = """query($id: ID!, $edits: [StepEdit!]!) {
  editPreview(edit: { editSteps: { campaignId: $id, edits: $edits } }) {
  people movingPeople steps { id step added removed moving scheduled withdrawn cancelled tasksCreated } } }"""
AT = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}}


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


async def launched(client: Client) -> tuple[str, list[str]]:
    """Return a campaign of three emails that one person is in, and its steps."""
    sender, template = await story.sender(client), await story.template(client)
    campaign = await story.campaign(client, sender)
    steps = [await story.step(client, campaign, day=day, templateId=template, **AT) for day in (1, 3, 5)]
    person = await story.person(client)
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person]})
    return campaign, steps


async def state() -> list[Any]:
    return [await kind.all().order_by("id").values() for kind in (Campaign, Step, Send, Task, Event, Job)]


async def test_edits_are_one_edit(client: Client) -> None:
    campaign, steps = await launched(client)
    edits: list[dict[str, Any]] = [
        {"add": {"key": "call", "input": {"day": 3, "type": "CALL", "position": 1, "notes": "Hello"}}},
        {"move": {"id": "call", "day": 4}},
        {"change": {"id": "call", "input": {"name": "First call", "notes": "Talk"}}},
        {"add": {"input": {"day": 4, **AT, "subject": "Own", "html": "<p>Own</p>"}}},
        {"moveDay": {"day": 5, "to": 8}},
        {"remove": {"id": steps[1]}},
        {"change": {"id": steps[0], "input": {"html": "<p>New</p>"}}},
        {"add": {"key": "gone", "input": {"day": 20, "type": "CUSTOM"}}},
        {"removeDay": {"day": 20}},
    ]
    before = await state()
    shown = (await client.ask(PREVIEW, id=campaign, edits=edits))["editPreview"]
    assert await state() == before
    revision = (await Campaign.get()).revision
    done = (await client.ask(EDIT, id=campaign, edits=edits, version=4))["editSteps"]
    assert done["errors"] == []
    (key, call), (none, email) = [(each["key"], each["step"]) for each in done["added"]]
    assert (key, none, call["number"], email["number"]) == ("call", None, 2, 3)
    assert done["campaign"] == {
        "version": 5,
        "steps": [
            {"id": steps[0], "number": 1, "day": 1, "type": "EMAIL"},
            {"id": call["id"], "number": 2, "day": 4, "type": "CALL"},
            {"id": email["id"], "number": 3, "day": 4, "type": "EMAIL"},
            {"id": steps[2], "number": 4, "day": 8, "type": "EMAIL"},
        ],
    }
    row = await Campaign.get()
    assert (row.revision, row.editing) == (revision + 1, False)
    assert {step.added_revision for step in await Step.filter(id__in=[call["id"], email["id"]])} == {row.revision}
    assert (await Step.get(id=call["id"])).notes == "Talk"
    ((event),) = await Event.filter(kind="CAMPAIGN_EDITED")
    assert event.data == {"edit": "EDIT_STEPS", "edits": 9}
    # What the preview has shown has happened: the emails after the new task wait for it.
    assert (shown["people"], shown["movingPeople"]) == (1, 1)
    counts = {each["id"] or each["step"]: each for each in shown["steps"]}
    assert (counts[2]["added"], counts[2]["tasksCreated"], counts[steps[1]]["cancelled"]) == (True, 1, 1)
    assert counts[steps[2]]["withdrawn"] == 1
    assert await Task.filter(step_id=call["id"]).count() == 1
    assert await Send.filter(step_id=steps[2]).count() == 0
    assert [send.reason for send in await Send.filter(step_id=steps[1])] == ["STEP_REMOVED"]


async def test_only_the_last_order_has_to_be_possible(client: Client) -> None:
    """An email is exchanged for another that its follow-up follows, which no single edit could do."""
    campaign, steps = await launched(client)
    follow = {"change": {"id": steps[2], "input": {"followUp": True}}}
    assert (await client.ask(EDIT, id=campaign, edits=[follow]))["editSteps"]["errors"] == []
    exchange = [
        {"add": {"input": {"day": 4, "type": "INMAIL"}}},
        {"remove": {"id": steps[1]}},
        {"add": {"input": {"day": 4, **AT, "subject": "New", "html": "<p>New</p>"}}},
    ]
    (refused,) = (await client.ask(EDIT, id=campaign, edits=exchange[:2]))["editSteps"]["errors"]
    assert (refused["code"], refused["path"]) == ("FOLLOW_UP_NOT_AVAILABLE", ["edits", "0", "add", "day"])
    assert (await client.ask(EDIT, id=campaign, edits=exchange))["editSteps"]["errors"] == []


async def test_each_error_names_its_edit_and_nothing_is_written(client: Client) -> None:
    campaign, steps = await launched(client)
    other = await story.campaign(client, await story.sender(client, email="other@example.com"))
    foreign = await story.step(client, other, day=1, type="CALL")
    good = {"change": {"id": steps[1], "input": {"name": "Changed"}}}
    call = {"day": 2, "type": "CALL"}
    before = await state()
    cases: list[tuple[list[Any], str, str]] = [
        ([], "NO_EDITS", "edits"),
        ([good, {"add": {"input": {"day": 0, "type": "CALL"}}}], "INVALID_DAY", "edits.1.add.day"),
        ([good, {"add": {"input": {"day": 2, **AT}}}], "TEMPLATE_REQUIRED", "edits.1.add.templateId"),
        ([good, {"change": {"id": steps[2], "input": {"html": "{{"}}}], "INVALID_TEMPLATE", "edits.1.change.html"),
        ([good, {"change": {"id": steps[2], "input": {"name": None}}}], "REQUIRED", "edits.1.change.name"),
        ([good, {"change": {"id": steps[2], "input": {"type": "CALL"}}}], "STEP_TYPE_FIXED", "edits.1.change.type"),
        (
            [{"change": {"id": steps[2], "input": {"sendOption": "nope"}}}, good],
            "SEND_OPTION_UNKNOWN",
            "edits.0.change.sendOption",
        ),
        ([good, {"change": {"id": "nobody", "input": {}}}], "NOT_FOUND", "edits.1.change.id"),
        ([good, {"remove": {"id": foreign}}], "NOT_FOUND", "edits.1.remove.id"),
        ([{"remove": {"id": steps[1]}}, good], "STEP_REMOVED", "edits.1.change.id"),
        ([good, {"move": {"id": steps[2], "day": 3, "position": 9}}], "INVALID_POSITION", "edits.1.move.position"),
        ([good, {"move": {"id": steps[2], "day": 366}}], "INVALID_DAY", "edits.1.move.day"),
        ([good, {"moveDay": {"day": 4, "to": 5}}], "DAY_NOT_FOUND", "edits.1.moveDay.day"),
        ([good, {"moveDay": {"day": 5, "to": 0}}], "INVALID_DAY", "edits.1.moveDay.to"),
        ([good, {"removeDay": {"day": 4}}], "DAY_NOT_FOUND", "edits.1.removeDay.day"),
        ([good, {"move": {"id": steps[0], "day": 2}}], "CAMPAIGN_RUNNING", "edits.1.move.id"),
        ([good, {"remove": {"id": steps[0]}}], "CAMPAIGN_RUNNING", "edits.1.remove.id"),
        ([good, {"removeDay": {"day": 1}}], "CAMPAIGN_RUNNING", "edits.1.removeDay.day"),
        ([good, {"moveDay": {"day": 1, "to": 2}}], "CAMPAIGN_RUNNING", "edits.1.moveDay.day"),
        ([good, {"add": {"input": {"day": 1, "type": "CALL", "position": 1}}}], "CAMPAIGN_RUNNING", "edits.1.add"),
        (
            [good, {"change": {"id": steps[0], "input": {"sendOption": "choose_at_launch"}}}],
            "SEND_AT_REQUIRED",
            "edits.1.change.sendOption",
        ),
        (
            [{"add": {"key": "a", "input": call}}, {"add": {"key": "a", "input": call}}],
            "INVALID_STEP_KEY",
            "edits.1.add.key",
        ),
        ([{"add": {"key": "stp_x", "input": call}}], "INVALID_STEP_KEY", "edits.0.add.key"),
        ([{"add": {"key": " ", "input": call}}], "REQUIRED", "edits.0.add.key"),
        ([{"add": {"input": call}}] * 98, "TOO_MANY_STEPS", "edits.97.add"),
    ]
    for edits, code, path in cases:
        payload = (await client.ask(EDIT, id=campaign, edits=edits))["editSteps"]
        assert [(error["code"], ".".join(error["path"])) for error in payload["errors"]] == [(code, path)], edits
        assert (payload["campaign"], payload["added"]) == (None, [])
        answer = await client.raw(PREVIEW, {"id": campaign, "edits": edits})
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == code
        assert error["extensions"]["path"] == ["editSteps", *path.split(".")], edits
    mistakes = [
        {"add": {"key": "bad", "input": {"day": 2, **AT}}},
        good,
        {"move": {"id": "bad", "day": 3}},
        {"moveDay": {"day": 4, "to": 5}},
        {"change": {"id": steps[2], "input": {"html": "{{"}}},
        {"move": {"id": steps[1], "day": 400}},
        {"change": {"id": steps[0], "input": {"name": None, "notes": None}}},
        {"remove": {"id": steps[0]}},
        {"add": {"key": "stp_a", "input": {"day": 0, "type": "CALL", "name": "x" * 500}}},
    ]
    payload = (await client.ask(EDIT, id=campaign, edits=mistakes))["editSteps"]
    assert [(error["code"], error["path"][1:]) for error in payload["errors"]] == [
        ("TEMPLATE_REQUIRED", ["0", "add", "templateId"]),
        ("DAY_NOT_FOUND", ["3", "moveDay", "day"]),
        ("INVALID_TEMPLATE", ["4", "change", "html"]),
        ("INVALID_DAY", ["5", "move", "day"]),
        ("REQUIRED", ["6", "change", "name"]),
        ("REQUIRED", ["6", "change", "notes"]),
        *[(code, ["8", "add", name]) for code, name in
          (("INVALID_STEP_KEY", "key"), ("TOO_LONG", "name"), ("INVALID_DAY", "day"))],
    ]  # fmt: skip
    impossible = [{"move": {"id": steps[1], "day": 400}}, {"move": {"id": steps[2], "day": 366}}]
    payload = (await client.ask(EDIT, id=campaign, edits=impossible))["editSteps"]
    found = sorted((error["code"], *error["path"][1:]) for error in payload["errors"])
    assert found == [("INVALID_DAY", "0", "move", "day"), ("INVALID_DAY", "1", "move", "day")]
    assert await state() == before
    for wrong, field in (
        ({}, []),
        ({"remove": {"id": "x"}, "removeDay": {"day": 1}}, []),
        ({"remove": None}, ["remove"]),
    ):
        (error,) = (await client.raw(EDIT, {"id": campaign, "edits": [good, wrong]}))["errors"]
        assert error["extensions"] == {"code": "INVALID_VALUE", "path": ["edits", "1", *field]}, error
    assert await state() == before
