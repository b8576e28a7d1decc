"""Emails that go out in another order than their steps: told when a step is saved, and in every preview."""

from typing import Any

from api.models import Send
from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS

WARNINGS = "warnings { code sentence values }"
ADD = f"""mutation($campaign: ID!, $input: StepInput!) {{
  addStep(campaignId: $campaign, input: $input) {{ step {{ id }} {WARNINGS} {story.ERRORS} }} }}"""
CHANGE = f"""mutation($id: ID!, $input: StepChanges!) {{
  changeStep(id: $id, input: $input) {{ step {{ id }} {WARNINGS} {story.ERRORS} }} }}"""
LAUNCH = f"query($input: LaunchInput!) {{ launchPreview(input: $input) {{ previews {{ zone {WARNINGS} }} }} }}"
EDIT = f"query($edit: EditInput!) {{ editPreview(edit: $edit) {{ {WARNINGS} }} }}"
RESUME = f"query($id: ID!) {{ resumePreview(campaignId: $id) {{ {WARNINGS} }} }}"
START = f"mutation($input: StartLaunchInput!) {{ startLaunch(input: $input) {{ {WARNINGS} {story.ERRORS} }} }}"
PAUSE = f"mutation($id: ID!) {{ pauseCampaign(id: $id) {{ {WARNINGS} {story.ERRORS} }} }}"


def at(wall: str, day: int = 1) -> dict[str, Any]:
    return {"day": day, "type": "EMAIL", "sendOption": "at_time", "config": {"at": wall}}


CHOOSE = {"day": 1, "type": "EMAIL", "sendOption": "choose_at_launch"}


async def author(client: Client, *steps: dict[str, Any], **settings: Any) -> tuple[str, list[str]]:
    campaign = await story.campaign(client, await story.sender(client), **settings)
    template = await story.template(client)
    ids = [
        await story.step(client, campaign, **(step | ({"templateId": template} if step["type"] == "EMAIL" else {})))
        for step in steps
    ]
    return campaign, ids


def example(at_: str, earlier: str, local: str, earlier_local: str, **values: Any) -> dict[str, Any]:
    """The values of a warning about people."""
    told = {"step": 2, "earlierStep": 1, "people": 1, "zone": "Europe/Berlin", "at": at_, "earlierAt": earlier}
    return told | {"time": local, "earlierTime": earlier_local} | values


async def test_saving_a_step_tells_it(client: Client) -> None:
    campaign, _ = await author(client, at("16:00"))
    template = await story.template(client)
    (added,) = (await client.ask(ADD, campaign=campaign, input=at("02:30") | {"templateId": template})).values()
    values = {"step": 2, "day": 1, "time": "02:30:00", "earlierStep": 1, "earlierDay": 1, "earlierTime": "16:00:00"}
    told = "Step 2 (day 1, 2:30) is sent before step 1 (day 1, 16:00)."
    assert added["warnings"] == [{"code": "OUT_OF_ORDER", "sentence": told, "values": values}]
    step = added["step"]["id"]
    (changed,) = (await client.ask(CHANGE, id=step, input={"config": {"at": "16:00"}})).values()
    assert changed["warnings"] == [], "at the same instant they are in order"
    (paused,) = (await client.ask(PAUSE, id=campaign)).values()
    assert paused["warnings"] == []


