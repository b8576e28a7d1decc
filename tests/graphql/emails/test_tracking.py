"""The setting for opens and clicks, its warning, and the counts of emails."""

from datetime import UTC, datetime, timedelta

import pytest

from api.models import Send, Workspace
from api.services.tracking.apply_tracking import email_hit, record_hits
from api.store.engine.transactions import transaction
from plugins.incoming import ReportedKind
from tests import story
from tests.client import SECRET, Client
from tests.graphql.authored import AT, author, launch

TRACKING_URL = {"TOUCHLINE_TRACKING_URL": "https://go.example.com", "TOUCHLINE_SECRET": SECRET}
CREATE = """mutation($input: CampaignInput!) { createCampaign(input: $input) {
  campaign { id tracking } warnings { code sentence } errors { code path } } }"""
UPDATE = """mutation($id: ID!, $input: CampaignChanges!) { updateCampaign(id: $id, input: $input) {
  campaign { tracking } warnings { code } errors { code path } } }"""
PREVIEW = """query($edit: EditInput!) { editPreview(edit: $edit) { warnings { code } } }"""
COUNTS = "opens machineOpens openedAt clicks machineClicks clickedAt"


async def test_campaigns_track_nothing_by_default(client: Client) -> None:
    sender = await story.sender(client)
    made = (await client.ask(CREATE, input={"name": "A", "senderId": sender}))["createCampaign"]
    assert (made["campaign"]["tracking"], made["warnings"], made["errors"]) == ("OFF", [], [])


async def test_without_a_tracking_url_a_warning_says_that_nothing_is_tracked(client: Client) -> None:
    sender = await story.sender(client)
    made = (await client.ask(CREATE, input={"name": "A", "senderId": sender, "tracking": "CLICKS"}))["createCampaign"]
    assert made["campaign"]["tracking"] == "CLICKS"
    assert [warning["code"] for warning in made["warnings"]] == ["NOT_TRACKED"]
    assert "TOUCHLINE_TRACKING_URL" in made["warnings"][0]["sentence"]
    campaign = made["campaign"]["id"]
    await client.do(UPDATE, "campaign", id=campaign, input={"tracking": "OFF"})
    await story.step(client, campaign, type="EMAIL", templateId=await story.template(client), **AT)
    change = {"id": campaign, "input": {"tracking": "OPENS_AND_CLICKS"}}
    preview = await client.ask(PREVIEW, edit={"updateCampaign": change})
    assert [warning["code"] for warning in preview["editPreview"]["warnings"]] == ["NOT_TRACKED"]
    updated = (await client.ask(UPDATE, **change))["updateCampaign"]
    assert [warning["code"] for warning in updated["warnings"]] == ["NOT_TRACKED"]
    person = await story.person(client)
    launched = await client.ask(
        "query($input: LaunchInput!) { launchPreview(input: $input) { previews { warnings { code } } } }",
        input={"campaignId": campaign, "personIds": [person]},
    )
    assert launched == {"launchPreview": {"previews": [{"warnings": [{"code": "NOT_TRACKED"}]}]}}


@pytest.mark.parametrize("environment", [TRACKING_URL])
async def test_with_a_tracking_url_there_is_no_warning(client: Client) -> None:
    sender = await story.sender(client)
    made = (await client.ask(CREATE, input={"name": "A", "senderId": sender, "tracking": "CLICKS"}))["createCampaign"]
    assert (made["warnings"], made["errors"]) == ([], [])


@pytest.mark.parametrize("value", ["clicks", "ON", None, 1, ""])
async def test_other_values_are_refused(client: Client, value: object) -> None:
    campaign = await author(client, AT)
    answer = await client.raw(UPDATE, {"id": campaign, "input": {"tracking": value}})
    errors = answer.get("errors") or answer["data"]["updateCampaign"]["errors"]
    assert errors
    assert "INTERNAL_ERROR" not in str(errors)
    found = await client.ask("query($id: ID!) { campaign(id: $id) { tracking } }", id=campaign)
    assert found["campaign"] == {"tracking": "OFF"}


async def test_tracking_of_a_running_campaign_changes_and_moves_no_email(client: Client) -> None:
    campaign = await author(client, AT)
    await launch(client, campaign, await story.person(client))
    before = await Send.get().values("due_at", "planned_at", "status")
    updated = (await client.ask(UPDATE, id=campaign, input={"tracking": "CLICKS"}))["updateCampaign"]
    assert (updated["campaign"], updated["errors"]) == ({"tracking": "CLICKS"}, [])
    assert await Send.get().values("due_at", "planned_at", "status") == before
    found = await client.ask("query($id: ID!) { campaign(id: $id) { editing } }", id=campaign)
    assert found["campaign"] == {"editing": False}


async def test_the_counts_of_emails(client: Client, stranger: Client) -> None:
    campaign = await author(client, AT)
    await launch(client, campaign, await story.person(client))
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    query = f"{{ emails {{ nodes {{ id {COUNTS} }} }} }}"
    (email,) = (await client.ask(query))["emails"]["nodes"]
    nothing = {"opens": 0, "machineOpens": 0, "openedAt": None, "clicks": 0, "machineClicks": 0, "clickedAt": None}
    assert email == {"id": email["id"], **nothing}
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    clock = (await Workspace.get(id=client.workspace.id)).virtual_now
    assert clock is not None
    async with transaction():
        kinds = (ReportedKind.OPENED, ReportedKind.CLICKED)
        people = [email_hit(f"a{kind}", kind, now, email["id"], {"detail": "BROWSER"}) for kind in kinds]
        machines = [email_hit(f"b{kind}", kind, now, email["id"], {"user_agent": "curl/8"}) for kind in kinds]
        await record_hits([*people, *machines])
    at = clock.strftime("%Y-%m-%dT%H:%M:%SZ")
    (email,) = (await client.ask(query))["emails"]["nodes"]
    one = {"opens": 1, "machineOpens": 1, "openedAt": at, "clicks": 1, "machineClicks": 1, "clickedAt": at}
    assert email == {"id": email["id"], **one}
    events = (await client.ask("{ events(first: 4) { nodes { kind data email { id } } } }"))["events"]["nodes"]
    assert {event["kind"] for event in events} == {"OPENED", "CLICKED"}
    assert {event["email"]["id"] for event in events} == {email["id"]}
    assert now - clock < timedelta(days=1)
    other = "query($id: ID!) { email(id: $id) { opens } }"
    assert await stranger.ask(other, id=email["id"]) == {"email": None}
