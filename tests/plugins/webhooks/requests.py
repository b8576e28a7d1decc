"""Requests of providers, signed as they sign them, with keys of the tests."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from plugins.webhooks.contract import Webhook, WebhookRefusedError, WebhookRequest, WebhookResult

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECRET = "5bq0Zk3mB7yXw1VvS9tLr2Hn8Dc4Ge6JfPaQuTiOx0s"
OLD_SECRET = "old-" + SECRET
TOPIC = "arn:aws:sns:eu-west-1:123456789012:touchline"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"


def request(body: bytes, headers: Mapping[str, str] | None = None, account: str = "") -> WebhookRequest:
    return WebhookRequest(account, headers or {}, {}, body, NOW)


async def refused(webhook: Webhook, given: WebhookRequest) -> tuple[int, str]:
    """Return the status and the code with which the webhook refuses a request."""
    with pytest.raises(WebhookRefusedError) as caught:
        await webhook.receive(given)
    assert caught.value.detail.endswith(".")
    return int(caught.value.status), caught.value.code


def receive(webhook: Webhook, given: WebhookRequest) -> WebhookResult:
    return asyncio.run(webhook.receive(given))


def unix(at: datetime = NOW) -> str:
    return str(int(at.timestamp()))


def generic(body: Any, secret: str = SECRET, at: datetime = NOW) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a request of the webhook "generic"."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = hmac.new(secret.encode(), unix(at).encode() + b"." + data, hashlib.sha256).hexdigest()
    return data, {"x-touchline-timestamp": unix(at), "x-touchline-signature": f"sha256={made}"}


def mailgun(event: Any, secret: str = SECRET, at: datetime = NOW, token: str = "a" * 50) -> bytes:
    made = hmac.new(secret.encode(), f"{unix(at)}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": unix(at), "token": token, "signature": made}
    return json.dumps({"signature": signature, "event-data": event}).encode()


class SendGridKey:
    """A key pair as the settings of the signed Event Webhook show it."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        public = self._private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.setting = base64.b64encode(public).decode()

    def sign(self, body: bytes, at: datetime = NOW) -> dict[str, str]:
        made = self._private.sign(unix(at).encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "x-twilio-email-event-webhook-timestamp": unix(at),
            "x-twilio-email-event-webhook-signature": base64.b64encode(made).decode(),
        }


@cache
def private_key(owner: str) -> rsa.RSAPrivateKey:
    """Return the private key of SNS, or of a stranger. All tests of a process use it: making one takes 0.2 s."""
    return rsa.generate_private_key(65537, 2048)


class SnsKey:
    """A certificate of SNS, and the network that serves it."""

    def __init__(self, until: datetime = NOW + timedelta(days=20_000), owner: str = "SNS") -> None:
        self._until, self._owner = until, owner
        self.read: list[str] = []
        self.fails = False

    @cached_property
    def pem(self) -> bytes:
        """The certificate, which is made when a test needs it."""
        private = private_key(self._owner)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
        builder = builder.serial_number(1).not_valid_before(NOW - timedelta(days=900)).not_valid_after(self._until)
        return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.PEM)

    async def fetch(self, url: str) -> bytes:
        self.read.append(url)
        if self.fails:
            raise OSError("no route to host")
        return self.pem

    def message(self, message: Any, version: str = "1", **changes: Any) -> dict[str, Any]:
        """A signed message. ``changes`` are made before it is signed."""
        found: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": message if isinstance(message, str) else json.dumps(message),
            "Timestamp": "2026-03-02T07:59:59.655Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        } | changes
        names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        signed = "".join(f"{name}\n{found[name]}\n" for name in names if name in found).encode()
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        found["Signature"] = base64.b64encode(
            private_key(self._owner).sign(signed, padding.PKCS1v15(), algorithm)
        ).decode()
        return found


def sns(message: Mapping[str, Any]) -> WebhookRequest:
    return request(json.dumps(message).encode(), {"x-amz-sns-message-type": str(message.get("Type"))})


def mutated(body: bytes) -> list[bytes]:
    """The body with one changed byte, at several places."""
    places = range(0, len(body), max(1, len(body) // 7))
    return [body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :] for place in places]
