"""The events of Amazon SES, both those of event publishing (``eventType``) and of feedback (``notificationType``).

- https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
- https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html

SES gives each email a new Message-ID (``mail.messageId``). Events have the headers of the email as Touchline sent it,
with its own Message-ID; feedback notifications only if "include original headers" is on. With ``provider=ses`` in the
SMTP URL, the events of event publishing have the id of the email in ``mail.tags``.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from plugins.incoming import BounceKind, ReportedKind
from plugins.provider_headers import EMAIL_ARGUMENT
from plugins.webhooks import json_bodies as read
from plugins.webhooks.bounces import bounce_kind
from plugins.webhooks.events import Draft, digest_key

HARD_SUBTYPES = frozenset({"NoEmail", "Suppressed"})
"""Permanent bounces of an address that does not exist, or that bounced as invalid lately."""
LISTED_SUBTYPE = "OnAccountSuppressionList"
"""SES did not try, because the account's own list has the address. The list does not say whether it bounced or
complained, so the bounce is soft."""
UNSUBSCRIBED_SUBTYPE = "UnsubscribedRecipient"
NO_COMPLAINTS = frozenset({"auth-failure", "not-spam", "virus"})
"""Types of feedback that no recipient gives as a complaint."""

Reader = Callable[[Mapping[str, Any]], Iterator[dict[str, Any]]]
"""Yields the fields of each event in the object of one kind, such as ``bounce``. The recipient may be missing."""


def drafts(event: Mapping[str, Any], sns_id: str, now: datetime) -> list[Draft | None]:
    """Return the events of one message, one for each recipient. ``sns_id`` is the id of the message of SNS."""
    name = read.text(event.get("eventType")) or read.text(event.get("notificationType"))
    reader = READERS.get(name)
    if reader is None:
        return [None]
    mail, details = read.inner(event, "mail"), read.inner(event, name[:1].lower() + name[1:])
    headers = {read.text(each.get("name")).lower(): each.get("value") for each in read.items(mail.get("headers"))}
    senders = read.inner(mail, "commonHeaders").get("from")
    tags = read.texts(read.inner(mail, "tags").get(EMAIL_ARGUMENT))
    common: dict[str, Any] = {
        "email_id": read.email_id(tags[0]) if tags else None,
        "message_id": read.message_id(headers.get("message-id"))
        or read.message_id(read.inner(mail, "commonHeaders").get("messageId")),
        "sender": read.mailbox(headers.get("from")) or next(map(read.mailbox, read.texts(senders)), None),
        "at": read.instant(details.get("timestamp"), now),
    }
    event_id = read.key(details.get("feedbackId")) or sns_id
    found: list[Draft | None] = []
    for fields in reader(details):
        everyone = read.texts(mail.get("destination"))
        for recipient in [fields.pop("recipient")] if "recipient" in fields else everyone or [""]:
            own = {"recipient": read.address(recipient), "key": digest_key(name, event_id, recipient)}
            found.append(Draft(**(common | own | fields)) if event_id else None)
    return found or [None]


def _bounces(details: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    kind, subtype = read.text(details.get("bounceType")), read.text(details.get("bounceSubType"))
    for recipient in read.items(details.get("bouncedRecipients")):
        address = recipient.get("emailAddress")
        if subtype == UNSUBSCRIBED_SUBTYPE:
            yield {"kind": ReportedKind.UNSUBSCRIBED, "recipient": address}
            continue
        status, answer = read.status(recipient.get("status")), read.text(recipient.get("diagnosticCode"))
        if kind != "Permanent" or subtype == LISTED_SUBTYPE:
            bounce = BounceKind.SOFT
        elif subtype in HARD_SUBTYPES:
            bounce = BounceKind.HARD
        else:
            bounce = bounce_kind(answer, status, otherwise=BounceKind.HARD)
        detail = answer or f"Amazon SES reports a bounce: {kind}, {subtype}."
        yield {
            "kind": ReportedKind.BOUNCED,
            "recipient": address,
            "bounce": bounce,
            "status": status,
            "detail": detail,
        }


def _complaints(details: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if read.text(details.get("complaintFeedbackType")) in NO_COMPLAINTS:
        return
    for recipient in read.items(details.get("complainedRecipients")):
        detail = read.text(details.get("complaintFeedbackType")) or read.text(details.get("complaintSubType"))
        yield {"kind": ReportedKind.COMPLAINED, "recipient": recipient.get("emailAddress"), "detail": detail}


def _deliveries(details: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for recipient in read.texts(details.get("recipients")):
        detail = read.text(details.get("smtpResponse"))
        yield {"kind": ReportedKind.DELIVERED, "recipient": recipient, "detail": detail}


def _rejects(details: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    detail = f"Amazon SES rejected the email: {read.text(details.get('reason'))}."
    yield {"kind": ReportedKind.BOUNCED, "bounce": BounceKind.SOFT, "detail": detail}


def _opens(details: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"kind": ReportedKind.OPENED, **_visitor(details)}


def _clicks(details: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"kind": ReportedKind.CLICKED, "url": read.text(details.get("link")), **_visitor(details)}


def _visitor(details: Mapping[str, Any]) -> dict[str, Any]:
    return {"user_agent": read.text(details.get("userAgent")), "ip": read.ip(details.get("ipAddress"))}


def _subscriptions(details: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an event if somebody left the whole list. Single topics of SES mean nothing here."""
    if read.inner(details, "newTopicPreferences").get("unsubscribeAll") is True:
        yield {"kind": ReportedKind.UNSUBSCRIBED}


READERS: Mapping[str, Reader] = {
    "Bounce": _bounces,
    "Complaint": _complaints,
    "Delivery": _deliveries,
    "Reject": _rejects,
    "Open": _opens,
    "Click": _clicks,
    "Subscription": _subscriptions,
}
"""By kind of event. ``Send``, ``DeliveryDelay`` and ``Rendering Failure`` do not report a delivery."""
