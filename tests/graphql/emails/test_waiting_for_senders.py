"""Emails say that they wait for a limit of their sender, or for its account."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from api.models import AccountPause, Send
from tests import story
from tests.client import Client, new_client

LOOK = """query($language: String! = "en") {
  emails(first: 5) { nodes { status dueAt wait { kind reason until }
    explanation(language: $language) { code sentence values } } }
  senders { nodes { reachedLimit { emails seconds until } } } }"""


async def look(client: Client, language: str = "en") -> tuple[list[dict[str, Any]], Any]:
    found = await client.ask(LOOK, language=language)
    return found["emails"]["nodes"], found["senders"]["nodes"][0]["reachedLimit"]


async def launch_three(client: Client, **about: Any) -> None:
    campaign = await story.campaign(client, await story.sender(client, **about))
    email = {"type": "EMAIL", "templateId": await story.template(client)}
    await story.step(client, campaign, day=1, sendOption="at_time", config={"at": "20:00"}, **email)
    people = [await story.person(client, f"p{number}@example.com") for number in range(3)]
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": people})


async def test_emails_wait_for_a_limit_of_their_sender(client: Client) -> None:
    await launch_three(client, throttle={"emails": 2, "seconds": 3600})
    emails, reached = await look(client)
    assert (reached, [each["wait"] for each in emails]) == (None, [None] * 3)
    before = [each["explanation"] for each in emails]
    await client.do(story.ADVANCE, "now", to="2026-03-02T19:10:00Z")
    emails, reached = await look(client)
    until = "2026-03-02T20:00:00Z"
    assert reached == {"emails": 2, "seconds": 3600, "until": until}
    assert [each["status"] for each in emails] == ["SENT", "SENT", "SCHEDULED"]
    assert [each["wait"] for each in emails] == [None, None, {"kind": "RETRY", "reason": "THROTTLED", "until": until}]
    (line,) = emails[2]["explanation"][len(before[2]) :]
    assert line == {
        "code": "THROTTLE",
        "sentence": "The sender had reached its limit of 2 emails in 3600 s. The next one is allowed at 21:00 on"
        " 2026-03-02.",
        "values": {"emails": 2, "seconds": 3600, "date": "2026-03-02", "time": "21:00:00", "at": until},
    }
    await client.do(story.ADVANCE, "now", to="2026-03-02T20:10:00Z")
    emails, reached = await look(client)
    assert reached is None
    assert [(each["status"], each["wait"]) for each in emails] == [("SENT", None)] * 3
    assert [each["explanation"] for each in emails] == [*before[:2], [*before[2], line]]
    german = (await look(client, "de"))[0][2]["explanation"][-1]["sentence"]
    assert german == (
        "Der Absender hatte sein Limit von 2 E-Mails in 3600 s erreicht. Die nächste ist um 21:00 am 2026-03-02"
        " erlaubt."
    )


async def test_emails_wait_for_a_paused_account(http: httpx.AsyncClient) -> None:
    client = await new_client(http, datetime(2026, 3, 2, tzinfo=UTC), sandbox=False)
    await launch_three(client, channel="smtp", channelConfig={"account": "SALES"})
    now = datetime(2199, 3, 2, 9, tzinfo=UTC)
    until = now + timedelta(days=2)
    await AccountPause.create(account="smtp:SALES", until=until, code="LOGIN_REFUSED", detail="535 no", failures=2)
    ids = [row.id for row in await Send.all().order_by("id")]
    for email_id, days in zip(ids, (0, 1, 3), strict=True):
        await Send.filter(id=email_id).update(due_at=now + timedelta(days=days))
    emails, _ = await look(client)
    shown = f"{until:%Y-%m-%dT%H:%M:%SZ}"
    wait = {"kind": "RETRY", "reason": "LOGIN_REFUSED", "until": shown}
    assert [each["wait"] for each in emails] == [wait, wait, None]
    await AccountPause.all().update(until=datetime(2026, 3, 2, tzinfo=UTC))
    emails, _ = await look(client)
    assert [each["wait"] for each in emails] == [None] * 3