async def test_a_launch_preview_tells_it_of_each_person(client: Client) -> None:
    campaign, _ = await author(client, CHOOSE, at("02:30"), useRecipientZone=True)
    here = await story.person(client)
    there = await story.person(client, "there@example.com", zone="America/New_York")
    given = {"campaignId": campaign, "personIds": [here, there], "sendAt": "2026-03-03T15:00:00Z"}
    berlin, york = (await client.ask(LAUNCH, input=given))["launchPreview"]["previews"]
    (warning,) = berlin["warnings"]
    assert warning["code"] == "OUT_OF_ORDER"
    assert warning["values"] == example(
        "2026-03-03T01:30:00Z", "2026-03-03T15:00:00Z", "2026-03-03 02:30:00", "2026-03-03 16:00:00"
    )
    assert warning["sentence"] == (
        "Step 2 is sent before step 1 for 1 person: at 2026-03-03 2:30, and step 1 at 2026-03-03 16:00 (Europe/Berlin)."
    )
    assert york["warnings"][0]["values"] == example(
        "2026-03-03T07:30:00Z", "2026-03-03T15:00:00Z", "2026-03-03 02:30:00", "2026-03-03 10:00:00",
        zone="America/New_York",
    )  # fmt: skip
    # A time that has passed goes out at once, which is before a send-at later on the same day.
    (late,) = (await client.ask(LAUNCH, input=given | {"personIds": [here], "sendAt": "2026-03-02T15:00:00Z"})).values()
    assert late["previews"][0]["warnings"][0]["values"]["at"] == "2026-03-02T07:00:00Z"
    (equal,) = (
        await client.ask(LAUNCH, input=given | {"personIds": [here], "sendAt": "2026-03-03T01:30:00Z"})
    ).values()
    assert equal["previews"][0]["warnings"] == []
    (now,) = (await client.ask(LAUNCH, input={"campaignId": campaign, "personIds": [here], "sendNow": True})).values()
    assert now["previews"][0]["warnings"] == [], "both go out at once"


async def test_a_launch_preview_goes_by_the_times_of_the_launch(client: Client) -> None:
    steps = [at("16:00"), at("02:30"), {"day": 1, "type": "CALL"}, at("01:00")]
    campaign, _ = await author(client, *steps)
    given = {"campaignId": campaign, "personIds": [await story.person(client)]}
    (plain,) = (await client.ask(LAUNCH, input=given))["launchPreview"]["previews"]
    after = "OUT_OF_ORDER_AFTER_TASK"
    told = [(each["code"], each["values"]["earlierStep"], each["values"]["step"]) for each in plain["warnings"]]
    assert told == [(after, 1, 4), ("OUT_OF_ORDER", 1, 2)]
    assert plain["warnings"][0]["sentence"] == (
        "Step 4 (day 1, 1:00) is sent before step 1 (day 1, 16:00) if the task of step 3 is completed before then."
    )
    times = [{"step": 2, "time": "17:00"}, {"step": 4, "time": "18:00"}]
    (other,) = (await client.ask(LAUNCH, input=given | {"times": times}))["launchPreview"]["previews"]
    assert other["warnings"] == []
    (started,) = (await client.ask(START, input={"campaignId": campaign, "everyone": True})).values()
    assert [each["code"] for each in started["warnings"]] == [after, "OUT_OF_ORDER"]
    (started,) = (await client.ask(START, input={"campaignId": campaign, "everyone": True, "times": times})).values()
    assert (started["warnings"], started["errors"]) == ([], [])


async def test_clocks_that_go_forward_are_told(client: Client) -> None:
    campaign, _ = await author(client, CHOOSE, at("02:30", 2), at("03:00", 2))
    given = {"campaignId": campaign, "personIds": [await story.person(client)]}
    (spring,) = (await client.ask(LAUNCH, input=given | {"sendAt": "2026-03-28T08:00:00Z"}))["launchPreview"][
        "previews"
    ]
    assert [each["values"]["time"] for each in spring["warnings"]] == ["2026-03-29 03:00:00"]
    (march,) = (await client.ask(LAUNCH, input=given | {"sendAt": "2026-03-27T08:00:00Z"}))["launchPreview"]["previews"]
    assert march["warnings"] == []


async def test_a_follow_up_waits(client: Client) -> None:
    campaign, _ = await author(client, CHOOSE, at("02:30") | {"followUp": True})
    given = {"campaignId": campaign, "personIds": [await story.person(client)], "sendAt": "2026-03-03T15:00:00Z"}
    (preview,) = (await client.ask(LAUNCH, input=given))["launchPreview"]["previews"]
    (warning,) = preview["warnings"]
    assert (warning["code"], warning["values"]["earlierTime"]) == ("FOLLOW_UP_WAITS", "2026-03-03 16:00:00")


