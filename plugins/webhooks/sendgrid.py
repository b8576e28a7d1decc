"""The webhook "sendgrid": the Event Webhook of Twilio SendGrid, with its signature.

``TOUCHLINE_WEBHOOK_SENDGRID`` has the verification key of the signed Event Webhook: a P-256 public key in base64. The
signature is ECDSA over the timestamp and the body.

- https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
- https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event

SendGrid keeps the Message-ID of an email that it gets by SMTP and reports it as ``smtp-id``, but not in opens, clicks,
unsubscribes and late bounces. These have the id of the email only if it was sent with ``provider=sendgrid`` in the SMTP
URL: SendGrid returns the arguments of ``X-SMTPAPI`` with every event.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, ClassVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from plugins import hookimpl
from plugins.incoming import BounceKind, ReportedKind
from plugins.provider_headers import EMAIL_ARGUMENT
from plugins.webhooks import json_bodies as read
from plugins.webhooks.accounts import MAX_SECRETS, ConfiguredWebhook
from plugins.webhooks.bounces import bounce_kind
from plugins.webhooks.contract import Webhook, WebhookRequest, WebhookResult
from plugins.webhooks.events import Draft, collect
from plugins.webhooks.signatures import PROVIDER_WINDOW, bad_signature, check_age, unix_seconds, unsigned

SIGNATURE_HEADER = "x-twilio-email-event-webhook-signature"
TIMESTAMP_HEADER = "x-twilio-email-event-webhook-timestamp"
KINDS: Mapping[str, ReportedKind] = {
    "delivered": ReportedKind.DELIVERED,
    "spamreport": ReportedKind.COMPLAINED,
    "unsubscribe": ReportedKind.UNSUBSCRIBED,
    "group_unsubscribe": ReportedKind.UNSUBSCRIBED,
    "open": ReportedKind.OPENED,
    "click": ReportedKind.CLICKED,
}
"""Kinds that say what happened by their name alone. ``processed`` and ``deferred`` are not final, and only an admin
subscribes an address again: ``group_resubscribe`` is ignored."""
DROPS: Mapping[str, ReportedKind | BounceKind] = {
    "bounced address": BounceKind.HARD,
    "invalid": BounceKind.HARD,
    "spam reporting address": ReportedKind.COMPLAINED,
    "unsubscribed address": ReportedKind.UNSUBSCRIBED,
}
"""Reasons for which SendGrid did not try to deliver the email. All others are soft bounces."""
CLASSES: Mapping[str, BounceKind] = {"invalid address": BounceKind.HARD, "mailbox unavailable": BounceKind.SOFT}
"""Classes of bounces for which the type alone decides, if the server's answer does not."""

PublicKeys = tuple[ec.EllipticCurvePublicKey, ...]


class SendGridWebhook(ConfiguredWebhook[PublicKeys]):
    """Events of Twilio SendGrid."""

    key: ClassVar[str] = "sendgrid"
    labels: ClassVar[Mapping[str, str]] = {"en": "Twilio SendGrid"}
    variable: ClassVar[str] = "SENDGRID"

    def parse(self, value: str) -> PublicKeys:
        """Read the public keys."""
        keys = tuple(_public_key(part) for part in value.split(","))
        if len(keys) > MAX_SECRETS:
            raise ValueError("It must be one key, or the new and the old one with a comma between them.")
        return keys

    async def receive(self, request: WebhookRequest) -> WebhookResult:
        """Check the signature and read the events."""
        signature, timestamp = request.headers.get(SIGNATURE_HEADER, ""), request.headers.get(TIMESTAMP_HEADER, "")
        if not signature or not timestamp:
            raise unsigned("X-Twilio-Email-Event-Webhook-Signature and …-Timestamp")
        signed_at = unix_seconds(timestamp)
        if not _is_signed(self.settings(request.account), signature, timestamp.encode() + request.body):
            raise bad_signature()
        check_age(signed_at, request.received_at, PROVIDER_WINDOW)
        found = read.read_json(request.body)
        if not isinstance(found, list):
            raise read.invalid("The body is not a list")
        return collect(found, lambda item: [_draft(item, request)])


def _public_key(text: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("It must be the verification key of the signed Event Webhook (P-256, base64).")
    return key


def _is_signed(keys: PublicKeys, signature: str, message: bytes) -> bool:
    try:
        decoded = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    for key in keys:
        try:
            key.verify(decoded, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            continue
        return True
    return False


def _draft(item: Mapping[str, Any], request: WebhookRequest) -> Draft | None:
    kind, bounce = _meaning(item)
    if kind is None:
        return None
    return Draft(
        kind=kind,
        key=read.key(item.get("sg_event_id")),
        at=read.seconds(item.get("timestamp"), request.received_at),
        email_id=read.email_id(item.get(EMAIL_ARGUMENT)),
        message_id=read.message_id(item.get("smtp-id")),
        recipient=read.address(item.get("email")),
        bounce=bounce,
        status=read.status(item.get("status")) if bounce else "",
        detail=read.text(item.get("reason")) or read.text(item.get("response")),
        url=read.text(item.get("url")),
        user_agent=read.text(item.get("useragent")),
        ip=read.ip(item.get("ip")) if kind in {ReportedKind.OPENED, ReportedKind.CLICKED} else "",
        machine=item.get("sg_machine_open") is True,
    )


def _meaning(item: Mapping[str, Any]) -> tuple[ReportedKind | None, BounceKind | None]:
    """Return the kind of an event, and of its bounce. A "blocked" bounce is a rejection by a policy, so it is soft."""
    name, reason = read.text(item.get("event")), read.text(item.get("reason"))
    if name == "dropped":
        drop = DROPS.get(reason.strip().lower(), BounceKind.SOFT)
        return (ReportedKind.BOUNCED, drop) if isinstance(drop, BounceKind) else (drop, None)
    if name != "bounce":
        return KINDS.get(name), None
    if read.text(item.get("type")).lower() == "blocked":
        return ReportedKind.BOUNCED, BounceKind.SOFT
    otherwise = CLASSES.get(read.text(item.get("bounce_classification")).strip().lower(), BounceKind.SOFT)
    return ReportedKind.BOUNCED, bounce_kind(reason, read.status(item.get("status")), otherwise=otherwise)


@hookimpl
def touchline_register_webhooks(environment: Mapping[str, str]) -> list[Webhook]:
    """Register the webhook."""
    return [SendGridWebhook(environment)]
