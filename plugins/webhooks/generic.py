"""The webhook "generic": events that your own program reports, signed with a shared secret.

The request has the headers ``X-Touchline-Timestamp`` (seconds since 1970) and ``X-Touchline-Signature`` (``sha256=``
and the hexadecimal HMAC-SHA256 of the timestamp, a full stop and the body). A signature is valid for five minutes. The
secret is in ``TOUCHLINE_WEBHOOK_GENERIC``; while it is being replaced, the setting has the new and the old one with a
comma between them. ``generic_schema.py`` has the JSON Schema of the body.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from plugins import hookimpl
from plugins.incoming import BounceKind, IncomingMail, ReportedEvent, ReportedKind
from plugins.webhooks.accounts import ConfiguredWebhook, parse_secrets
from plugins.webhooks.contract import Webhook, WebhookRequest, WebhookResult
from plugins.webhooks.generic_schema import ADDRESS_KINDS, FIELDS, KINDS, MAX_EVENTS, MAX_MAILS
from plugins.webhooks.json_bodies import invalid, read_object
from plugins.webhooks.signatures import bad_signature, check_age, is_hmac_sha256, unix_seconds, unsigned

TIMESTAMP_HEADER = "x-touchline-timestamp"
SIGNATURE_HEADER = "x-touchline-signature"
SCHEME = "sha256="
WINDOW = timedelta(minutes=5)


class GenericWebhook(ConfiguredWebhook[tuple[bytes, ...]]):
    """Events in Touchline's own format."""

    key: ClassVar[str] = "generic"
    labels: ClassVar[Mapping[str, str]] = {"en": "Signed JSON", "de": "Signiertes JSON"}
    max_body_bytes: ClassVar[int] = 4_000_000
    variable: ClassVar[str] = "GENERIC"

    def parse(self, value: str) -> tuple[bytes, ...]:
        """Read the secrets."""
        return parse_secrets(value)

    async def receive(self, request: WebhookRequest) -> WebhookResult:
        """Check the signature and read the events. One event that cannot be read refuses all."""
        timestamp = request.headers.get(TIMESTAMP_HEADER, "")
        signature = request.headers.get(SIGNATURE_HEADER, "")
        if not timestamp or not signature.startswith(SCHEME):
            raise unsigned("X-Touchline-Timestamp and X-Touchline-Signature: sha256=…")
        signed_at = unix_seconds(timestamp)
        message = timestamp.encode() + b"." + request.body
        if not is_hmac_sha256(self.settings(request.account), message, signature.removeprefix(SCHEME)):
            raise bad_signature()
        check_age(signed_at, request.received_at, WINDOW)
        body = read_object(request.body)
        if unknown := sorted(set(body) - {"events", "mails"}):
            raise invalid(f"The body has the name {unknown[0]!r:.60}; it can have events and mails")
        now, ignored = request.received_at, 0
        events: list[ReportedEvent] = []
        for path, item in _objects(body, "events", MAX_EVENTS):
            if _text(path, item, "kind") in KINDS:
                events.append(_event(path, item, now))
            else:
                ignored += 1
        mails = [_mail(path, item, now) for path, item in _objects(body, "mails", MAX_MAILS)]
        return WebhookResult(events, mails, ignored)


def _objects(body: Mapping[str, Any], name: str, limit: int) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield the objects of a list with their paths, such as events[0]."""
    found = body.get(name, [])
    if not isinstance(found, list) or len(found) > limit:
        raise invalid(f"{name} is not a list of up to {limit:,} entries")
    for index, item in enumerate(found):
        if not isinstance(item, dict):
            raise invalid(f"{name}[{index}] is not an object")
        yield f"{name}[{index}]", item


def _event(path: str, item: dict[str, Any], now: datetime) -> ReportedEvent:
    if unknown := sorted(set(item) - {"id", "kind", "at", "bounce", *FIELDS}):
        raise invalid(f"{path} has the name {unknown[0]!r:.60}, which is not one of the format")
    fields: dict[str, Any] = {attribute: _text(path, item, name) for name, attribute in FIELDS.items() if name in item}
    bounce = None
    if item.get("bounce") is not None:
        if _text(path, item, "bounce") not in set(BounceKind):
            raise invalid(f"{path}.bounce must be HARD or SOFT")
        bounce = BounceKind(item["bounce"])
    named = {name for name, value in fields.items() if value}
    enough = {"recipient"} if item["kind"] in ADDRESS_KINDS else {"recipient", "sender"}
    if not (named & {"email_id", "message_id"} or enough <= named):
        raise invalid(f"{path} needs emailId, messageId, or {' and '.join(sorted(enough))}")
    try:
        return ReportedEvent(
            _text(path, item, "id"),
            ReportedKind(item["kind"]),
            _instant(path, item, "at", now),
            bounce=bounce,
            **fields,
        )
    except ValueError as error:
        raise invalid(f"{path} cannot be used: {error}") from None


def _mail(path: str, item: dict[str, Any], now: datetime) -> IncomingMail:
    if unknown := sorted(set(item) - {"id", "receivedAt", "data"}):
        raise invalid(f"{path} has the name {unknown[0]!r:.60}, which is not one of the format")
    try:
        data = base64.b64decode(_text(path, item, "data"), validate=True)
        return IncomingMail(_text(path, item, "id"), data, _instant(path, item, "receivedAt", now))
    except binascii.Error:
        raise invalid(f"{path}.data is not base64") from None
    except ValueError as error:
        raise invalid(f"{path} cannot be used: {error}") from None


def _text(path: str, item: Mapping[str, Any], name: str) -> str:
    found = item.get(name)
    if not isinstance(found, str):
        raise invalid(f"{path}.{name} is missing or not text")
    return found


def _instant(path: str, item: Mapping[str, Any], name: str, now: datetime) -> datetime:
    """Return a time, but not later than ``now``. A missing one is ``now``."""
    if item.get(name) is None:
        return now
    try:
        found = datetime.fromisoformat(_text(path, item, name))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise invalid(f"{path}.{name} must be a time with a zone, such as 2026-03-02T08:30:00Z")
    return min(found, now)


@hookimpl
def touchline_register_webhooks(environment: Mapping[str, str]) -> list[Webhook]:
    """Register the webhook."""
    return [GenericWebhook(environment)]
