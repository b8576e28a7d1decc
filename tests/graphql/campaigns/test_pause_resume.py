"""Pausing and resuming through GraphQL, in a sandbox's virtual time: previewed, refused, and nobody else's."""

from typing import Any

from api.models import Enrollment, Send
from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS

FIELDS = f"campaign {{ id name pausedAt heldEmails }} {story.ERRORS}"
PAUSE = f"mutation($id: ID!) {{ pauseCampaign(id: $id) {{ {FIELDS} }} }}"
RESUME = f"mutation($id: ID!) {{ resumeCampaign(id: $id) {{ {FIELDS} }} }}"
PREVIEW = """query($id: ID!) { resumePreview(campaignId: $id) { at heldEmails movingPeople stayingPeople
  steps { step moving staying first { before after } last { before after } } } }"""
SCHEDULED = "{ emails(filter: {folder: SCHEDULED}) { nodes { held status dueAt explanation { code sentence } } } }"
LAUNCH_FIELDS = f"launch {{ id status progress resumedAt launchedAt }} {story.ERRORS}"
START = f"mutation($input: StartLaunchInput!) {{ startLaunch(input: $input) {{ {LAUNCH_FIELDS} }} }}"
PAUSE_LAUNCH = f"mutation($id: ID!) {{ pauseLaunch(id: $id) {{ {LAUNCH_FIELDS} }} }}"
RESUME_LAUNCH = f"mutation($id: ID!) {{ resumeLaunch(id: $id) {{ {LAUNCH_FIELDS} }} }}"
CANCEL_LAUNCH = f"mutation($id: ID!) {{ cancelLaunch(id: $id) {{ {LAUNCH_FIELDS} }} }}"
STATUS = "query($id: ID!) { launch(id: $id) { status } }"


async def refused(client: Client, mutation: str, **variables: Any) -> tuple[str, list[str]]:
    (payload,) = (await client.ask(mutation, **variables)).values()
    (error,) = payload["errors"]
    return error["code"], error["path"]


async def test_a_pause_holds_in_virtual_time_and_is_previewed(client: Client, campaign: str) -> None:
    row = await client.do(PAUSE, "campaign", id=campaign)
    assert (row["pausedAt"], row["heldEmails"]) == ("2026-03-02T07:00:00Z", 4)
    assert await client.do(story.ADVANCE, "dispatched", to="2026-03-06T12:00:00Z") == 0
    nodes = (await client.ask(SCHEDULED))["emails"]["nodes"]
    assert [(node["held"], node["status"]) for node in nodes] == [(True, "SCHEDULED")] * 4
    before = await Send.all().order_by("id").values()
    preview = (await client.ask(PREVIEW, id=campaign))["resumePreview"]
    first = {"before": "2026-03-02T08:30:00Z", "after": "2026-03-09T08:30:00Z"}
    second = {"before": "2026-03-04T08:30:00Z", "after": "2026-03-11T08:30:00Z"}
    assert preview == {
        "at": "2026-03-06T12:00:00Z",
        "heldEmails": 4,
        "movingPeople": 2,
        "stayingPeople": 0,
        "steps": [
            {"step": 1, "moving": 2, "staying": 0, "first": first, "last": first},
            {"step": 2, "moving": 2, "staying": 0, "first": second, "last": second},
        ],
    }
    assert await Send.all().order_by("id").values() == before, "nothing is written"
    row = await client.do(RESUME, "campaign", id=campaign)
    assert (row["pausedAt"], row["heldEmails"]) == (None, 0)
    nodes = (await client.ask(SCHEDULED))["emails"]["nodes"]
    assert sorted(node["dueAt"] for node in nodes) == ["2026-03-09T08:30:00Z"] * 2 + ["2026-03-11T08:30:00Z"] * 2
    sentences = [line["sentence"] for line in nodes[0]["explanation"] if line["code"] == "RESUMED"]
    assert sentences == [
        "The campaign was paused, so day 1 moved to 2026-03-09. Later days are counted from that date."
    ]
    kinds = [event["kind"] for event in (await client.ask("{ events { nodes { kind } } }"))["events"]["nodes"]]
    assert kinds[:2] == ["CAMPAIGN_RESUMED", "CAMPAIGN_PAUSED"]
    assert await client.do(story.ADVANCE, "dispatched", to="2026-03-09T08:30:00Z") == 2


async def test_who_has_nothing_overdue_stays(client: Client, campaign: str) -> None:
    await client.do(story.ADVANCE, "dispatched", to="2026-03-02T09:00:00Z")
    await client.do(PAUSE, "campaign", id=campaign)
    preview = (await client.ask(PREVIEW, id=campaign))["resumePreview"]
    assert (preview["movingPeople"], preview["stayingPeople"]) == (0, 2)
    assert preview["steps"] == [{"step": 2, "moving": 0, "staying": 2, "first": None, "last": None}]


