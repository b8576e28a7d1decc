"""Signatures of Amazon SNS: both versions, hostile certificate URLs, and how often certificates are read."""

import json
from datetime import timedelta
from typing import Any

import pytest

from plugins.webhooks.https_reading import read_https
from plugins.webhooks.ses import SesWebhook
from plugins.webhooks.sns import host_of, signed_text
from tests.plugins.webhooks.requests import CERTIFICATE_URL, NOW, TOPIC, SnsKey, mutated, refused, request, sns

KEY = SnsKey()
EVENT = {"eventType": "Open", "open": {}, "mail": {"destination": ["recipient@example.com"]}}
HOSTILE_URLS = (
    CERTIFICATE_URL.replace("https", "http"),
    "https://evil.example/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
    CERTIFICATE_URL.replace("amazonaws.com/", "amazonaws.com.evil.example/"),
    CERTIFICATE_URL.replace("amazonaws.com/", "amazonaws.com@evil.example/"),
    CERTIFICATE_URL.replace("amazonaws.com/", "amazonaws.com:8443/"),
    CERTIFICATE_URL.replace("https://sns.", "https://evil-sns."),
    CERTIFICATE_URL.replace("https://sns.", "https://user:password@sns."),
    CERTIFICATE_URL.replace("eu-west-1", "us-east-1"),
    CERTIFICATE_URL.replace("/Simple", "/../Simple"),
    CERTIFICATE_URL.replace("/Simple", "\\@evil.example/Simple"),
    CERTIFICATE_URL + "?x=.pem",
    CERTIFICATE_URL + "#.pem",
    CERTIFICATE_URL + "\n",
    "https://sns.eu-west-1.amazonaws.com/?Action=GetTopic.pem",
    "https://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
    "",
)


@pytest.fixture(autouse=True)
def _network() -> None:
    """The network works, and nothing has been read."""
    KEY.read.clear()
    KEY.fails = False


@pytest.fixture
def webhook() -> SesWebhook:
    return SesWebhook({"TOUCHLINE_WEBHOOK_SES": TOPIC}, KEY.fetch)


@pytest.mark.parametrize("version", ["1", "2"])
async def test_both_versions_are_verified(webhook: SesWebhook, version: str) -> None:
    for changes in ({}, {"Subject": "Amazon SES Email Event Notification"}):
        message = KEY.message(EVENT, version, **changes)
        assert len((await webhook.receive(sns(message))).events) == 1
        other = message | {"SignatureVersion": "2" if version == "1" else "1"}
        assert await refused(webhook, sns(other)) == (403, "WEBHOOK_BAD_SIGNATURE")
    assert KEY.read == [CERTIFICATE_URL], "the certificate is read once"


async def test_every_signed_field_is_covered(webhook: SesWebhook) -> None:
    message = KEY.message(EVENT, Subject="Hello")
    for name in ("Message", "MessageId", "Subject", "Timestamp"):
        for wrong in (message[name] + "x", None, 7, []):
            assert (await refused(webhook, sns(message | {name: wrong})))[0] == 403, name
    for changed in mutated(message["Message"].encode()):
        given = message | {"Message": changed.decode()}
        assert await refused(webhook, sns(given)) == (403, "WEBHOOK_BAD_SIGNATURE")
    assert await refused(webhook, sns(message | {"Type": "UnsubscribeConfirmation"})) == (403, "WEBHOOK_BAD_SIGNATURE")
    assert await refused(webhook, sns(message | {"Type": "Other"})) == (400, "WEBHOOK_INVALID")


async def test_missing_signatures_are_refused(webhook: SesWebhook) -> None:
    message = KEY.message(EVENT)
    for name in ("Signature", "SignatureVersion", "SigningCertURL"):
        assert await refused(webhook, sns({key: value for key, value in message.items() if key != name})) == (
            401,
            "WEBHOOK_UNSIGNED",
        )
    for version in ("0", "3", 1.5, None, []):
        assert await refused(webhook, sns(message | {"SignatureVersion": version})) == (401, "WEBHOOK_UNSIGNED")
    for wrong in ("", "x", "é", "AAAA"):
        assert await refused(webhook, sns(message | {"Signature": wrong})) == (403, "WEBHOOK_BAD_SIGNATURE")
    stranger = SnsKey(owner="a stranger").message(EVENT)
    assert await refused(webhook, sns(stranger)) == (403, "WEBHOOK_BAD_SIGNATURE")


