"""Answers that are played in a sandbox: what each changes, shown in the same answer."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.mail.reading import read_mail
from tests import story
from tests.client import Client, new_client
from tests.served import NOW

SHOWN = f"""kind result reason mail events {{ kind person {{ email }} }}
  email {{ status bounce bouncedAt openedAt clickedAt detail
    enrollment {{ status endReason }} person {{ bouncedAt unsubscribedAt }} }}
  {story.ERRORS}"""
REPLY = f"""mutation($id: ID!, $text: String = "Yes, please.", $from: String) {{
  simulateReply(emailId: $id, text: $text, from: $from) {{ {SHOWN} }} }}"""
AUTO_REPLY = f"mutation($id: ID!) {{ simulateAutoReply(emailId: $id) {{ {SHOWN} }} }}"
BOUNCE = f"""mutation($id: ID!, $kind: BounceKind = HARD, $diagnostic: String) {{
  simulateBounce(emailId: $id, kind: $kind, diagnostic: $diagnostic) {{ {SHOWN} }} }}"""
COMPLAINT = f"mutation($id: ID!) {{ simulateComplaint(emailId: $id) {{ {SHOWN} }} }}"
OPEN = f"mutation($id: ID!, $agent: String) {{ simulateOpen(emailId: $id, userAgent: $agent) {{ {SHOWN} }} }}"
CLICK = f"""mutation($id: ID!, $url: String = "https://example.com/offer") {{
  simulateClick(emailId: $id, url: $url) {{ {SHOWN} }} }}"""
UNSUBSCRIBE = f"mutation($id: ID!) {{ simulateUnsubscribe(emailId: $id) {{ {SHOWN} }} }}"
ALL = {
    "simulateReply": REPLY,
    "simulateAutoReply": AUTO_REPLY,
    "simulateBounce": BOUNCE,
    "simulateComplaint": COMPLAINT,
    "simulateOpen": OPEN,
    "simulateClick": CLICK,
    "simulateUnsubscribe": UNSUBSCRIBE,
}
EMAILS = "{ emails(first: 10) { nodes { id status person { email } step { number } } } }"


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
async def sent(client: Client, campaign: str) -> str:
    """The first email of the first person, which has been sent."""
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    nodes = (await client.ask(EMAILS))["emails"]["nodes"]
    return next(
        node["id"] for node in nodes if node["status"] == "SENT" and node["person"]["email"] == "p0@example.com"
    )


async def play(client: Client, operation: str, email: str, **variables: Any) -> dict[str, Any]:
    payload: dict[str, Any] = next(iter((await client.ask(operation, id=email, **variables)).values()))
    assert payload["errors"] == []
    return payload


def kinds(done: dict[str, Any]) -> set[str]:
    return {event["kind"] for event in done["events"]}


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_a_reply_ends_the_campaign_in_the_same_answer(client: Client, sent: str) -> None:
    done = await play(client, REPLY, sent, text="Yes, please.\nCall me – tomorrow!" + "\nand so on" * 200)
    assert (done["kind"], done["result"]) == ("REPLY", "APPLIED")
    assert done["email"]["enrollment"] == {"status": "ENDED", "endReason": "REPLIED"}
    assert "REPLIED" in kinds(done)
    assert {event["person"]["email"] for event in done["events"]} == {"p0@example.com"}
    reading = read_mail(done["mail"].encode())
    assert (reading.kind, reading.text) == ("REPLY", "Yes, please.\nCall me – tomorrow!" + "\nand so on" * 200)
    assert (reading.sender, reading.subject) == ("p0@example.com", "Re: Hello Ada")
    other = await play(client, REPLY, sent)
    assert other["email"]["enrollment"]["status"] == "ENDED", "a second reply changes nothing more"


async def test_a_reply_can_come_from_another_address(client: Client, sent: str) -> None:
    done = await play(client, REPLY, sent, **{"from": "assistant@other.example"})
    assert (done["result"], done["email"]["enrollment"]["status"]) == ("APPLIED", "ENDED")
    assert read_mail(done["mail"].encode()).sender == "assistant@other.example"


async def test_an_automatic_reply_ends_nothing(client: Client, sent: str) -> None:
    done = await play(client, AUTO_REPLY, sent)
    assert done["kind"] == "AUTO_REPLY"
    assert done["email"]["enrollment"]["status"] == "ACTIVE"


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_bounces_are_hard_or_soft(client: Client, sent: str) -> None:
    soft = await play(client, BOUNCE, sent, kind="SOFT")
    assert (soft["kind"], soft["result"], soft["email"]["bounce"]) == ("BOUNCE", "APPLIED", "SOFT")
    assert soft["email"]["status"] == "BOUNCED"
    assert soft["email"]["person"]["bouncedAt"] is None
    assert soft["email"]["enrollment"]["status"] == "ACTIVE"
    other = next(
        node["id"]
        for node in (await client.ask(EMAILS))["emails"]["nodes"]
        if node["status"] == "SENT" and node["person"]["email"] == "p1@example.com"
    )
    hard = await play(client, BOUNCE, other)
    assert (hard["email"]["bounce"], hard["email"]["bouncedAt"]) == ("HARD", "2026-03-02T09:00:00Z")
    assert hard["email"]["person"]["bouncedAt"] == "2026-03-02T09:00:00Z"
    assert hard["email"]["enrollment"]["status"] == "ENDED"
    assert "BOUNCED" in kinds(hard)


async def test_the_text_of_the_mail_server_counts_more_than_the_kind(client: Client, sent: str) -> None:
    done = await play(client, BOUNCE, sent, kind="HARD", diagnostic="550 5.7.1 Message rejected as spam")
    assert done["email"]["bounce"] == "SOFT"
    assert "rejected as spam" in done["email"]["detail"]


async def test_complaints_and_unsubscribes_suppress_the_address(client: Client, sent: str) -> None:
    done = await play(client, COMPLAINT, sent)
    assert (done["kind"], done["result"]) == ("COMPLAINT", "APPLIED")
    assert done["email"]["person"]["unsubscribedAt"] == "2026-03-02T09:00:00Z"
    assert done["email"]["enrollment"]["status"] == "ENDED"
    other = next(
        node["id"]
        for node in (await client.ask(EMAILS))["emails"]["nodes"]
        if node["status"] == "SENT" and node["person"]["email"] == "p1@example.com"
    )
    done = await play(client, UNSUBSCRIBE, other)
    assert (done["kind"], done["result"], done["mail"]) == ("UNSUBSCRIBED", "APPLIED", None)
    assert done["email"]["person"]["unsubscribedAt"] == "2026-03-02T09:00:00Z"
    assert done["email"]["enrollment"] == {"status": "ENDED", "endReason": "UNSUBSCRIBED"}


async def test_opens_and_clicks_are_in_the_feed(client: Client, sent: str) -> None:
    opened = await play(client, OPEN, sent)
    assert (opened["kind"], opened["result"], kinds(opened)) == ("OPENED", "APPLIED", {"OPENED"})
    assert opened["email"]["openedAt"] == "2026-03-02T09:00:00Z"
    clicked = await play(client, CLICK, sent)
    assert (clicked["kind"], clicked["result"], kinds(clicked)) == ("CLICKED", "APPLIED", {"CLICKED"})
    assert clicked["email"]["clickedAt"] == "2026-03-02T09:00:00Z"


async def refused(client: Client, name: str, email: str, **variables: Any) -> tuple[str, list[str]]:
    payload = (await client.ask(ALL[name], id=email, **variables))[name]
    assert {payload[key] for key in ("email", "kind", "result", "reason", "mail")} == {None}
    (error,) = payload["errors"]
    return error["code"], error["path"]


@pytest.mark.parametrize("name", ALL)
async def test_what_nobody_can_answer_is_refused(
    client: Client, stranger: Client, http: httpx.AsyncClient, sent: str, name: str
) -> None:
    scheduled = next(
        node["id"] for node in (await client.ask(EMAILS))["emails"]["nodes"] if node["status"] == "SCHEDULED"
    )
    assert await refused(client, name, scheduled) == ("NOT_SENT", ["emailId"])
    assert await refused(client, name, "snd_x") == ("NOT_FOUND", ["emailId"])
    assert await refused(stranger, name, sent) == ("NOT_FOUND", ["emailId"])
    real = await new_client(http, NOW + timedelta(0), sandbox=False)
    assert await refused(real, name, sent) == ("NOT_A_SANDBOX", [])
    feed = (await client.ask("{ events(first: 200) { nodes { kind } } }"))["events"]["nodes"]
    assert not {event["kind"] for event in feed} & {"REPLIED", "BOUNCED", "OPENED", "CLICKED", "UNSUBSCRIBED"}


@pytest.mark.parametrize(
    ("name", "variables", "expected"),
    [
        ("simulateReply", {"text": " "}, ("REQUIRED", ["text"])),
        ("simulateReply", {"text": "a\x00b"}, ("INVALID_TEXT", ["text"])),
        ("simulateReply", {"from": "nobody"}, ("INVALID_ADDRESS", ["from"])),
        ("simulateReply", {"from": "a@example.com\r\nBcc: b@example.com"}, ("INVALID_ADDRESS", ["from"])),
        ("simulateBounce", {"diagnostic": "550\r\nX: y"}, ("INVALID_TEXT", ["diagnostic"])),
        ("simulateClick", {"url": "javascript:alert(1)"}, ("INVALID_URL", ["url"])),
        ("simulateClick", {"url": ""}, ("REQUIRED", ["url"])),
        ("simulateOpen", {"agent": "a\nb"}, ("INVALID_TEXT", ["userAgent"])),
    ],
)
async def test_bad_input_is_refused(
    client: Client, sent: str, name: str, variables: dict[str, str], expected: tuple[str, list[str]]
) -> None:
    assert await refused(client, name, sent, **variables) == expected
