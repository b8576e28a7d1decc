"""What a rep reads: offers, previews, folders, tasks, the feed, and the words of an explanation."""

from typing import Any

import pytest

from api.models import Enrollment, Event, Send
from tests import story
from tests.client import Client

OFFERS = """query($id: ID!, $day: Int!, $position: Int) {
  sendOptions(campaignId: $id, day: $day, position: $position) { key available reasonCode warning }
  followUp(campaignId: $id, day: $day, position: $position) { available } }"""
PREVIEW = """query($input: LaunchInput!) { launchPreview(input: $input) {
  zone waiting warnings { code sentence german: sentence(language: "de") values }
  planned { step sendAt dueDate explanation(language: "de") { sentence } } } }"""
OPEN = """query($id: ID!) { task(id: $id) { composition { to subject html text gmailUrl outlookUrl mailtoUrl } } }"""


async def author(client: Client, *steps: dict[str, Any], zone: str = "Europe/Berlin", **settings: Any) -> str:
    """Author a campaign of these steps; emails get a template."""
    template = await story.template(client)
    campaign = await story.campaign(client, await story.sender(client, zone=zone), **settings)
    for content in steps:
        email = {"type": "EMAIL", "templateId": template} if "sendOption" in content else {"type": "CALL"}
        await story.step(client, campaign, **email, **content)
    return campaign


async def launch(client: Client, campaign: str, person: str, **given: Any) -> str:
    """Launch for one person and return the enrollment."""
    chosen = {"campaignId": campaign, "personIds": [person]} | given
    return (await client.do(story.LAUNCH, "enrollments", input=chosen))[0]["id"]


AT = {"day": 1, "sendOption": "at_time", "config": {"at": "09:30"}}
BY_HAND = {"day": 1, "sendOption": "task"}


async def test_what_is_offered_where(client: Client) -> None:
    campaign = await author(client, AT, {"day": 2})

    async def offered(day: int, position: int | None = None) -> tuple[dict[str, Any], bool]:
        answer = await client.ask(OFFERS, id=campaign, day=day, position=position)
        found = {offer["key"]: offer["reasonCode"] or offer["available"] for offer in answer["sendOptions"]}
        return found, answer["followUp"]["available"]

    no, yes = "SEND_OPTION_NOT_AVAILABLE", True
    first = {"choose_at_launch": yes, "at_time": yes, "task": yes, "same_time_as_previous": no}
    later = {"choose_at_launch": no, "at_time": yes, "task": yes, "same_time_as_previous": yes}
    assert await offered(1, 1) == (first, False)
    assert await offered(1) == (later, True)
    assert await offered(2) == (later, False)
    assert await offered(2, 1) == (later, True)


async def test_a_preview_is_what_launching_does_and_writes_nothing(client: Client) -> None:
    campaign = await author(client, AT, {"day": 1, "sendOption": "same_time_as_previous"}, {"day": 2}, AT | {"day": 3})
    person = await story.person(client)
    chosen = {"campaignId": campaign, "personIds": [person], "sendAt": "2026-03-04T11:15:00+01:00"}
    (preview,) = (await client.ask(PREVIEW, input=chosen))["launchPreview"]
    assert await Enrollment.all().count() == await Event.all().count() == 0
    assert preview["waiting"] == [4]
    assert preview["warnings"] == [
        {
            "code": "IMMEDIATE_ON_DAY_1",
            "sentence": "Step 2: not recommended on day 1, because this email is sent immediately at the start of the"
            " campaign.",
            "german": "Schritt 2: an Tag 1 nicht empfohlen, weil diese E-Mail sofort zu Beginn der Kampagne"
            " gesendet wird.",
            "values": {
                "step": 2,
                "option": "same_time_as_previous",
                "warning": "Not recommended on day 1: this email is sent immediately at the start of the campaign.",
            },
        }
    ]
    assert [line["sentence"] for line in preview["planned"][0]["explanation"]] == [
        "Tage und Zeiten gelten in Europe/Berlin, der Zeitzone des Absenders.",
        "Beim Start wurde 11:15:00 am 2026-03-04 gewählt, deshalb ist der 2026-03-04 Tag 1.",
    ]
    steps = (await story.progress(client, await launch(client, campaign, person, sendAt=chosen["sendAt"])))["progress"]
    done = [step["email"]["plannedAt"] if step["email"] else step["task"]["dueDate"] for step in steps[:3]]
    assert done == [planned["sendAt"] or planned["dueDate"] for planned in preview["planned"]]


