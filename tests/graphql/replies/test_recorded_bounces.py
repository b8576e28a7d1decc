"""Bounces as clients see them."""

from tests import story
from tests.client import Client

RECORD = f"""mutation($id: ID!, $kind: BounceKind, $detail: String) {{
  recordBounce(enrollmentId: $id, kind: $kind, detail: $detail) {{ enrollment {{ status }} {story.ERRORS} }} }}"""
CLEAR = f"mutation($id: ID!) {{ clearBounce(personId: $id) {{ person {{ bouncedAt }} {story.ERRORS} }} }}"
EMAILS = "{ emails(filter: {folder: BOUNCED}) { nodes { bounce bouncedAt reason detail } } }"
PEOPLE = "{ people { nodes { id bouncedAt } } }"


async def test_soft_then_hard_then_cleared(client: Client, campaign: str) -> None:
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    first, second = (await client.ask("{ enrollments { nodes { id person { id } } } }"))["enrollments"]["nodes"]
    soft = await client.do(RECORD, "enrollment", id=first["id"], kind="SOFT", detail="552 5.2.2 mailbox full")
    assert soft == {"status": "ACTIVE"}
    (email,) = (await client.ask(EMAILS))["emails"]["nodes"]
    assert email == {
        "bounce": "SOFT",
        "bouncedAt": "2026-03-02T09:00:00Z",
        "reason": "BOUNCED",
        "detail": "552 5.2.2 mailbox full",
    }
    assert {person["bouncedAt"] for person in (await client.ask(PEOPLE))["people"]["nodes"]} == {None}
    assert await client.do(RECORD, "enrollment", id=second["id"]) == {"status": "ENDED"}
    dead = {person["id"]: person["bouncedAt"] for person in (await client.ask(PEOPLE))["people"]["nodes"]}
    assert dead == {first["person"]["id"]: None, second["person"]["id"]: "2026-03-02T09:00:00Z"}
    assert await client.do(CLEAR, "person", id=second["person"]["id"]) == {"bouncedAt": None}
    feed = (await client.ask("{ events(first: 200) { nodes { kind data } } }"))["events"]["nodes"]
    told = [event for event in feed if event["kind"] in {"BOUNCED", "BOUNCE_CLEARED"}]
    assert sorted(str(event["data"].get("bounce")) for event in told) == ["HARD", "None", "SOFT"]
