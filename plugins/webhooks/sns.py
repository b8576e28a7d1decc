"""Messages of Amazon SNS: their signatures, the certificates of these, and the confirmation of a subscription.

- https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
- https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html

A message names the URL of its certificate. Only the certificates of SNS itself are read: from the host of the topic's
region, over HTTPS. The URL that confirms a subscription is made here from the message's token, and never read from it.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import Certificate, load_pem_x509_certificate

from plugins.webhooks.codes import WebhookCode
from plugins.webhooks.contract import WebhookRefusedError, WebhookStatus
from plugins.webhooks.signatures import bad_signature, unsigned

Fetch = Callable[[str], Awaitable[bytes]]
"""Reads a URL. Raises OSError."""

TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:[A-Za-z0-9_-]{1,256}")
CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{8,128}\.pem")
SIGNED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""The fields that a signature covers, by type of message. Only ``Subject`` may be missing."""
HASHES: Mapping[str, type[hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}
"""By ``SignatureVersion``."""
MAX_CERTIFICATES = 16
RETRY_AFTER = timedelta(seconds=30)
"""How long a certificate that could not be read is not tried again."""


def host_of(topic: str) -> str:
    """Return the host of SNS in the region of a topic, whose form has been checked."""
    partition, region = TOPIC.fullmatch(topic).groups()  # type: ignore[union-attr]
    return f"sns.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"


class SnsMessages:
    """Checks the signatures of messages. It keeps the certificates, which never change at their URLs."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._certificates: dict[str, Certificate] = {}
        """The certificates by URL, oldest first."""
        self._failed_at: dict[str, datetime] = {}
        """When a URL could not be read. Many requests with the same wrong URL cause one attempt."""
        self._lock = asyncio.Lock()
        """One certificate is read at a time."""

    async def check_signature(self, message: Mapping[str, Any], topic: str, now: datetime) -> None:
        """Check the signature of a message of a topic. Raises WebhookRefusedError."""
        algorithm = HASHES.get(str(message.get("SignatureVersion")))
        encoded, url = message.get("Signature"), message.get("SigningCertURL")
        if algorithm is None or not isinstance(encoded, str) or not isinstance(url, str):
            raise unsigned("Signature, SignatureVersion (1 or 2) and SigningCertURL")
        prefix = f"https://{host_of(topic)}"
        if not url.startswith(prefix) or not CERTIFICATE_PATH.fullmatch(url.removeprefix(prefix)):
            raise bad_signature()
        try:
            signature = base64.b64decode(encoded, validate=True)
            signed = signed_text(message)
        except (binascii.Error, ValueError):
            raise bad_signature() from None
        certificate = await self._certificate(url, now)
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise bad_signature()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise bad_signature()
        try:
            key.verify(signature, signed, padding.PKCS1v15(), algorithm())
        except InvalidSignature:
            raise bad_signature() from None

    async def confirm(self, topic: str, token: str) -> None:
        """Confirm a subscription to a topic. Raises WebhookRefusedError if SNS cannot be reached."""
        arguments = f"Action=ConfirmSubscription&TopicArn={quote(topic, safe='')}&Token={quote(token, safe='')}"
        try:
            await self._fetch(f"https://{host_of(topic)}/?{arguments}")
        except OSError as error:
            raise _later("confirmation", error) from None

    async def _certificate(self, url: str, now: datetime) -> Certificate:
        async with self._lock:
            if (known := self._certificates.get(url)) is not None:
                return known
            failed_at = self._failed_at.get(url)
            if failed_at is not None and now - failed_at < RETRY_AFTER:
                raise _later("certificate", OSError("the last attempt failed"))
            try:
                found = load_pem_x509_certificate(await self._fetch(url))
            except (OSError, ValueError) as error:
                _keep(self._failed_at, url, now)
                raise _later("certificate", error) from None
            _keep(self._certificates, url, found)
            return found


def signed_text(message: Mapping[str, Any]) -> bytes:
    """Return the text that a message's signature covers. Raises ValueError if a field is missing."""
    lines = []
    for name in SIGNED_FIELDS.get(str(message.get("Type")), ("Type", "")):
        value = message.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            raise ValueError(f"{name} is missing")
        lines.append(f"{name}\n{value}\n")
    return "".join(lines).encode("utf-8")


def _keep(found: dict[str, Any], url: str, value: object) -> None:
    """Keep a value, and drop the oldest ones above the limit."""
    found.pop(url, None)
    found[url] = value
    while len(found) > MAX_CERTIFICATES:
        del found[next(iter(found))]


def _later(case: str, error: Exception) -> WebhookRefusedError:
    fault = type(error).__name__ if isinstance(error, ValueError) else str(error)[:200]
    message = (
        WebhookCode.WEBHOOK_BUSY.message("confirmation", fault=fault)
        if case == "confirmation"
        else WebhookCode.WEBHOOK_BUSY.message("certificate", fault=fault)
    )
    return WebhookRefusedError(WebhookStatus.TRY_LATER, *message, {"Retry-After": "30"})
