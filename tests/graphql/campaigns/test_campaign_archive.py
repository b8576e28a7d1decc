"""Campaigns are duplicated, archived and deleted, and what an archived or deleted campaign refuses."""

from typing import Any

import pytest

from api.models import Campaign, Category, Event, Send, Step, Template
from tests import story
from tests.client import Client

E = story.ERRORS
DUPLICATE = (
    f"mutation($id: ID!, $name: String) {{ duplicateCampaign(id: $id, name: $name) {{ campaign {{ id }} {E} }} }}"
)
ARCHIVE = f"""mutation($id: ID!, $archived: Boolean = true, $version: Int) {{
  archiveCampaign(id: $id, archived: $archived, ifVersion: $version) {{
    campaign {{ status archivedAt version }} {E} }} }}"""
DELETE = f"mutation($id: ID!, $version: Int) {{ deleteCampaign(id: $id, ifVersion: $version) {{ deletedId {E} }} }}"
END = f"mutation($id: ID!) {{ endCampaign(id: $id) {{ ended {E} }} }}"
COPIED = """query($id: ID!) { campaign(id: $id) { status version skipWeekends removeOnBounce onReply useRecipientZone
  taskExpiryDays onTaskExpiry inDoubtResends tracking sender { id } category { id } launchedAt
  steps { number day type name sendOption config followUp subject html text notes priority template { id } } } }"""
REFUSED_WHEN_ARCHIVED = (
    'updateCampaign(id: "{id}", input: {{name: "x"}})',
    'addStep(campaignId: "{id}", input: {{day: 9, type: CALL}})',
    'changeStep(id: "{step}", input: {{name: "x"}})',
    'removeStep(id: "{step}")',
    'moveStep(id: "{step}", day: 4)',
    'moveDay(campaignId: "{id}", day: 1, to: 3)',
    'removeDay(campaignId: "{id}", day: 1)',
    'editSteps(campaignId: "{id}", edits: [{{removeDay: {{day: 1}}}}])',
    'pauseCampaign(id: "{id}")',
    'resumeCampaign(id: "{id}")',
    'launch(input: {{campaignId: "{id}", personIds: ["{person}"]}})',
    'startLaunch(input: {{campaignId: "{id}", everyone: true}})',
)


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


async def refused(client: Client, mutation: str, **variables: Any) -> tuple[str, str]:
    ((payload),) = (await client.ask(mutation, **variables)).values()
    ((error),) = payload["errors"]
    return error["code"], error["message"]


async def authored(client: Client) -> tuple[str, str]:
    """Return a campaign with all that can be copied, and its first step."""
    sender, template = await story.sender(client), await story.template(client)
    category = await client.do('mutation { createCategory(name: "C") { category { id } errors { code } } }', "category")
    settings = {"skipWeekends": True, "removeOnBounce": False, "onReply": "CONTINUE", "taskExpiryDays": 3}
    more = {"useRecipientZone": True, "onTaskExpiry": "SKIP", "inDoubtResends": 2, "tracking": "CLICKS"}
    campaign = await story.campaign(client, sender, categoryId=category["id"], **settings, **more)
    at = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}}
    first = await story.step(client, campaign, day=1, templateId=template, subject="Own", name="First", **at)
    await story.step(client, campaign, day=2, html="<p>Own</p>", text="Own", followUp=True, **at)
    await story.step(client, campaign, day=3, type="CALL", notes="Talk", priority="HIGH")
    gone = await story.step(client, campaign, day=4, type="CUSTOM")
    await client.do(f"mutation($id: ID!) {{ removeStep(id: $id) {{ {E} }} }}", "errors", id=gone)
    return campaign, first


async def test_a_duplicate_has_all_but_the_people(client: Client) -> None:
    campaign, _ = await authored(client)
    original = (await client.ask(COPIED, id=campaign))["campaign"]
    person = await story.person(client)
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person]})
    sends, events = await Send.all().count(), await Event.all().count()
    copy = (await client.do(DUPLICATE, "campaign", id=campaign))["id"]
    assert (await client.ask(COPIED, id=copy))["campaign"] == original | {"version": 1}
    assert (await Campaign.get(id=copy)).name == "Spring (copy)"
    steps = [set(await Step.filter(campaign_id=each).values_list("id", flat=True)) for each in (campaign, copy)]
    assert (len(steps[0]), len(steps[1]), steps[0] & steps[1]) == (4, 3, set())
    assert await Send.all().count() == sends
    (event,) = (await Event.all().order_by("id"))[events:]
    assert (event.kind, event.campaign_id) == ("CAMPAIGN_DUPLICATED", copy)
    assert event.data == {"from": campaign, "name": "Spring (copy)"}
    await Campaign.filter(id=campaign).update(name="n" * 200)
    for name, expected in ((None, "n" * 193 + " (copy)"), ("  Mine ", "Mine")):
        copy = (await client.do(DUPLICATE, "campaign", id=campaign, name=name))["id"]
        assert (await Campaign.get(id=copy)).name == expected
    assert (await refused(client, DUPLICATE, id=campaign, name=" "))[0] == "REQUIRED"
    assert (await refused(client, DUPLICATE, id="cmp_x"))[0] == "NOT_FOUND"
    # A copy can be launched like any campaign.
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": copy, "personIds": [person]})


