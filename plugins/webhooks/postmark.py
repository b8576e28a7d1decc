"""The webhook "postmark": the events of Postmark. Postmark signs nothing; it sends a password or a header.

``TOUCHLINE_WEBHOOK_POSTMARK`` has a secret of 32 characters or more. Postmark sends it as the password of basic
authentication (any user name), or in a custom header ``X-Touchline-Secret``.

- https://postmarkapp.com/developer/webhooks/webhooks-overview
- https://postmarkapp.com/developer/webhooks/bounce-webhook
- https://postmarkapp.com/developer/api/bounce-api#bounce-types
- https://postmarkapp.com/developer/webhooks/subscription-change-webhook

Postmark replaces the Message-ID, and its events have neither the old nor the new one. With ``provider=postmark`` in the
SMTP URL, an email keeps its Message-ID, and its events have the id of the email in their metadata.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from plugins import hookimpl
from plugins.incoming import BounceKind, ReportedKind
from plugins.provider_headers import POSTMARK_FIELD
from plugins.webhooks import json_bodies as read
from plugins.webhooks.accounts import ConfiguredWebhook, parse_secrets
from plugins.webhooks.bounces import bounce_kind
from plugins.webhooks.contract import Webhook, WebhookRequest, WebhookResult
from plugins.webhooks.events import Draft, collect, digest_key
from plugins.webhooks.passwords import basic_password, check_password

SECRET_HEADER = "x-touchline-secret"  # noqa: S105 - the name of a header
KINDS: Mapping[str, ReportedKind] = {
    "Delivery": ReportedKind.DELIVERED,
    "Open": ReportedKind.OPENED,
    "Click": ReportedKind.CLICKED,
    "SpamComplaint": ReportedKind.COMPLAINED,
}
"""Kinds of records that say what happened by their name alone."""
BOUNCES: Mapping[str, ReportedKind | BounceKind | None] = {
    "HardBounce": BounceKind.HARD,
    "BadEmailAddress": BounceKind.HARD,
    "SpamComplaint": ReportedKind.COMPLAINED,
    "Unsubscribe": ReportedKind.UNSUBSCRIBED,
    "Transient": None,
    "DnsError": None,
    "AutoResponder": None,
    "AddressChange": None,
    "ChallengeVerification": None,
    "OpenRelayTest": None,
    "Subscribe": None,
    "InboundError": None,
}
"""The kind of bounce for each type of a bounce record. Postmark retries after ``Transient`` and ``DnsError``, and the
other types with None do not report the delivery. All types that are not here are soft bounces."""
SUPPRESSIONS: Mapping[str, ReportedKind | BounceKind] = {
    "HardBounce": BounceKind.HARD,
    "SpamComplaint": ReportedKind.COMPLAINED,
    "ManualSuppression": ReportedKind.UNSUBSCRIBED,
}
"""Why an address was suppressed. An address that is active again is ignored: only an admin subscribes it again."""
TIMES = ("BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt")


class PostmarkWebhook(ConfiguredWebhook[tuple[bytes, ...]]):
    """Events of Postmark."""

    key: ClassVar[str] = "postmark"
    labels: ClassVar[Mapping[str, str]] = {"en": "Postmark"}
    variable: ClassVar[str] = "POSTMARK"

    def parse(self, value: str) -> tuple[bytes, ...]:
        """Read the secrets."""
        return parse_secrets(value)

    async def receive(self, request: WebhookRequest) -> WebhookResult:
        """Check the password and read the event."""
        secret = request.headers.get(SECRET_HEADER, "").encode("latin-1", "replace")
        check_password(secret or basic_password(request.headers), self.settings(request.account))
        return collect([read.read_object(request.body)], lambda item: [_draft(item, request)])


def _draft(item: Mapping[str, Any], request: WebhookRequest) -> Draft | None:
    kind, bounce = _meaning(item)
    if kind is None:
        return None
    recipient = read.address(item.get("Recipient")) or read.address(item.get("Email"))
    time = next((item[name] for name in TIMES if item.get(name)), None)
    record, link = read.text(item.get("RecordType")), read.text(item.get("OriginalLink"))
    own_id = read.key(item.get("ID"))
    return Draft(
        kind=kind,
        key=f"bounce:{own_id}" if own_id else digest_key(record, item.get("MessageID"), recipient, time, link),
        at=read.instant(time, request.received_at),
        email_id=read.email_id(read.inner(item, "Metadata").get(POSTMARK_FIELD)),
        recipient=recipient,
        sender=read.mailbox(item.get("From")),
        bounce=bounce,
        detail=read.text(item.get("Details")) or read.text(item.get("Description")),
        url=link,
        user_agent=read.text(item.get("UserAgent")),
        ip=read.ip(read.inner(item, "Geo").get("IP")),
    )


def _meaning(item: Mapping[str, Any]) -> tuple[ReportedKind | None, BounceKind | None]:
    record = item.get("RecordType")
    if record == "Bounce":
        found = BOUNCES.get(read.text(item.get("Type")), BounceKind.SOFT)
        if isinstance(found, BounceKind):
            return ReportedKind.BOUNCED, bounce_kind(read.text(item.get("Details")), otherwise=found)
        return found, None
    if record == "SubscriptionChange":
        if item.get("SuppressSending") is not True:
            return None, None
        reason = SUPPRESSIONS.get(read.text(item.get("SuppressionReason")), ReportedKind.UNSUBSCRIBED)
        return (ReportedKind.BOUNCED, reason) if isinstance(reason, BounceKind) else (reason, None)
    return KINDS.get(read.text(record)), None


@hookimpl
def touchline_register_webhooks(environment: Mapping[str, str]) -> list[Webhook]:
    """Register the webhook."""
    return [PostmarkWebhook(environment)]
