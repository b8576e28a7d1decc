"""The webhook "ses": the meaning of each kind of event, topics, confirmation, and raw message delivery."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from plugins.incoming import BounceKind, ReportedKind
from plugins.webhooks.ses import SesWebhook
from tests.plugins.webhooks.requests import SECRET, TOPIC, SnsKey, refused, request, sns

KEY = SnsKey()
HARD, SOFT = BounceKind.HARD, BounceKind.SOFT
MAIL: dict[str, Any] = {
    "timestamp": "2017-08-05T00:40:02.012Z",
    "source": "Sender Name <sender@example.com>",
    "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
    "destination": ["recipient@example.com"],
    "headersTruncated": False,
    "headers": [
        {"name": "From", "value": "Grace <grace@example.com>"},
        {"name": "Message-ID", "value": "<snd_1@example.com>"},
    ],
    "commonHeaders": {"messageId": "<snd_1@example.com>", "to": ["recipient@example.com"]},
    "tags": {"ses:configuration-set": ["ConfigSet"], "touchline_email": ["snd_1"]},
}
TOKEN = "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92"


@pytest.fixture(autouse=True)
def _network() -> None:
    """The network works, and nothing has been read."""
    KEY.read.clear()
    KEY.fails = False


@pytest.fixture
def webhook() -> SesWebhook:
    return SesWebhook({"TOUCHLINE_WEBHOOK_SES": f"{TOPIC}, {TOPIC}-2"}, KEY.fetch)


def bounce(kind: str, subtype: str, **recipient: str) -> dict[str, Any]:
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": subtype,
            "bouncedRecipients": [{"emailAddress": "recipient@example.com", **recipient}],
            "timestamp": "2017-08-05T00:41:02.669Z",
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
        },
        "mail": MAIL,
    }


def event(name: str, details: Any) -> dict[str, Any]:
    return {"eventType": name, name[:1].lower() + name[1:]: details, "mail": MAIL}


async def meaning(webhook: SesWebhook, given: Any) -> Any:
    result = await webhook.receive(sns(KEY.message(given)))
    return result.events[0] if result.events else result.ignored


@pytest.mark.parametrize(
    ("kind", "subtype", "recipient", "expected"),
    [
        ("Permanent", "General", {"status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}, HARD),
        ("Permanent", "General", {"status": "5.1.1", "diagnosticCode": "smtp; 550 5.7.1 blocked by policy"}, SOFT),
        ("Permanent", "General", {"status": "5.2.2", "diagnosticCode": "smtp; 552 5.2.2 mailbox full"}, SOFT),
        ("Permanent", "General", {}, HARD),
        ("Permanent", "NoEmail", {}, HARD),
        ("Permanent", "Suppressed", {}, HARD),
        ("Permanent", "OnAccountSuppressionList", {}, SOFT),
        ("Transient", "General", {"diagnosticCode": "smtp; 550 5.1.1 user unknown"}, SOFT),
        ("Transient", "MailboxFull", {}, SOFT),
        ("Transient", "MessageTooLarge", {}, SOFT),
        ("Transient", "ContentRejected", {}, SOFT),
        ("Transient", "AttachmentRejected", {}, SOFT),
        ("Undetermined", "Undetermined", {}, SOFT),
    ],
)
async def test_what_a_bounce_says(
    webhook: SesWebhook, kind: str, subtype: str, recipient: dict[str, str], expected: BounceKind
) -> None:
    found = await meaning(webhook, bounce(kind, subtype, **recipient))
    assert (found.kind, found.bounce, found.recipient) == (ReportedKind.BOUNCED, expected, "recipient@example.com")
    assert (found.message_id, found.email_id) == ("<snd_1@example.com>", "snd_1")
    assert found.sender == "grace@example.com"
    assert found.detail
    feedback = {**bounce(kind, subtype, **recipient), "notificationType": "Bounce"}
    del feedback["eventType"]
    assert (await meaning(webhook, feedback)).key == found.key, "both ways to publish a bounce have one key"


async def test_one_event_for_each_recipient(webhook: SesWebhook) -> None:
    given = bounce("Permanent", "NoEmail")
    given["bounce"]["bouncedRecipients"].append({"emailAddress": "other@example.com"})
    result = await webhook.receive(sns(KEY.message(given)))
    assert [each.recipient for each in result.events] == ["recipient@example.com", "other@example.com"]
    assert len({each.key for each in result.events}) == 2


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (event("Delivery", {"recipients": ["recipient@example.com"], "smtpResponse": "250 2.6.0"}), "DELIVERED"),
        (event("Complaint", {"complainedRecipients": [{"emailAddress": "recipient@example.com"}]}), "COMPLAINED"),
        (
            event(
                "Complaint",
                {
                    "complainedRecipients": [{"emailAddress": "recipient@example.com"}],
                    "complaintFeedbackType": "abuse",
                },
            ),
            "COMPLAINED",
        ),
        (event("Reject", {"reason": "Bad content"}), "BOUNCED"),
        (event("Subscription", {"newTopicPreferences": {"unsubscribeAll": True}}), "UNSUBSCRIBED"),
        (bounce("Permanent", "UnsubscribedRecipient"), "UNSUBSCRIBED"),
    ],
)
async def test_what_other_events_say(webhook: SesWebhook, given: dict[str, Any], kind: str) -> None:
    found = await meaning(webhook, given)
    assert (found.kind, found.recipient, found.email_id) == (kind, "recipient@example.com", "snd_1")
    assert found.bounce is (SOFT if kind == "BOUNCED" else None)


async def test_opens_and_clicks_name_the_visitor(webhook: SesWebhook) -> None:
    visitor = {"ipAddress": "192.0.2.1", "timestamp": "2017-08-09T22:00:19.652Z", "userAgent": "Mozilla/5.0"}
    found = await meaning(webhook, event("Open", visitor))
    assert (found.kind, found.ip, found.user_agent) == (ReportedKind.OPENED, "192.0.2.1", "Mozilla/5.0")
    found = await meaning(webhook, event("Click", visitor | {"link": "http://docs.aws.amazon.com/", "linkTags": {}}))
    assert (found.kind, found.url) == (ReportedKind.CLICKED, "http://docs.aws.amazon.com/")


@pytest.mark.parametrize(
    "given",
    [
        event("Send", {}),
        event("DeliveryDelay", {"delayType": "TransientCommunicationFailure"}),
        {"eventType": "Rendering Failure", "failure": {}, "mail": MAIL},
        *(
            event(
                "Complaint", {"complainedRecipients": [{"emailAddress": "a@b.example"}], "complaintFeedbackType": name}
            )
            for name in ("not-spam", "auth-failure", "virus")
        ),
        event("Subscription", {"newTopicPreferences": {"unsubscribeAll": False}}),
        event("Bounce", {"bouncedRecipients": []}),
        event("Bounce", []),
        {"eventType": []},
        {},
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "[]",
    ],
)
async def test_what_says_nothing_is_ignored(webhook: SesWebhook, given: Any) -> None:
    assert await meaning(webhook, given) == 1


async def test_odd_values_are_no_failure(webhook: SesWebhook) -> None:
    odd: list[Any] = [None, 7, "x", [], {}, [[]], {"a": {}}]
    for value in odd:
        for name in ("Bounce", "Complaint", "Delivery", "Open", "Click", "Reject", "Subscription"):
            await webhook.receive(sns(KEY.message({"eventType": name, name.lower(): value, "mail": value})))
            inner = {"complaintFeedbackType": value, "bounceType": value, "bouncedRecipients": value, "link": value}
            mail = {"headers": value, "tags": {"touchline_email": value}, "destination": value, "commonHeaders": value}
            await webhook.receive(sns(KEY.message({"eventType": name, name.lower(): inner, "mail": mail})))


async def test_other_topics_are_refused(webhook: SesWebhook) -> None:
    for topic in ("arn:aws:sns:eu-west-1:999999999999:touchline", "", None, [], f"{TOPIC}\n"):
        given = sns(KEY.message(bounce("Permanent", "General")) | {"TopicArn": topic})
        assert await refused(webhook, given) == (403, "WEBHOOK_BAD_SIGNATURE")
    assert KEY.read == [], "no certificate is read for them"


def confirmation(**changes: Any) -> dict[str, Any]:
    hostile = "https://169.254.169.254/latest/meta-data"
    return KEY.message(
        "You have chosen to subscribe.", Type="SubscriptionConfirmation", Token=TOKEN, SubscribeURL=hostile, **changes
    )


async def test_a_subscription_to_a_topic_of_the_setting_is_confirmed(webhook: SesWebhook) -> None:
    result = await webhook.receive(sns(confirmation()))
    assert (list(result.events), result.ignored) == ([], 0)
    url = urlsplit(KEY.read[-1])
    assert (url.scheme, url.netloc, url.path) == ("https", "sns.eu-west-1.amazonaws.com", "/"), "not the SubscribeURL"
    assert parse_qs(url.query) == {"Action": ["ConfirmSubscription"], "TopicArn": [TOPIC], "Token": [TOKEN]}
    KEY.fails = True
    assert await refused(webhook, sns(confirmation())) == (503, "WEBHOOK_BUSY")


async def test_no_other_subscription_is_confirmed(webhook: SesWebhook) -> None:
    stranger = confirmation(TopicArn="arn:aws:sns:eu-west-1:999999999999:touchline")
    unsigned = confirmation() | {"Signature": SnsKey(owner="a stranger").message("x")["Signature"]}
    for given in (stranger, unsigned):
        assert await refused(webhook, sns(given)) == (403, "WEBHOOK_BAD_SIGNATURE")
    assert not any("ConfirmSubscription" in url for url in KEY.read)
    tricky = KEY.message("x", Type="SubscriptionConfirmation", SubscribeURL="", Token="a&Action=x")
    await webhook.receive(sns(tricky))
    assert parse_qs(urlsplit(KEY.read[-1]).query)["Action"] == ["ConfirmSubscription"]


async def test_raw_delivery_needs_a_password() -> None:
    raw = {
        "x-amz-sns-rawdelivery": "true",
        "x-amz-sns-message-id": "22b80b92",
        "x-amz-sns-topic-arn": TOPIC,
        "x-amz-sns-message-type": "Notification",
    }
    body = json.dumps(bounce("Permanent", "General")).encode()
    login = {"authorization": "Basic " + base64.b64encode(f"sns:{SECRET}".encode()).decode()}
    without = SesWebhook({"TOUCHLINE_WEBHOOK_SES": TOPIC}, KEY.fetch)
    assert await refused(without, request(body, raw | login)) == (401, "WEBHOOK_UNSIGNED")
    webhook = SesWebhook({"TOUCHLINE_WEBHOOK_SES": f"{TOPIC},password={SECRET}"}, KEY.fetch)
    assert await refused(webhook, request(body, raw)) == (401, "WEBHOOK_UNSIGNED")
    wrong = {"authorization": "Basic " + base64.b64encode(b"sns:x").decode()}
    assert await refused(webhook, request(body, raw | wrong)) == (403, "WEBHOOK_BAD_SIGNATURE")
    other = raw | login | {"x-amz-sns-topic-arn": TOPIC + "-3"}
    assert await refused(webhook, request(body, other)) == (403, "WEBHOOK_BAD_SIGNATURE")
    (found,) = (await webhook.receive(request(body, raw | login))).events
    assert (found.kind, found.email_id) == (ReportedKind.BOUNCED, "snd_1")
    signed = sns(KEY.message(bounce("Permanent", "General")))
    assert await refused(webhook, signed) == (401, "WEBHOOK_UNSIGNED"), "a signed message needs the password as well"
    assert (await webhook.receive(request(signed.body, login))).events[0].key == found.key


@pytest.mark.parametrize(
    "value",
    [
        "x",
        SECRET,
        f"{TOPIC},x",
        f"{TOPIC},password=short",
        f"password={SECRET}",
        TOPIC.replace("eu-west-1", "evil.com/"),
    ],
)
def test_a_setting_that_names_no_topic_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^TOUCHLINE_WEBHOOK_SES cannot be used"):
        SesWebhook({"TOUCHLINE_WEBHOOK_SES": value})
