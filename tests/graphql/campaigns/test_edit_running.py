"""Editing a running campaign through GraphQL, in a sandbox's virtual time: previewed, done, refused, and explained."""

from typing import Any

from api.models import Campaign, Enrollment, Event, Send, Step, Task
from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS

PREVIEW = """query($edit: EditInput!) { editPreview(edit: $edit) { at people movingPeople unresolvedPeople
  warnings { code sentence values }
  steps { id step name added removed moves { before after emails } moreMoves moving staying scheduled withdrawn
    cancelled atOnce inHand settled passed tasksMoving tasksStaying tasksCreated tasksWithdrawn tasksCancelled
    tasksDone } } }"""
EMAILS = "{ emails(filter: {folder: SCHEDULED}) { nodes { dueAt step { number } explanation { code sentence } } } }"
FEED = "{ events { nodes { kind data email { id } } } }"
CAMPAIGN = "query($id: ID!) { campaign(id: $id) { editing editedAt steps { id number removedAt } } }"
PAUSE = f"mutation($id: ID!) {{ pauseCampaign(id: $id) {{ {story.ERRORS} }} }}"
TABLES = (Campaign, Step, Enrollment, Send, Task, Event)


async def rows() -> list[Any]:
    return [await model.all().order_by("id").values() for model in TABLES]


async def preview(client: Client, **edit: Any) -> dict[str, Any]:
    """Ask for a preview, which must write nothing."""
    before = await rows()
    found = (await client.ask(PREVIEW, edit=edit))["editPreview"]
    assert await rows() == before
    return found


def counts(step: dict[str, Any]) -> dict[str, int]:
    """The counts of a step that are not 0."""
    return {key: value for key, value in step.items() if type(value) is int and value and key != "step"}


async def steps(client: Client, campaign: str) -> list[str]:
    return [step["id"] for step in (await client.ask(CAMPAIGN, id=campaign))["campaign"]["steps"]]


async def test_a_step_is_changed_as_the_preview_says(client: Client, campaign: str) -> None:
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    first, second = await steps(client, campaign)
    change = {"id": second, "input": {"sendOption": "at_time", "config": {"at": "11:15"}}}
    found = await preview(client, changeStep=change)
    assert (found["at"], found["people"], found["movingPeople"]) == ("2026-03-02T09:00:00Z", 2, 2)
    assert found["warnings"] == []
    assert [(step["id"], counts(step)) for step in found["steps"]] == [(first, {"settled": 2}), (second, {"moving": 2})]
    moved = {"before": "2026-03-04T08:30:00Z", "after": "2026-03-04T10:15:00Z", "emails": 2}
    assert [step["moves"] for step in found["steps"]] == [[], [moved]]
    await client.do(MUTATIONS["changeStep"], "errors", **change)
    nodes = (await client.ask(EMAILS))["emails"]["nodes"]
    assert [(node["dueAt"], node["step"]["number"]) for node in nodes] == [("2026-03-04T10:15:00Z", 2)] * 2
    assert nodes[0]["explanation"][-1] == {
        "code": "EDITED",
        "sentence": "The campaign was edited: before, this email was planned for 9:30 on 2026-03-04.",
    }
    feed = (await client.ask(FEED))["events"]["nodes"]
    assert [event["kind"] for event in feed[:3]] == ["EMAIL_MOVED", "EMAIL_MOVED", "CAMPAIGN_EDITED"]
    assert feed[0]["data"] == {"before": moved["before"], "after": moved["after"]}
    assert feed[2]["data"] == {"edit": "CHANGE_STEP", "step": 2}
    row = (await client.ask(CAMPAIGN, id=campaign))["campaign"]
    assert (row["editing"], row["editedAt"]) == (False, "2026-03-02T09:00:00Z")
    assert await client.do(story.ADVANCE, "dispatched", to="2026-03-04T10:15:00Z") == 2


async def test_a_past_time_is_warned_of_and_goes_out_at_once(client: Client, campaign: str) -> None:
    await client.do(story.ADVANCE, "now", to="2026-03-03T12:00:00Z")
    _, second = await steps(client, campaign)
    found = await preview(client, moveStep={"id": second, "day": 2})
    assert counts(found["steps"][1]) == {"moving": 2, "atOnce": 2}
    assert found["steps"][1]["moves"][0]["after"] == "2026-03-03T12:00:00Z"
    late = "The new time of 2 emails has already passed. They are sent immediately."
    assert found["warnings"] == [{"code": "EMAILS_LATE", "sentence": late, "values": {"emails": 2}}]
    await client.do(MUTATIONS["moveStep"], "errors", id=second, day=2, p=None)
    assert await client.do(story.ADVANCE, "dispatched", to="2026-03-03T12:00:00Z") == 2