async def test_what_a_pause_refuses(client: Client, stranger: Client, campaign: str) -> None:
    assert await refused(client, RESUME, id=campaign) == ("CAMPAIGN_NOT_PAUSED", ["id"])
    answer = await client.raw(PREVIEW, {"id": campaign})
    assert answer["errors"][0]["extensions"] == {"code": "CAMPAIGN_NOT_PAUSED", "path": ["campaignId"]}
    assert await refused(stranger, PAUSE, id=campaign) == ("NOT_FOUND", ["id"])
    await client.do(PAUSE, "campaign", id=campaign)
    assert await refused(client, PAUSE, id=campaign) == ("CAMPAIGN_PAUSED", ["id"])
    assert await refused(stranger, RESUME, id=campaign) == ("NOT_FOUND", ["id"])
    new = {"campaignId": campaign, "personIds": [await story.person(client, "new@example.com")]}
    assert await refused(client, story.LAUNCH, input=new) == ("CAMPAIGN_PAUSED", ["campaignId"])
    assert await refused(client, START, input={"campaignId": campaign, "everyone": True}) == (
        "CAMPAIGN_PAUSED",
        ["campaignId"],
    )
    failed = await Send.all().order_by("id").first()
    assert failed is not None
    await Send.filter(id=failed.id).update(status="FAILED", held=False)
    assert await refused(client, MUTATIONS["retrySend"], id=failed.id) == ("CAMPAIGN_PAUSED", ["id"])
    assert (await Enrollment.all().count(), await Send.filter(held=True).count()) == (2, 3)


async def test_an_email_by_hand_is_refused_while_paused(client: Client) -> None:
    made = await story.campaign(client, await story.sender(client))
    template = await story.template(client)
    await story.step(client, made, day=1, type="EMAIL", sendOption="task", templateId=template)
    given = {"campaignId": made, "personIds": [await story.person(client)]}
    (enrollment,) = await client.do(story.LAUNCH, "enrollments", input=given)
    task = (await story.progress(client, enrollment["id"]))["progress"][0]["task"]["id"]
    await client.do(PAUSE, "campaign", id=made)
    assert await refused(client, MUTATIONS["sendTask"], id=task) == ("CAMPAIGN_PAUSED", ["id"])
    assert await Send.all().count() == 0
    await client.do(RESUME, "campaign", id=made)
    assert (await client.ask(MUTATIONS["sendTask"], id=task))["sendTask"]["errors"] == []


async def test_a_launch_is_paused_and_resumed(client: Client, stranger: Client, campaign: str) -> None:
    started = await client.do(START, "launch", input={"campaignId": campaign, "everyone": True})
    assert await refused(client, RESUME_LAUNCH, id=started["id"]) == ("LAUNCH_NOT_PAUSED", ["id"])
    assert await refused(stranger, PAUSE_LAUNCH, id=started["id"]) == ("NOT_FOUND", ["id"])
    paused = await client.do(PAUSE_LAUNCH, "launch", id=started["id"])
    assert (paused["status"], paused["progress"], paused["resumedAt"]) == ("PAUSED", 0, None)
    assert await refused(client, PAUSE_LAUNCH, id=started["id"]) == ("LAUNCH_NOT_RUNNING", ["id"])
    step = f"""mutation($campaign: ID!) {{ addStep(campaignId: $campaign, input: {{day: 1, position: 1, type: CALL}}) {{
      {story.ERRORS} }} }}"""
    assert (await refused(client, step, campaign=campaign))[0] == "CAMPAIGN_RUNNING"
    await client.do(story.ADVANCE, "now", to="2026-03-02T07:30:00Z")
    resumed = await client.do(RESUME_LAUNCH, "launch", id=started["id"])
    assert (resumed["status"], resumed["resumedAt"]) == ("RUNNING", "2026-03-02T07:30:00Z")
    assert resumed["launchedAt"] == started["launchedAt"]
    await client.do(PAUSE, "campaign", id=campaign)
    assert (await client.ask(STATUS, id=started["id"]))["launch"]["status"] == "PAUSED"
    assert await refused(client, RESUME_LAUNCH, id=started["id"]) == ("CAMPAIGN_PAUSED", ["id"])
    await client.do(RESUME, "campaign", id=campaign)
    assert (await client.ask(STATUS, id=started["id"]))["launch"]["status"] == "RUNNING"


async def test_a_paused_launch_is_cancelled_as_a_running_one(client: Client, campaign: str) -> None:
    one = await client.do(START, "launch", input={"campaignId": campaign, "everyone": True})
    other = await client.do(START, "launch", input={"campaignId": campaign, "everyone": True})
    for launch in (one, other):
        await client.do(PAUSE_LAUNCH, "launch", id=launch["id"])
    assert (await client.do(CANCEL_LAUNCH, "launch", id=one["id"]))["status"] == "CANCELLED"
    await client.do(MUTATIONS["endCampaign"], "errors", id=campaign)
    assert (await client.ask(STATUS, id=other["id"]))["launch"]["status"] == "CANCELLED"
