"""The webhook "mailgun": signatures, tokens, and the meaning of each kind of event."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugins.incoming import BounceKind, ReportedKind
from plugins.webhooks.mailgun import MailgunWebhook
from tests.plugins.webhooks.requests import NOW, SECRET, mailgun, refused, request

BASE: dict[str, Any] = {
    "id": "G9Bn5sl1TC6nu79C8C0bwg",
    "timestamp": 1521233195.375624,
    "recipient": "alice@example.com",
    "message": {"headers": {"message-id": "20130503192659.13651@mg.example.com", "from": "Grace <grace@example.com>"}},
    "user-variables": {"touchline_email": "snd_1"},
}
HARD, SOFT = BounceKind.HARD, BounceKind.SOFT


def failed(reason: str, severity: str = "permanent", **status: Any) -> dict[str, Any]:
    return {"event": "failed", "severity": severity, "reason": reason, "delivery-status": status}


@pytest.fixture
def webhook() -> MailgunWebhook:
    return MailgunWebhook({"TOUCHLINE_WEBHOOK_MAILGUN": SECRET})


@pytest.mark.parametrize(
    ("event", "kind", "bounce"),
    [
        ({"event": "delivered", "delivery-status": {"code": 250, "message": "OK"}}, ReportedKind.DELIVERED, None),
        ({"event": "complained"}, ReportedKind.COMPLAINED, None),
        ({"event": "unsubscribed"}, ReportedKind.UNSUBSCRIBED, None),
        (
            failed("suppress-bounce", code=605, description="Not delivering to previously bounced address"),
            "BOUNCED",
            HARD,
        ),
        (failed("suppress-complaint", code=607), "COMPLAINED", None),
        (failed("suppress-unsubscribe", code=606), "UNSUBSCRIBED", None),
        (
            failed("bounce", code=550, message="5.1.1 The email account that you tried to reach does not exist"),
            "BOUNCED",
            HARD,
        ),
        (failed("bounce", code=550, message="No such user", **{"enhanced-code": "5.1.1"}), "BOUNCED", HARD),
        (failed("bounce", code=552, message="5.2.2 Mailbox full", **{"bounce-type": "hard"}), "BOUNCED", SOFT),
        (failed("bounce", code=550, message="Message rejected as spam", **{"bounce-type": "hard"}), "BOUNCED", SOFT),
        (failed("bounce", **{"bounce-type": "hard"}), "BOUNCED", HARD),
        (failed("generic", code=498, message="Too old"), "BOUNCED", SOFT),
        (failed("old", code=602, message="Retried for too long"), "BOUNCED", SOFT),
        (
            {"event": "rejected", "reject": {"reason": "Sandbox subdomains are for test purposes only."}},
            "BOUNCED",
            SOFT,
        ),
    ],
)
async def test_what_an_event_says(
    webhook: MailgunWebhook, event: dict[str, Any], kind: str, bounce: BounceKind | None
) -> None:
    (found,) = (await webhook.receive(request(mailgun(BASE | event)))).events
    assert (found.kind, found.bounce, found.key) == (kind, bounce, "a" * 50)
    assert (found.recipient, found.sender, found.email_id) == ("alice@example.com", "grace@example.com", "snd_1")
    assert found.message_id == "<20130503192659.13651@mg.example.com>"
    assert found.at == datetime(2018, 3, 16, 20, 46, 35, 375624, UTC)


@pytest.mark.parametrize(
    "event",
    [{"event": "accepted"}, {"event": "stored"}, failed("generic", "temporary", code=421), {}, {"event": []}, None, []],
)
async def test_what_says_nothing_is_ignored(webhook: MailgunWebhook, event: Any) -> None:
    result = await webhook.receive(request(mailgun(BASE | event if isinstance(event, dict) else event)))
    assert (list(result.events), result.ignored) == ([], 1)


async def test_opens_and_clicks_name_the_visitor(webhook: MailgunWebhook) -> None:
    client = {"user-agent": "Mozilla/5.0", "client-type": "browser", "bot": "apple"}
    event = BASE | {"event": "opened", "ip": "50.56.129.169", "client-info": client, "user-variables": []}
    (found,) = (await webhook.receive(request(mailgun(event)))).events
    assert (found.kind, found.machine, found.ip, found.email_id) == ("OPENED", True, "50.56.129.169", None)
    event = BASE | {"event": "clicked", "url": "http://mailgun.com", "client-info": client | {"bot": ""}}
    (found,) = (await webhook.receive(request(mailgun(event, token="b" * 50)))).events
    assert (found.kind, found.machine, found.url) == ("CLICKED", False, "http://mailgun.com")


async def test_a_token_counts_once(webhook: MailgunWebhook) -> None:
    body = mailgun(BASE | {"event": "opened"})
    first = await webhook.receive(request(body))
    again = await webhook.receive(request(body))
    assert first.events == again.events, "a repeated request has the same key, so that it is stored once"
    forged = json.loads(body) | {"event-data": BASE | {"event": "complained"}}
    assert await refused(webhook, request(json.dumps(forged).encode())) == (403, "WEBHOOK_BAD_SIGNATURE")


async def test_wrong_missing_and_old_signatures_are_refused(webhook: MailgunWebhook) -> None:
    event = BASE | {"event": "opened"}
    for name in ("timestamp", "token", "signature"):
        body = json.loads(mailgun(event))
        for wrong in (body["signature"][name][:-1], body["signature"][name] + "0", "é", None, [], {"a": 1}):
            given = body | {"signature": body["signature"] | {name: wrong}}
            assert (await refused(webhook, request(json.dumps(given).encode())))[0] in {401, 403}, (name, wrong)
    assert await refused(webhook, request(b'{"event-data": {}}')) == (401, "WEBHOOK_UNSIGNED")
    assert await refused(webhook, request(b'{"signature": []}')) == (401, "WEBHOOK_UNSIGNED")
    assert await refused(webhook, request(mailgun(event, SECRET[::-1]))) == (403, "WEBHOOK_BAD_SIGNATURE")
    for age in (timedelta(hours=27), -timedelta(minutes=6)):
        assert await refused(webhook, request(mailgun(event, at=NOW - age))) == (403, "WEBHOOK_TOO_OLD")
    for body in (b"", b"[]", b"\xff", b'{"signature": {}, "signature": {}}', b'{"a":' * 100_000):
        assert (await refused(webhook, request(body)))[0] in {400, 413}
