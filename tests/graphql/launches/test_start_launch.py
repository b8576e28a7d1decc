"""Start, watch and cancel a background launch through GraphQL. Another workspace cannot see it."""

import pytest

from api.models import Launch
from api.services.common.request_context import WorkspaceContext
from plugins.loading.manager import load
from strategies import StepContext
from strategies.options.choose_at_launch import ChooseAtLaunch
from tests import story
from tests.client import Client
from tests.served import NOW
from tests.services.jobs.claims import claim_launch, run_launch

FIELDS = """launch { id status total processed enrolled leftOut progress leftOutByCode { code people }
  leftOutPeople { nodes { code personId person { email } } } campaign { name } }"""
START = f"mutation($input: StartLaunchInput!) {{ startLaunch(input: $input) {{ {FIELDS} {story.ERRORS} }} }}"
CANCEL = f"mutation($id: ID!) {{ cancelLaunch(id: $id) {{ {FIELDS} {story.ERRORS} }} }}"
LIST = "query($campaign: ID, $after: String) { launches(filter: {campaignId: $campaign}, first: 1, after: $after) { nodes { id status } pageInfo { endCursor hasNextPage } } }"  # noqa: E501
WATCH = f"query($id: ID!) {{ {FIELDS.replace('launch {', 'launch(id: $id) {', 1)} }}"


async def authored(client: Client, email: str = "grace@example.com") -> str:
    sender = await story.sender(client, email=email)
    campaign = await story.campaign(client, sender)
    template = await story.template(client)
    await story.step(client, campaign, day=1, type="EMAIL", sendOption="choose_at_launch", templateId=template)
    return campaign


async def test_a_launch_is_watched_to_its_end(client: Client, stranger: Client) -> None:
    campaign = await authored(client)
    ada = await story.person(client)
    given = {"campaignId": campaign, "personIds": [ada, "per_x"], "sendNow": True}
    begun = await client.do(START, "launch", input=given)
    assert (begun["status"], begun["total"], begun["progress"]) == ("RUNNING", 2, 0)
    row = await claim_launch(NOW)
    assert row is not None
    await run_launch(row, lambda of: WorkspaceContext(of, load({}), lambda: NOW, lambda: None), lambda: NOW)
    done = (await client.ask(WATCH, id=begun["id"]))["launch"]
    assert (done["status"], done["enrolled"], done["leftOut"], done["progress"]) == ("FINISHED", 1, 1, 1)
    assert done["leftOutByCode"] == [{"code": "NOT_FOUND", "people": 1}]
    assert done["leftOutPeople"]["nodes"] == [{"code": "NOT_FOUND", "personId": "per_x", "person": None}]
    assert (await stranger.ask(WATCH, id=begun["id"]))["launch"] is None


async def test_a_launch_is_cancelled_once_and_by_nobody_else(client: Client, stranger: Client) -> None:
    campaign = await authored(client)
    await story.person(client)
    begun = await client.do(START, "launch", input={"campaignId": campaign, "everyone": True, "sendNow": True})
    foreign = (await stranger.ask(CANCEL, id=begun["id"]))["cancelLaunch"]["errors"]
    assert [error["code"] for error in foreign] == ["NOT_FOUND"]
    assert (await client.do(CANCEL, "launch", id=begun["id"]))["status"] == "CANCELLED"
    again = (await client.ask(CANCEL, id=begun["id"]))["cancelLaunch"]["errors"]
    assert [(error["code"], error["path"]) for error in again] == [("LAUNCH_NOT_RUNNING", ["id"])]


async def test_a_launch_that_makes_no_sense_is_refused(client: Client) -> None:
    campaign = await authored(client)
    await story.person(client)
    for changes, code in (
        ({"everyone": True}, "SEND_AT_REQUIRED"),
        ({"sendNow": True, "personIds": []}, "NO_PEOPLE"),
        # As a client sends it whose filter is undefined.
        ({"sendNow": True}, "AUDIENCE_MISSING"),
        ({"sendNow": True, "personIds": None, "groupId": None, "filter": None}, "AUDIENCE_MISSING"),
        ({"sendNow": True, "everyone": True, "filter": {}}, "AUDIENCE_AMBIGUOUS"),
    ):
        (error,) = (await client.ask(START, input={"campaignId": campaign, **changes}))["startLaunch"]["errors"]
        assert error["code"] == code
    assert await Launch.all().count() == 0


