"""The webhook "mailgun": the events of Mailgun, with their signature.

``TOUCHLINE_WEBHOOK_MAILGUN`` has the HTTP webhook signing key of the account. The signature is the HMAC-SHA256 of a
timestamp and a random token. It does not cover the event itself, so a token counts once: it is the key of the event.

- https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
- https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads

Mailgun keeps the Message-ID of an email that it gets by SMTP, and reports it in all events, without angle brackets.
With ``provider=mailgun`` in the SMTP URL it also returns the id of the email as a user variable.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, ClassVar

from plugins import hookimpl
from plugins.incoming import BounceKind, ReportedKind
from plugins.provider_headers import EMAIL_ARGUMENT
from plugins.webhooks import json_bodies as read
from plugins.webhooks.accounts import ConfiguredWebhook, parse_secrets
from plugins.webhooks.bounces import bounce_kind
from plugins.webhooks.codes import WebhookCode
from plugins.webhooks.contract import Webhook, WebhookRefusedError, WebhookRequest, WebhookResult, WebhookStatus
from plugins.webhooks.events import Draft, collect
from plugins.webhooks.signatures import (
    PROVIDER_WINDOW,
    bad_signature,
    check_age,
    is_hmac_sha256,
    unix_seconds,
    unsigned,
)

MIN_KEY_CHARACTERS = 16
MAX_TOKENS = 50_000
"""Tokens that this process remembers, with the hash of their request. The database remembers all."""
KINDS: Mapping[str, ReportedKind] = {
    "delivered": ReportedKind.DELIVERED,
    "opened": ReportedKind.OPENED,
    "clicked": ReportedKind.CLICKED,
    "unsubscribed": ReportedKind.UNSUBSCRIBED,
    "complained": ReportedKind.COMPLAINED,
}
"""Kinds that say what happened by their name alone. ``accepted`` and ``stored`` do not report the delivery."""
SUPPRESSED: Mapping[str, ReportedKind | BounceKind] = {
    "suppress-bounce": BounceKind.HARD,
    "suppress-complaint": ReportedKind.COMPLAINED,
    "suppress-unsubscribe": ReportedKind.UNSUBSCRIBED,
}
"""Reasons for which Mailgun did not try to deliver the email."""


class MailgunWebhook(ConfiguredWebhook[tuple[bytes, ...]]):
    """Events of Mailgun."""

    key: ClassVar[str] = "mailgun"
    labels: ClassVar[Mapping[str, str]] = {"en": "Mailgun"}
    variable: ClassVar[str] = "MAILGUN"

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self._tokens: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        """The hash of the request that a token came with, by account and token. Only ``receive`` uses it."""

    def parse(self, value: str) -> tuple[bytes, ...]:
        """Read the signing keys."""
        return parse_secrets(value, MIN_KEY_CHARACTERS)

    async def receive(self, request: WebhookRequest) -> WebhookResult:
        """Check the signature and read the event."""
        body = read.read_object(request.body)
        signature = read.inner(body, "signature")
        timestamp, token = read.text(signature.get("timestamp")), read.key(signature.get("token"))
        given = read.text(signature.get("signature"))
        if not timestamp or not token or not given:
            raise unsigned("the object signature of the body (timestamp, token, signature)")
        signed_at = unix_seconds(timestamp)
        if not is_hmac_sha256(self.settings(request.account), f"{timestamp}{token}".encode(), given):
            raise bad_signature()
        check_age(signed_at, request.received_at, PROVIDER_WINDOW)
        self._check_token(request, token)
        return collect([body.get("event-data")], lambda item: [_draft(item, token, request)])

    def _check_token(self, request: WebhookRequest, token: str) -> None:
        """Refuse a token that came with another request. Mailgun repeats a request whose answer it did not get."""
        digest = hashlib.sha256(request.body).digest()
        if self._tokens.setdefault((request.account, token), digest) != digest:
            raise WebhookRefusedError(WebhookStatus.FORBIDDEN, *WebhookCode.WEBHOOK_BAD_SIGNATURE.message("replayed"))
        if len(self._tokens) > MAX_TOKENS:
            self._tokens.popitem(last=False)


def _draft(item: Mapping[str, Any], token: str, request: WebhookRequest) -> Draft | None:
    kind, bounce = _meaning(item)
    if kind is None:
        return None
    answer, client = read.inner(item, "delivery-status"), read.inner(item, "client-info")
    return Draft(
        kind=kind,
        key=token,
        at=read.seconds(item.get("timestamp"), request.received_at),
        email_id=read.email_id(read.inner(item, "user-variables").get(EMAIL_ARGUMENT)),
        message_id=read.message_id(read.inner(item, "message", "headers").get("message-id")),
        recipient=read.address(item.get("recipient")),
        sender=read.mailbox(read.inner(item, "message", "headers").get("from")),
        bounce=bounce,
        status=read.status(answer.get("enhanced-code")) if bounce else "",
        detail=_answer(item),
        url=read.text(item.get("url")),
        user_agent=read.text(client.get("user-agent")),
        ip=read.ip(item.get("ip")),
        machine=bool(read.text(client.get("bot"))),
    )


def _answer(item: Mapping[str, Any]) -> str:
    answer = read.inner(item, "delivery-status")
    rejected = read.text(read.inner(item, "reject").get("reason"))
    return read.text(answer.get("message")) or read.text(answer.get("description")) or rejected


def _meaning(item: Mapping[str, Any]) -> tuple[ReportedKind | None, BounceKind | None]:
    """Return the kind of an event, and of its bounce. A temporary failure is not final, because Mailgun retries it."""
    name = read.text(item.get("event"))
    if name == "rejected":
        return ReportedKind.BOUNCED, BounceKind.SOFT
    if name != "failed":
        return KINDS.get(name), None
    if item.get("severity") != "permanent":
        return None, None
    suppressed = SUPPRESSED.get(read.text(item.get("reason")))
    if isinstance(suppressed, ReportedKind):
        return suppressed, None
    if suppressed is not None:
        return ReportedKind.BOUNCED, suppressed
    answer = read.inner(item, "delivery-status")
    code = answer.get("code")
    kind = bounce_kind(
        _answer(item),
        read.status(answer.get("enhanced-code")),
        code if isinstance(code, int) else None,
        otherwise=BounceKind.HARD if answer.get("bounce-type") == "hard" else BounceKind.SOFT,
    )
    return ReportedKind.BOUNCED, kind


@hookimpl
def touchline_register_webhooks(environment: Mapping[str, str]) -> list[Webhook]:
    """Register the webhook."""
    return [MailgunWebhook(environment)]