async def test_an_edit_preview_counts_people(client: Client) -> None:
    campaign, (_, second) = await author(client, CHOOSE, at("17:00"))
    people = [await story.person(client, f"p{number}@example.com") for number in range(3)]
    for person, send_at in zip(
        people, ("2026-03-03T15:00:00Z", "2026-03-04T14:00:00Z", "2026-03-04T08:00:00Z"), strict=True
    ):
        given = {"campaignId": campaign, "personIds": [person], "sendAt": send_at}
        await client.do(story.LAUNCH, "enrollments", input=given)
    edit = {"changeStep": {"id": second, "input": {"config": {"at": "14:30"}}}}
    before = await Send.all().order_by("id").values()
    (warning,) = (await client.ask(EDIT, edit=edit))["editPreview"]["warnings"]
    assert warning["values"] == example(
        "2026-03-03T13:30:00Z", "2026-03-03T15:00:00Z", "2026-03-03 14:30:00", "2026-03-03 16:00:00", people=2
    )
    assert warning["sentence"].startswith("Step 2 is sent before step 1 for 2 people: for example at ")
    assert await Send.all().order_by("id").values() == before
    # Of two that are sent there is nothing left to decide.
    await client.do(CHANGE, "step", **edit["changeStep"])
    await client.do(story.ADVANCE, "now", to="2026-03-03T16:00:00Z")
    name = {"changeStep": {"id": second, "input": {"name": "Other"}}}
    (warning,) = (await client.ask(EDIT, edit=name))["editPreview"]["warnings"]
    assert warning["values"]["people"] == 1


async def test_an_edit_preview_tells_what_holds_for_everyone(client: Client) -> None:
    campaign, (_, second) = await author(client, at("09:30"), at("17:00"))
    edit = {"changeStep": {"id": second, "input": {"config": {"at": "09:00"}}}}
    (nobody,) = (await client.ask(EDIT, edit=edit))["editPreview"]["warnings"]
    assert nobody["values"]["day"] == 1
    given = {"campaignId": campaign, "personIds": [await story.person(client)]}
    await client.do(story.LAUNCH, "enrollments", input=given)
    (somebody,) = (await client.ask(EDIT, edit=edit))["editPreview"]["warnings"]
    assert somebody["values"]["people"] == 1, "each pair of steps is named once"


async def test_a_resume_preview_counts_people(client: Client) -> None:
    campaign, (first, second) = await author(client, at("09:30"), at("14:00", 3))
    people = [await story.person(client, f"p{number}@example.com") for number in range(2)]
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": people})
    await client.ask(PAUSE, id=campaign)
    assert (await client.ask(RESUME, id=campaign))["resumePreview"]["warnings"] == []
    # The later email of one of them was put off by its mail server, and then to a time before the first one.
    later = await Send.filter(step_id=second, person_id=people[0]).get()
    await Send.filter(id=later.id).update(status="DEFERRED", attempts=1, due_at="2026-03-02T08:00:00+00:00")
    (warning,) = (await client.ask(RESUME, id=campaign))["resumePreview"]["warnings"]
    assert warning["values"] == example(
        "2026-03-02T08:00:00Z", "2026-03-02T08:30:00Z", "2026-03-02 09:00:00", "2026-03-02 09:30:00"
    )
    await Send.filter(step_id=first, person_id=people[0]).update(status="FAILED", held=False)
    assert (await client.ask(RESUME, id=campaign))["resumePreview"]["warnings"] == [], "what failed leaves no more"


async def test_a_refusal_has_no_warnings(client: Client) -> None:
    refused = (await client.ask(START, input={"campaignId": "cmp_none", "everyone": True}))["startLaunch"]
    assert (refused["warnings"], [error["code"] for error in refused["errors"]]) == ([], ["NOT_FOUND"])
    (error,) = (await client.ask(MUTATIONS["removeStep"], id="stp_none"))["removeStep"]["errors"]
    assert error["code"] == "NOT_FOUND"
