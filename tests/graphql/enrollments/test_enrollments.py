"""People in a campaign: replies, their time zone, and the end of the campaign."""

import pytest

from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch


@pytest.mark.parametrize(
    ("setting", "status", "email"),
    [("END", "ENDED", "FAILED"), ("END_AS_SUCCESS", "SUCCEEDED", "FAILED"), ("CONTINUE", "ACTIVE", "SCHEDULED")],
)
async def test_a_reply(client: Client, setting: str, status: str, email: str) -> None:
    enrollment = await launch(client, await author(client, AT, onReply=setting), await story.person(client))
    await client.do(
        "mutation($id: ID!) { recordReply(enrollmentId: $id) { errors { code } } }", "errors", id=enrollment
    )
    found = await story.progress(client, enrollment)
    assert (found["status"], found["progress"][0]["email"]["status"]) == (status, email)


async def test_the_recipients_zone(client: Client) -> None:
    campaign = await author(client, AT, useRecipientZone=True)
    there = await story.person(client, zone="America/New_York")
    unknown = await story.person(client, "bob@example.com")
    planned = [
        (await story.progress(client, await launch(client, campaign, person)))["progress"][0]["email"]["plannedAt"]
        for person in (there, unknown)
    ]
    assert planned == ["2026-03-02T14:30:00Z", "2026-03-02T08:30:00Z"]


async def test_ending_a_campaign_for_everyone(client: Client) -> None:
    campaign = await author(client, AT, {"day": 2})
    people = [await story.person(client, f"p{number}@example.com") for number in range(3)]
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": people})
    assert (
        await client.do("mutation($id: ID!) { endCampaign(id: $id) { ended errors { code } } }", "ended", id=campaign)
        == 3
    )
    found = await client.ask(
        "{ emails(filter: {folder: FAILED}) { totalCount } tasks(filter: {status: CANCELLED}) { totalCount } }"
    )
    assert (found["emails"]["totalCount"], found["tasks"]["totalCount"]) == (3, 3)


async def test_the_progress_of_ending_a_large_campaign(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.campaigns.ending.end_job.PEOPLE_PER_CHUNK", 1)
    monkeypatch.setattr("api.services.campaigns.ending.ending.CHUNKS_OF_A_CALLER", 1)
    campaign = await author(client, AT, {"day": 2})
    people = [await story.person(client, f"p{number}@example.com") for number in range(3)]
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": people})
    end = """mutation($id: ID!) { endCampaign(id: $id) {
        ended campaign { endingAt peopleToEnd } errors { code message path } } }"""
    answers = [(await client.ask(end, id=campaign))["endCampaign"] for _ in range(4)]
    assert [answer["ended"] for answer in answers] == [3, 0, 0, 0]
    now = "2026-03-02T07:00:00Z"
    progress = [(each["campaign"]["endingAt"], each["campaign"]["peopleToEnd"]) for each in answers]
    assert progress == [(now, 2), (now, 1), (now, 0), (None, 0)]
    assert [answer["errors"] for answer in answers] == [[]] * 4


async def test_launching_a_campaign_that_is_being_ended(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.campaigns.ending.ending.CHUNKS_OF_A_CALLER", 0)
    campaign = await author(client, AT)
    people = [await story.person(client, f"p{number}@example.com") for number in range(2)]
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": people[:1]})
    await client.do("mutation($id: ID!) { endCampaign(id: $id) { ended errors { code } } }", "ended", id=campaign)
    again = {"campaignId": campaign, "personIds": people[1:]}
    (error,) = (await client.ask(story.LAUNCH, input=again))["launch"]["errors"]
    assert (error["code"], error["path"]) == ("CAMPAIGN_ENDING", ["campaignId"])


async def test_a_step_that_comes_too_late_for_a_person_does_not_wait_for_a_later_task(client: Client) -> None:
    campaign = await author(client, AT, {"day": 4}, AT | {"day": 6})
    enrollment = await launch(client, campaign, await story.person(client))
    await client.do(story.ADVANCE, "now", to="2026-03-03T12:00:00Z")
    email = {"type": "EMAIL", "templateId": await story.template(client, name="Late")}
    await story.step(client, campaign, **email, **AT | {"day": 2})
    states = [each["state"] for each in (await story.progress(client, enrollment))["progress"]]
    assert states == ["EMAIL", "NEVER", "TASK", "WAITING"]