async def test_a_task_is_put_between_and_removed_again(client: Client, campaign: str) -> None:
    call = {"day": 2, "type": "CALL", "name": "Ring"}
    found = await preview(client, addStep={"campaignId": campaign, "input": call})
    assert [(step["step"], step["added"], counts(step)) for step in found["steps"]] == [
        (1, False, {"staying": 2}),
        (2, True, {"tasksCreated": 2}),
        (3, False, {"withdrawn": 2}),
    ]
    assert found["steps"][1]["id"] is None
    assert found["steps"][2]["moves"] == [{"before": "2026-03-04T08:30:00Z", "after": None, "emails": 2}]
    added = await story.step(client, campaign, **call)
    removed = await preview(client, removeStep={"id": added})
    assert [(step["step"], step["removed"], counts(step)) for step in removed["steps"]] == [
        (1, False, {"staying": 2}),
        (2, False, {"scheduled": 2}),
        (2, True, {"tasksCancelled": 2}),
    ]
    await client.do(MUTATIONS["removeStep"], "errors", id=added)
    enrollment = (await Enrollment.all().order_by("id").values_list("id", flat=True))[0]
    progress = (await story.progress(client, str(enrollment)))["progress"]
    assert sorted(each["state"] for each in progress) == ["EMAIL", "EMAIL", "TASK"]
    assert [each["task"]["status"] for each in progress if each["task"]] == ["CANCELLED"]
    assert len(await steps(client, campaign)) == 2
    withdrawn = [each for each in (await client.ask(FEED))["events"]["nodes"] if each["kind"] == "EMAIL_WITHDRAWN"]
    assert [each["email"] for each in withdrawn] == [None, None], "they are gone, and the feed tells of them"


async def test_days_and_settings_are_previewed(client: Client, campaign: str) -> None:
    found = await preview(client, moveDay={"campaignId": campaign, "day": 3, "to": 6})
    assert found["steps"][1]["moves"] == [
        {"before": "2026-03-04T08:30:00Z", "after": "2026-03-09T08:30:00Z", "emails": 2}
    ]
    await client.do(MUTATIONS["moveStep"], "errors", id=(await steps(client, campaign))[1], day=6, p=None)
    found = await preview(client, updateCampaign={"id": campaign, "input": {"skipWeekends": False}})
    assert found["steps"][1]["moves"] == [
        {"before": "2026-03-09T08:30:00Z", "after": "2026-03-07T08:30:00Z", "emails": 2}
    ]
    found = await preview(client, removeDay={"campaignId": campaign, "day": 6})
    assert counts(found["steps"][1]) == {"cancelled": 2}
    await client.do(PAUSE, "errors", id=campaign)
    found = await preview(client, updateCampaign={"id": campaign, "input": {"skipWeekends": False}})
    held = "The campaign is paused. Its emails stay on hold, and resuming it moves the overdue ones."
    assert found["warnings"] == [{"code": "EMAILS_STAY_ON_HOLD", "sentence": held, "values": {}}]


async def test_nobody_is_in_the_campaign(client: Client) -> None:
    made = await story.campaign(client, await story.sender(client))
    found = await preview(client, addStep={"campaignId": made, "input": {"day": 1, "type": "CALL"}})
    assert (found["people"], found["movingPeople"], [counts(step) for step in found["steps"]]) == (0, 0, [{}])


async def test_what_a_preview_refuses(client: Client, stranger: Client, campaign: str) -> None:
    first, second = await steps(client, campaign)
    before = await rows()
    for edit, code, path in (
        ({}, "EDIT_AMBIGUOUS", ["edit"]),
        ({"removeStep": {"id": second}, "moveStep": {"id": second, "day": 2}}, "EDIT_AMBIGUOUS", ["edit"]),
        ({"removeStep": {"id": "stp_none"}}, "NOT_FOUND", ["removeStep", "id"]),
        ({"moveStep": {"id": first, "day": 2}}, "CAMPAIGN_RUNNING", ["moveStep", "id"]),
        ({"moveStep": {"id": second, "day": 0}}, "INVALID_DAY", ["moveStep", "day"]),
        (
            {"changeStep": {"id": second, "input": {"sendOption": "at_time"}}},
            "INVALID_CONFIG",
            ["changeStep", "config", "at"],
        ),
        ({"changeStep": {"id": second, "input": {"name": None}}}, "REQUIRED", ["changeStep", "name"]),
        (
            {"updateCampaign": {"id": campaign, "input": {"useRecipientZone": True}}},
            "CAMPAIGN_RUNNING",
            ["updateCampaign", "useRecipientZone"],
        ),
        ({"removeDay": {"campaignId": campaign, "day": 9}}, "DAY_NOT_FOUND", ["removeDay", "day"]),
        ({"moveDay": {"campaignId": campaign, "day": 3, "to": 400}}, "INVALID_DAY", ["moveDay", "to"]),
    ):
        answer = await client.raw(PREVIEW, {"edit": edit})
        assert answer["errors"][0]["extensions"] == {"code": code, "path": path}, (edit, answer)
        assert len(answer["errors"][0]["message"]) > 15
    answer = await stranger.raw(PREVIEW, {"edit": {"removeStep": {"id": second}}})
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert await rows() == before


async def test_another_send_option_does_not_keep_what_the_last_one_was_configured_with(client: Client) -> None:
    campaign = await story.campaign(client, await story.sender(client))
    content = {"type": "EMAIL", "templateId": await story.template(client)}
    step = await story.step(client, campaign, day=1, sendOption="at_time", config={"at": "09:30"}, **content)
    await client.do(MUTATIONS["changeStep"], "errors", id=step, input={"sendOption": "task"})
    assert (await Step.get(id=step)).config == {}