@pytest.mark.parametrize("url", HOSTILE_URLS)
async def test_only_certificates_of_sns_are_read(webhook: SesWebhook, url: str) -> None:
    assert await refused(webhook, sns(KEY.message(EVENT, SigningCertURL=url))) == (403, "WEBHOOK_BAD_SIGNATURE")
    assert KEY.read == []


@pytest.mark.parametrize(
    "timestamp", ["2026-03-01T05:59:59Z", "2026-03-02T08:06:00Z", "2016-01-01T00:00:00Z", "now", ""]
)
async def test_old_and_future_messages_are_refused(webhook: SesWebhook, timestamp: str) -> None:
    given = sns(KEY.message(EVENT, Timestamp=timestamp))
    assert await refused(webhook, given) == (403, "WEBHOOK_TOO_OLD")


async def test_a_certificate_that_cannot_be_read_is_tried_again_later(webhook: SesWebhook) -> None:
    KEY.fails = True
    given = sns(KEY.message(EVENT))
    for _ in range(5):
        assert await refused(webhook, given) == (503, "WEBHOOK_BUSY")
    assert len(KEY.read) == 1, "many requests cause one attempt"
    KEY.fails = False
    later = NOW + timedelta(minutes=1)
    assert len((await webhook.receive(type(given)("", given.headers, {}, given.body, later))).events) == 1


async def test_what_is_no_certificate_is_refused() -> None:
    async def fetch(_url: str) -> bytes:
        return b"<html>"

    webhook = SesWebhook({"TOUCHLINE_WEBHOOK_SES": TOPIC}, fetch)
    assert await refused(webhook, sns(KEY.message(EVENT))) == (503, "WEBHOOK_BUSY")


async def test_an_expired_certificate_is_refused() -> None:
    expired = SnsKey(until=NOW - timedelta(days=1))
    webhook = SesWebhook({"TOUCHLINE_WEBHOOK_SES": TOPIC}, expired.fetch)
    assert await refused(webhook, sns(expired.message(EVENT))) == (403, "WEBHOOK_BAD_SIGNATURE")


async def test_few_certificates_are_kept(webhook: SesWebhook) -> None:
    for number in range(40):
        url = CERTIFICATE_URL.replace("f3ec", f"{number:04}")
        await webhook.receive(sns(KEY.message(EVENT, SigningCertURL=url)))
    assert len(webhook._sns._certificates) == 16


async def test_hostile_bodies_are_refused(webhook: SesWebhook) -> None:
    for body in (b"", b"[]", b"\xff", b'{"Type": 1, "Type": 2}', b'{"a":' * 100_000):
        assert await refused(webhook, request(body)) == (400, "WEBHOOK_INVALID")
    deep: Any = json.dumps({"Type": "Notification", "TopicArn": TOPIC, "Message": "[" * 100_000})
    assert (await refused(webhook, request(deep.encode())))[0] in {401, 413}


def test_the_signed_text_is_that_of_the_documentation() -> None:
    message = {
        "Type": "Notification",
        "MessageId": "4d4dc071-ddbf-465d-bba8-08f81c89da64",
        "Subject": "My subject",
        "Message": "My Test Message",
        "Timestamp": "2019-01-31T04:37:04.321Z",
        "TopicArn": "arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P",
    }
    assert signed_text(message).decode().splitlines() == [
        "Message",
        "My Test Message",
        "MessageId",
        "4d4dc071-ddbf-465d-bba8-08f81c89da64",
        "Subject",
        "My subject",
        "Timestamp",
        "2019-01-31T04:37:04.321Z",
        "TopicArn",
        "arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P",
        "Type",
        "Notification",
    ]


def test_the_host_follows_from_the_topic() -> None:
    assert host_of(TOPIC) == "sns.eu-west-1.amazonaws.com"
    assert host_of("arn:aws-cn:sns:cn-north-1:123456789012:x") == "sns.cn-north-1.amazonaws.com.cn"


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/"])
async def test_only_https_is_read(url: str) -> None:
    with pytest.raises(OSError, match="only https"):
        await read_https(url)
