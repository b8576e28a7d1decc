"""A template's subject stays for as long as an email of a campaign that goes on has no other."""

from typing import Any

from api.models import Template
from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS, refused

START = f"mutation($input: StartLaunchInput!) {{ startLaunch(input: $input) {{ launch {{ id }} {story.ERRORS} }} }}"
CANCEL = f"mutation($id: ID!) {{ cancelLaunch(id: $id) {{ {story.ERRORS} }} }}"
EMAIL = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}}


async def authored(client: Client, template: str) -> str:
    campaign = await story.campaign(client, await story.sender(client))
    await story.step(client, campaign, day=1, templateId=template, **EMAIL)
    return campaign


async def empty(client: Client, template: str, **others: Any) -> None:
    await client.do(MUTATIONS["updateTemplate"], "errors", id=template, input={"subject": " ", **others})
    assert (await Template.get(id=template)).subject == ""


async def keeps(client: Client, template: str, number: int = 1) -> None:
    """The subject cannot be emptied, and nothing else is written with it."""
    before = await Template.all().order_by("id").values()
    for subject in ("", " ", None):
        changes = {"id": template, "input": {"subject": subject, "html": "<p>New</p>"}}
        code, path, told = await refused(client, "updateTemplate", changes)
        assert (code, path) == ("SUBJECT_REQUIRED", ["subject"])
        assert told == (
            f"Step {number} of 'Spring' uses the subject of this template, and people are in that campaign. Keep"
            " the subject, or first give the step a subject of its own."
        )
    assert await Template.all().order_by("id").values() == before


async def test_for_people_who_go_through_a_campaign(client: Client) -> None:
    template = await story.template(client)
    campaign = await authored(client, template)
    person = await story.person(client)
    await empty(client, template)
    launch = {"input": {"campaignId": campaign, "personIds": [person]}}
    assert (await refused(client, "launch", launch))[:2] == ("SUBJECT_REQUIRED", ["campaignId"])
    await client.do(MUTATIONS["updateTemplate"], "errors", id=template, input={"subject": "Hello"})
    await client.do(story.LAUNCH, "enrollments", **launch)
    await keeps(client, template)
    await client.do(MUTATIONS["updateTemplate"], "errors", id=template, input={"subject": "Hi", "html": "<p>Hi</p>"})
    await client.do(MUTATIONS["endCampaign"], "errors", id=campaign)
    await empty(client, template)


async def test_for_a_launch_in_the_background(client: Client) -> None:
    template = await story.template(client)
    campaign = await authored(client, template)
    await story.person(client)
    begun = await client.do(START, "launch", input={"campaignId": campaign, "everyone": True, "sendNow": True})
    await keeps(client, template)
    await client.do(CANCEL, "errors", id=begun["id"])
    await empty(client, template)


async def test_not_for_a_step_that_has_its_own_or_is_a_follow_up(client: Client) -> None:
    """Nor for a step of another template, or one that was removed."""
    used, other = await story.template(client), await story.template(client, name="Other")
    campaign = await authored(client, other)
    own = await story.step(client, campaign, day=2, templateId=used, subject="Mine", **EMAIL)
    await story.step(client, campaign, day=2, templateId=used, followUp=True, **EMAIL)
    person = await story.person(client)
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person]})
    await empty(client, used)
    await client.do(MUTATIONS["updateTemplate"], "errors", id=used, input={"subject": "Ours"})
    await client.do(MUTATIONS["changeStep"], "errors", id=own, input={"subject": None})
    await keeps(client, used, 2)
    last = await story.step(client, campaign, day=9, templateId=used, **EMAIL)
    await client.do(MUTATIONS["changeStep"], "errors", id=own, input={"subject": "Mine"})
    await keeps(client, used, 4)
    await client.do(MUTATIONS["removeStep"], "errors", id=last)
    await empty(client, used)


async def test_another_workspace_does_not_learn_of_it(client: Client, stranger: Client) -> None:
    template = await story.template(client)
    campaign = await authored(client, template)
    given = {"campaignId": campaign, "personIds": [await story.person(client)]}
    await client.do(story.LAUNCH, "enrollments", input=given)
    changes = {"id": template, "input": {"subject": ""}}
    assert (await refused(stranger, "updateTemplate", changes))[:2] == ("NOT_FOUND", ["id"])
