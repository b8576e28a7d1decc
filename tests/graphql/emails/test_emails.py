"""Emails by folder, and why an email was not sent."""

from api.models import Send
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch


async def test_folders_and_the_feed(client: Client) -> None:
    campaign = await author(client, AT, AT | {"day": 2}, {"day": 3})
    enrollment = await launch(client, campaign, await story.person(client))
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    await client.do(
        "mutation($id: ID!) { recordBounce(enrollmentId: $id) { errors { code } } }", "errors", id=enrollment
    )

    async def folder(name: str) -> int:
        answer = await client.ask(f"{{ emails(filter: {{folder: {name}}}) {{ totalCount }} }}")
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