async def test_only_a_campaign_without_active_people_is_archived(client: Client) -> None:
    campaign, step = await authored(client)
    people = [await story.person(client, f"p{number}@example.com") for number in range(2)]
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": people})
    assert await refused(client, ARCHIVE, id=campaign) == (
        "PEOPLE_ACTIVE",
        "People who are active in this campaign: 2. End it for them first (`endCampaign`), or wait until its status "
        "is FINISHED.",
    )
    await client.do(END, "ended", id=campaign)
    version = (await Campaign.get(id=campaign)).version
    assert (await refused(client, ARCHIVE, id=campaign, version=version - 1))[0] == "VERSION_CONFLICT"
    archived = await client.do(ARCHIVE, "campaign", id=campaign, version=version)
    assert (archived["status"], archived["version"]) == ("ARCHIVED", version + 1)
    assert await client.do(ARCHIVE, "campaign", id=campaign) == archived, "a second time changes nothing"
    before = [await kind.all().order_by("id").values() for kind in (Campaign, Step, Event)]
    known = {"id": campaign, "step": step, "person": people[0]}
    for call in REFUSED_WHEN_ARCHIVED:
        found = await refused(client, f"mutation {{ {call.format(**known)} {{ {E} }} }}")
        assert found[0] == "CAMPAIGN_ARCHIVED", call
    for query in (
        'editPreview(edit: {{removeStep: {{id: "{step}"}}}}) {{ people }}',
        'launchPreview(input: {{campaignId: "{id}", personIds: ["{person}"]}}) {{ errors {{ code }} }}',
    ):
        answer = await client.raw(f"{{ {query.format(**known)} }}")
        assert "CAMPAIGN_ARCHIVED" in str(answer), query
    assert [await kind.all().order_by("id").values() for kind in (Campaign, Step, Event)] == before
    copy = (await client.do(DUPLICATE, "campaign", id=campaign))["id"]
    assert (await client.ask(COPIED, id=copy))["campaign"]["status"] == "DRAFT"
    back = await client.do(ARCHIVE, "campaign", id=campaign, archived=False)
    assert back == {"status": "FINISHED", "archivedAt": None, "version": version + 2}
    kinds = (
        await Event.filter(campaign_id=campaign, kind__contains="ARCHIVED")
        .order_by("id")
        .values_list("kind", flat=True)
    )
    assert kinds == ["CAMPAIGN_ARCHIVED", "CAMPAIGN_UNARCHIVED"]


async def test_only_what_nobody_went_through_is_deleted(client: Client) -> None:
    campaign, _ = await authored(client)
    copy = (await client.do(DUPLICATE, "campaign", id=campaign))["id"]
    person = await story.person(client)
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person]})
    assert await refused(client, DELETE, id=campaign) == (
        "CAMPAIGN_USED",
        "People were launched into this campaign, so it cannot be deleted. Archive it instead (`archiveCampaign`).",
    )
    await client.do(END, "ended", id=campaign)
    await Campaign.filter(id=campaign).update(finished_at=None)  # as if its people were erased
    assert (await refused(client, DELETE, id=campaign))[0] == "CAMPAIGN_USED"
    own = await Step.filter(campaign_id=copy).first()
    assert own is not None
    assert (await refused(client, DELETE, id=copy, version=7))[0] == "VERSION_CONFLICT"
    assert (await client.do(DELETE, "deletedId", id=copy, version=1)) == copy
    found = await client.ask(f"""{{ campaign(id: "{copy}") {{ id }} node(id: "{copy}") {{ id }}
      campaigns {{ nodes {{ id }} totalCount }} events(first: 1) {{ nodes {{ kind data campaign {{ id }} }} }} }}""")
    assert (found["campaign"], found["node"], found["campaigns"]["nodes"]) == (None, None, [{"id": campaign}])
    (event,) = found["events"]["nodes"]
    assert (event["kind"], event["data"], event["campaign"]) == ("CAMPAIGN_DELETED", {"name": "Spring (copy)"}, None)
    known = {"id": copy, "step": own.id, "person": person}
    for call in (
        *REFUSED_WHEN_ARCHIVED,
        'endCampaign(id: "{id}")',
        'archiveCampaign(id: "{id}")',
        'deleteCampaign(id: "{id}")',
    ):
        assert (await refused(client, f"mutation {{ {call.format(**known)} {{ {E} }} }}"))[0] in {
            "NOT_FOUND",
            "STEP_REMOVED",
        }, call


async def test_another_workspace_finds_nothing(client: Client, stranger: Client) -> None:
    campaign, step = await authored(client)
    known = await client.ask(f'{{ campaign(id: "{campaign}") {{ category {{ id }} steps {{ template {{ id }} }} }} }}')
    ids = {"id": campaign, "step": step, "category": known["campaign"]["category"]["id"]}
    ids["template"] = known["campaign"]["steps"][0]["template"]["id"]
    before = [await kind.all().order_by("id").values() for kind in (Campaign, Step, Template, Category, Event)]
    for call in (
        'duplicateCampaign(id: "{id}")',
        'archiveCampaign(id: "{id}")',
        'deleteCampaign(id: "{id}")',
        'editSteps(campaignId: "{id}", edits: [{{removeDay: {{day: 1}}}}])',
        'saveStepAsTemplate(stepId: "{step}", name: "x")',
        'archiveTemplate(id: "{template}")',
        'deleteTemplate(id: "{template}")',
        'renameCategory(id: "{category}", name: "x")',
        'deleteCategory(id: "{category}")',
    ):
        assert (await refused(stranger, f"mutation {{ {call.format(**ids)} {{ {E} }} }}"))[0] == "NOT_FOUND", call
    own = await story.campaign(stranger, await story.sender(stranger))
    edits = f'editSteps(campaignId: "{own}", edits: [{{{{remove: {{{{id: "{{step}}"}}}}}}}}])'
    assert (await refused(stranger, f"mutation {{ {edits.format(**ids)} {{ {E} }} }}"))[0] == "NOT_FOUND"
    await Campaign.filter(id=own).delete()
    assert [await kind.all().order_by("id").values() for kind in (Campaign, Step, Template, Category, Event)] == before