async def test_a_preview_warns_of_fields_without_a_value(client: Client) -> None:
    campaign = await story.campaign(client, await story.sender(client))
    plain = await story.template(client, html="<p>Hi {{ first_name }} of {{ company }}</p>")
    town = await story.template(
        client, html="<p>{{ city }}, {{ street }} {{ order.number }}</p>", subject="In {{ city }}"
    )
    spare = await story.template(
        client, html="<p>{{ city | default: 'town' }}</p>", subject="{{ city | default: 'x' }}"
    )
    email = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}}
    await story.step(client, campaign, day=1, templateId=plain, **email)
    await story.step(client, campaign, day=2, type="CALL")
    await story.step(client, campaign, day=3, templateId=town, **email)
    await story.step(client, campaign, day=3, templateId=spare, followUp=True, **email)
    await story.step(client, campaign, day=4, templateId=spare, **email)
    cities: list[dict[str, str]] = [{"city": "Paris", "street": "Rue"}, {"city": "Rome"}, {"city": " "}, {}]
    people = [await story.person(client, f"p{at}@example.com", fields=own) for at, own in enumerate(cities)]
    (first, *others) = (await client.ask(PREVIEW, input={"campaignId": campaign, "personIds": people}))["launchPreview"]
    assert [(each["code"], each["values"]) for each in first["warnings"]] == [
        ("FIELD_WITHOUT_VALUE", {"step": step, "field": name, "missing": missing, "people": 4})
        for step in (3, 4)
        for name, missing in (("city", 2), ("order", 4), ("order.number", 4), ("street", 3))
    ]
    assert first["warnings"][0]["sentence"] == (
        "Step 3: 2 of 4 people have no value for the dynamic field city, which has no default. Their emails would fail."
    )
    assert [each["warnings"] for each in others] == [first["warnings"]] * 3
    (full,) = (await client.ask(PREVIEW, input={"campaignId": campaign, "personIds": people[:1]}))["launchPreview"]
    assert full["warnings"][0]["sentence"] == (
        "Step 3: 1 of 1 people has no value for the dynamic field order, which has no default. That email would fail."
    )
    assert {each["values"]["field"] for each in full["warnings"]} == {"order", "order.number"}


async def test_folders_and_the_feed(client: Client) -> None:
    campaign = await author(client, AT, AT | {"day": 2}, {"day": 3})
    enrollment = await launch(client, campaign, await story.person(client))
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    await client.do(
        "mutation($id: ID!) { recordBounce(enrollmentId: $id) { errors { code } } }", "errors", id=enrollment
    )

    async def folder(name: str) -> int:
        answer = await client.ask(f"{{ emails(folder: {name}) {{ totalCount }} }}")
        return answer["emails"]["totalCount"]

    names = ("SENT", "PENDING", "UNDELIVERED", "BOUNCED", "FAILED", "IN_DOUBT")
    assert [await folder(name) for name in names] == [0, 0, 2, 1, 1, 0]
    events = (await client.ask("{ events { nodes { kind at person { email } campaign { id } } } }"))["events"]["nodes"]
    assert {event["kind"]: event["campaign"] for event in events}["EMAIL_SENT"] == {"id": campaign}
    assert [event["kind"] for event in reversed(events)] == [
        "CAMPAIGN_LAUNCHED",
        "TASK_CREATED",
        "EMAIL_SENT",
        "BOUNCED",
        "EMAIL_FAILED",
        "TASK_CANCELLED",
        "CAMPAIGN_ENDED",
    ]
    assert events[-3]["at"] == "2026-03-02T08:30:00Z"


@pytest.mark.parametrize(
    ("clock", "due", "count"),
    [
        ("2026-03-03T22:30:00Z", "TODAY", 0),
        ("2026-03-03T23:30:00Z", "TODAY", 1),
        ("2026-03-03T22:30:00Z", "TOMORROW", 1),
        ("2026-03-03T22:30:00Z", "TODAY_AND_TOMORROW", 1),
        ("2026-03-02T08:00:00Z", "NEXT_SEVEN_DAYS", 1),
        ("2026-03-04T22:30:00Z", "OVERDUE", 0),
        ("2026-03-04T23:30:00Z", "OVERDUE", 1),
    ],
)
async def test_tasks_by_when_they_are_due(client: Client, clock: str, due: str, count: int) -> None:
    await launch(client, await author(client, {"day": 3}), await story.person(client))
    await client.do(story.ADVANCE, "now", to=clock)
    assert (await client.ask(f"{{ tasks(due: {due}) {{ totalCount }} }}"))["tasks"]["totalCount"] == count


