"""What is said before and when an email cannot go to someone's address: a blocked domain, or a bounce."""

from tests import story
from tests.client import Client

BLOCK = f"""mutation($domains: [String!]!) {{
  setBlockedDomains(domains: $domains) {{ workspace {{ blockedDomains }} {story.ERRORS} }} }}"""
PREVIEW = """query($input: LaunchInput!) {
  launchPreview(input: $input) {
  previews { person { email } warnings { code sentence values } } } }"""
BOUNCE = f"mutation($id: ID!) {{ recordBounce(enrollmentId: $id) {{ {story.ERRORS} }} }}"
SEND = f"mutation($id: ID!) {{ sendTask(id: $id) {{ {story.ERRORS} }} }}"
RETRY = f"mutation($id: ID!) {{ retrySend(id: $id) {{ {story.ERRORS} }} }}"
EMAIL = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}}


async def refusal(client: Client, mutation: str, **variables: str) -> str:
    (payload,) = (await client.ask(mutation, **variables)).values()
    (error,) = payload["errors"]
    return str(error["code"])


async def test_blocked_domains_include_subdomains(client: Client) -> None:
    given = ["Blocked.example.", "blocked.example", "xn--mller-kva.de"]
    workspace = await client.do(BLOCK, "workspace", domains=given)
    assert workspace == {"blockedDomains": ["blocked.example", "müller.de"]}
    campaign = await story.campaign(client, await story.sender(client))
    template = await story.template(client)
    await story.step(client, campaign, day=1, templateId=template, **EMAIL)
    await story.step(client, campaign, day=2, type="EMAIL", sendOption="task", templateId=template)
    emails = ["ann@mail.blocked.example", "bob@notblocked.example", "cy@post.müller.de"]
    people = [await story.person(client, email) for email in emails]
    given_input = {"campaignId": campaign, "personIds": people}
    previews = (await client.ask(PREVIEW, input=given_input))["launchPreview"]["previews"]
    told = {each["person"]["email"]: [(w["code"], w["values"]) for w in each["warnings"]] for each in previews}
    assert told == {
        emails[0]: [("DOMAIN_BLOCKED", {"email": emails[0], "domain": "blocked.example"})],
        emails[1]: [],
        emails[2]: [("DOMAIN_BLOCKED", {"email": emails[2], "domain": "müller.de"})],
    }
    enrollments = await client.do(story.LAUNCH, "enrollments", input=given_input)
    await client.do(story.ADVANCE, "now", to="2026-03-02T12:00:00Z")
    found = [(await story.progress(client, each["id"]))["progress"] for each in enrollments]
    reasons = [(steps[0]["email"]["status"], steps[0]["email"]["reason"]) for steps in found]
    assert reasons == [("FAILED", "BLOCKED_DOMAIN"), ("SENT", None), ("FAILED", "BLOCKED_DOMAIN")]
    assert await refusal(client, SEND, id=found[0][1]["task"]["id"]) == "BLOCKED_DOMAIN"
    assert await refusal(client, RETRY, id=found[0][0]["email"]["id"]) == "BLOCKED_DOMAIN"
    await client.do(BLOCK, "workspace", domains=[])
    assert (await client.ask(RETRY, id=found[0][0]["email"]["id"]))["retrySend"]["errors"] == []


async def test_the_preview_warns_of_an_address_that_bounces(client: Client) -> None:
    sender, template = await story.sender(client), await story.template(client)
    kept = await story.campaign(client, sender, removeOnBounce=False)
    await story.step(client, kept, day=1, templateId=template, **EMAIL)
    other = await story.campaign(client, sender, removeOnBounce=False)
    await story.step(client, other, day=1, templateId=template, **EMAIL)
    person = await story.person(client)
    (enrollment,) = await client.do(story.LAUNCH, "enrollments", input={"campaignId": kept, "personIds": [person]})
    await client.do(story.ADVANCE, "now", to="2026-03-02T12:00:00Z")
    await client.ask(BOUNCE, id=enrollment["id"])
    (preview,) = (await client.ask(PREVIEW, input={"campaignId": other, "personIds": [person]}))["launchPreview"][
        "previews"
    ]
    assert [warning["code"] for warning in preview["warnings"]] == ["ADDRESS_BOUNCES"]
    assert "clearBounce" in preview["warnings"][0]["sentence"]
    (email,) = (await client.ask("{ emails(filter: {folder: BOUNCED}) { nodes { id } } }"))["emails"]["nodes"]
    assert await refusal(client, RETRY, id=email["id"]) == "BOUNCED"
