"""The webhook "postmark": its password, and the meaning of each kind of record. They follow its documentation."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.incoming import BounceKind, ReportedKind
from plugins.webhooks.postmark import PostmarkWebhook
from tests.plugins.webhooks.requests import OLD_SECRET, SECRET, refused, request

ID = {"Metadata": {"touchline-email": "snd_1"}, "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "ServerID": 23}
BOUNCE: dict[str, Any] = {
    "RecordType": "Bounce",
    "ID": 4323372036854775807,
    "Email": "john@example.com",
    "From": "grace@example.com",
    "BouncedAt": "2019-11-05T16:33:54.9070259Z",
    **ID,
}
CHANGE: dict[str, Any] = {
    "RecordType": "SubscriptionChange",
    "ChangedAt": "2020-02-01T10:53:34.416071Z",
    "Recipient": "bounced-address@wildbit.com",
    "Origin": "Recipient",
    "SuppressSending": True,
    **ID,
}
HARD, SOFT = BounceKind.HARD, BounceKind.SOFT


def basic(secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"postmark:{secret}".encode()).decode()}


@pytest.fixture
def webhook() -> PostmarkWebhook:
    return PostmarkWebhook({"TOUCHLINE_WEBHOOK_POSTMARK": f"{SECRET},{OLD_SECRET}"})


async def received(webhook: PostmarkWebhook, record: dict[str, Any]) -> Any:
    result = await webhook.receive(request(json.dumps(record).encode(), basic(SECRET)))
    return result.events[0] if result.events else result.ignored


@pytest.mark.parametrize(
    ("kind", "details", "bounce"),
    [
        ("HardBounce", "smtp;550 5.1.1 The email account that you tried to reach does not exist.", HARD),
        ("HardBounce", "test bounce", HARD),
        ("HardBounce", "smtp;550 5.7.1 rejected by policy", SOFT),
        ("BadEmailAddress", "", HARD),
        ("SoftBounce", "smtp;452 4.2.2 over quota", SOFT),
        ("SpamNotification", "", SOFT),
        ("Blocked", "554 5.7.1 blocked", SOFT),
        ("DMARCPolicy", "", SOFT),
        ("ManuallyDeactivated", "", SOFT),
        ("VirusNotification", "", SOFT),
        ("Unknown", "", SOFT),
        ("SomethingNew", "", SOFT),
    ],
)
async def test_what_a_bounce_says(webhook: PostmarkWebhook, kind: str, details: str, bounce: BounceKind) -> None:
    found = await received(webhook, BOUNCE | {"Type": kind, "Details": details})
    assert (found.kind, found.bounce, found.key) == (ReportedKind.BOUNCED, bounce, "bounce:4323372036854775807")
    assert (found.email_id, found.message_id, found.recipient) == ("snd_1", None, "john@example.com")
    assert found.sender == "grace@example.com"
    assert found.at == datetime(2019, 11, 5, 16, 33, 54, 907025, UTC)


@pytest.mark.parametrize(
    ("kind", "expected"), [("SpamComplaint", ReportedKind.COMPLAINED), ("Unsubscribe", ReportedKind.UNSUBSCRIBED)]
)
async def test_a_bounce_that_is_an_answer_of_the_recipient(
    webhook: PostmarkWebhook, kind: str, expected: ReportedKind
) -> None:
    assert (await received(webhook, BOUNCE | {"Type": kind})).kind is expected


@pytest.mark.parametrize(
    ("change", "kind", "bounce"),
    [
        ({"SuppressionReason": "HardBounce"}, ReportedKind.BOUNCED, HARD),
        ({"SuppressionReason": "SpamComplaint"}, ReportedKind.COMPLAINED, None),
        ({"SuppressionReason": "ManualSuppression"}, ReportedKind.UNSUBSCRIBED, None),
        ({"SuppressionReason": "ManualSuppression", "Origin": "Customer"}, ReportedKind.UNSUBSCRIBED, None),
    ],
)
async def test_what_a_change_of_the_subscription_says(
    webhook: PostmarkWebhook, change: dict[str, Any], kind: ReportedKind, bounce: BounceKind | None
) -> None:
    found = await received(webhook, CHANGE | change)
    assert (found.kind, found.bounce, found.recipient) == (kind, bounce, "bounced-address@wildbit.com")


@pytest.mark.parametrize(
    "record",
    [
        CHANGE | {"SuppressSending": False, "SuppressionReason": None, "Metadata": {}},
        *(BOUNCE | {"Type": kind} for kind in ("Transient", "DnsError", "AutoResponder", "AddressChange", "Subscribe")),
        {"RecordType": "Inbound"},
        {"RecordType": []},
        {},
    ],
)
async def test_what_says_nothing_is_ignored(webhook: PostmarkWebhook, record: dict[str, Any]) -> None:
    assert await received(webhook, record) == 1


async def test_deliveries_opens_and_clicks(webhook: PostmarkWebhook) -> None:
    visitor = {"Recipient": "john@example.com", "UserAgent": "Mozilla", "Geo": {"IP": "8.8.8.8"}, **ID}
    delivery = {"RecordType": "Delivery", "DeliveredAt": "2019-11-05T16:33:54.9070259Z", "Details": "OK", **visitor}
    opening = {"RecordType": "Open", "FirstOpen": True, "ReceivedAt": "2019-11-05T16:33:54.9070259Z", **visitor}
    click = opening | {"RecordType": "Click", "OriginalLink": "https://example.com"}
    found = [await received(webhook, record) for record in (delivery, opening, click)]
    assert [each.kind for each in found] == ["DELIVERED", "OPENED", "CLICKED"]
    assert (found[2].url, found[2].user_agent, found[2].ip) == ("https://example.com", "Mozilla", "8.8.8.8")
    assert len({each.key for each in found}) == 3
    assert (await received(webhook, click)).key == found[2].key, "a repeated request has the same key"


async def test_the_password_is_required(webhook: PostmarkWebhook) -> None:
    body = json.dumps(BOUNCE | {"Type": "HardBounce"}).encode()
    for headers in (basic(OLD_SECRET), {"x-touchline-secret": SECRET}, {"x-touchline-secret": OLD_SECRET}):
        assert len((await webhook.receive(request(body, headers))).events) == 1
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic !"}, {"authorization": "Basic eA=="}):
        assert await refused(webhook, request(body, headers)) == (401, "WEBHOOK_UNSIGNED")
    for headers in (basic(SECRET[:-1]), basic(SECRET + "x"), {"x-touchline-secret": "é"}):
        assert await refused(webhook, request(body, headers)) == (403, "WEBHOOK_BAD_SIGNATURE")
    for wrong in (b"", b"[]", b"\xff", b'{"a": 1, "a": 1}', b'{"a":' * 100_000):
        assert await refused(webhook, request(wrong, basic(SECRET))) == (400, "WEBHOOK_INVALID")


def test_a_short_secret_is_refused_without_quoting_it() -> None:
    with pytest.raises(ValueError, match=r"TOUCHLINE_WEBHOOK_POSTMARK cannot be used\. .*32 characters") as caught:
        PostmarkWebhook({"TOUCHLINE_WEBHOOK_POSTMARK": "hunter2"})
    assert "hunter2" not in str(caught.value)