async def test_opening_and_sending_a_task(client: Client) -> None:
    campaign = await author(client, BY_HAND, {"day": 2, "sendOption": "same_time_as_previous", "followUp": True})
    enrollment = await launch(client, campaign, await story.person(client))
    task = (await story.progress(client, enrollment))["progress"][0]["task"]["id"]
    made = (await client.ask(OPEN, id=task))["task"]["composition"]
    assert (made["to"], made["subject"], made["text"]) == ("ada@example.com", "Hello Ada", "Hi Ada\n")
    assert made["mailtoUrl"] == "mailto:ada@example.com?subject=Hello%20Ada&body=Hi%20Ada%0D%0A"
    send = """mutation($id: ID!, $at: DateTime) {
      sendTask(id: $id, at: $at, html: "<p>My own words</p>") { errors { code } } }"""
    await client.do(send, "errors", id=task, at="2026-03-02T12:00:05Z")
    before = (await story.progress(client, enrollment))["progress"]
    assert (before[0]["task"]["status"], before[1]["state"]) == ("OPEN", "WAITING")
    await client.do(story.ADVANCE, "now", to="2026-03-02T13:00:00Z")
    after = (await story.progress(client, enrollment))["progress"]
    assert (after[0]["task"]["status"], after[0]["email"]["status"]) == ("COMPLETED", "SENT")
    assert after[1]["email"]["plannedAt"] == "2026-03-03T12:00:05Z"


@pytest.mark.parametrize(
    ("rule", "state", "status"), [("WAIT", "WAITING", "ACTIVE"), ("SKIP", "EMAIL", "ACTIVE"), ("END", "NEVER", "ENDED")]
)
async def test_a_task_expires(client: Client, rule: str, state: str, status: str) -> None:
    campaign = await author(client, {"day": 1}, AT | {"day": 9}, taskExpiryDays=1, onTaskExpiry=rule)
    enrollment = await launch(client, campaign, await story.person(client))
    await client.do(story.ADVANCE, "now", to="2026-03-04T12:00:00Z")
    found = await story.progress(client, enrollment)
    assert found["progress"][0]["task"]["status"] == "EXPIRED"
    assert (found["progress"][1]["state"], found["status"]) == (state, status)


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


async def test_who_may_not_get_it_is_told_at_dispatch(client: Client) -> None:
    template = await story.template(client, subject="In {{ city }}")
    campaign = await author(client)
    await story.step(client, campaign, type="EMAIL", templateId=template, **AT)
    people = {
        "ada@blocked.example": {},
        "bob@example.com": {},
        "eve@example.com": {"fields": {"city": "Ulm"}},
    }
    ids = [await story.person(client, email, **about) for email, about in people.items()]
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": ids})
    block = (
        'mutation { setBlockedDomains(domains: ["blocked.example"]) { workspace { blockedDomains } errors { code } } }'
    )
    assert await client.do(block, "workspace") == {"blockedDomains": ["blocked.example"]}
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    reasons = await Send.all().order_by("id").values_list("reason", flat=True)
    assert reasons == ["BLOCKED_DOMAIN", "UNRESOLVED_FIELD", None]


async def test_ending_a_campaign_for_everyone(client: Client) -> None:
    campaign = await author(client, AT, {"day": 2})
    people = [await story.person(client, f"p{number}@example.com") for number in range(3)]
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": people})
    assert (
        await client.do("mutation($id: ID!) { endCampaign(id: $id) { ended errors { code } } }", "ended", id=campaign)
        == 3
    )
    found = await client.ask("{ emails(folder: FAILED) { totalCount } tasks(status: CANCELLED) { totalCount } }")
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


async def test_pages_give_each_row_once(client: Client) -> None:
    wanted = [await story.person(client, f"p{number}@example.com") for number in range(7)]
    found: list[str] = []
    after, more = None, True
    while more:
        query = """query($after: String) {
          people(first: 3, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"""
        page = (await client.ask(query, after=after))["people"]
        found += [node["id"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert found == wanted