async def test_a_launch_for_nobody_says_why(client: Client) -> None:
    campaign = await authored(client)
    await story.person(client)
    group = await client.do('mutation { createGroup(name: "Fair") { group { id } errors { code } } }', "group")
    for chosen, sentence in (
        ({"personIds": []}, "Choose at least one person, or everyone."),
        ({"groupId": group["id"]}, "Nobody is in this group. Add people to it, or choose others."),
        ({"filter": {"search": "nobody"}}, "Nobody meets this filter. Change it, or choose people in another way."),
    ):
        given = {"campaignId": campaign, "sendNow": True, **chosen}
        (error,) = (await client.ask(START, input=given))["startLaunch"]["errors"]
        assert (error["code"], error["message"], error["path"]) == ("NO_PEOPLE", sentence, list(chosen))
    assert await Launch.all().count() == 0


async def test_launches_are_listed_the_newest_first_and_for_nobody_else(client: Client, stranger: Client) -> None:
    campaign, other = await authored(client), await authored(client, "ada@example.com")
    await story.person(client)
    begun = [
        (await client.do(START, "launch", input={"campaignId": each, "everyone": True, "sendNow": True}))["id"]
        for each in (campaign, other, campaign)
    ]
    page = (await client.ask(LIST))["launches"]
    assert page["nodes"] == [{"id": begun[2], "status": "RUNNING"}]
    rest = (await client.ask(LIST, after=page["pageInfo"]["endCursor"]))["launches"]
    assert ([each["id"] for each in rest["nodes"]], rest["pageInfo"]["hasNextPage"]) == ([begun[1]], True)
    assert [each["id"] for each in (await client.ask(LIST, campaign=other))["launches"]["nodes"]] == [begun[1]]
    for asker, about in ((stranger, None), (stranger, campaign), (client, "cmp_\x00")):
        assert (await asker.ask(LIST, campaign=about))["launches"]["nodes"] == []


PREVIEW = (
    "query($input: LaunchInput!) { launchPreview(input: $input) { previews { zone } errors { code message path } } }"
)


async def test_a_send_option_that_breaks_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: ChooseAtLaunch, step: StepContext) -> None:
        raise RuntimeError("a partner's bug")

    campaign, person = await authored(client), await story.person(client)
    monkeypatch.setattr(ChooseAtLaunch, "resolve", breaks)
    given = {"campaignId": campaign, "personIds": [person], "sendNow": True}
    errors = [
        (await client.ask(START, input=given))["startLaunch"]["errors"][0],
        (await client.ask(story.LAUNCH, input=given))["launch"]["errors"][0],
    ]
    (refused,) = (await client.ask(PREVIEW, input=given))["launchPreview"]["errors"]
    assert [error["code"] for error in (*errors, refused)] == ["SEND_OPTION_FAILED"] * 3
    told = (
        "The send option 'choose_at_launch' of step 1 failed (RuntimeError). This is a bug in its package, touchline; "
        "see the server log."
    )
    assert [error["message"] for error in (*errors, refused)] == [told] * 3


async def test_a_launch_that_is_cancelled_stays_where_it_stood(client: Client) -> None:
    campaign = await authored(client)
    people = [await story.person(client), await story.person(client, "grace@example.com")]
    given = {"campaignId": campaign, "personIds": people, "sendNow": True}
    at_once, midway = [(await client.do(START, "launch", input=given))["id"] for _ in range(2)]
    await Launch.filter(id=midway).update(processed=1, enrolled=1)
    assert [(await client.do(CANCEL, "launch", id=each))["progress"] for each in (at_once, midway)] == [0, 0.5]
