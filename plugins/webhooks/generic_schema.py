"""The format of the webhook "generic" as JSON Schema. docs/webhook.schema.json has it, and a test compares them."""

from collections.abc import Mapping
from typing import Any

from plugins.incoming import (
    MAX_ADDRESS_CHARACTERS,
    MAX_ID_CHARACTERS,
    MAX_KEY_CHARACTERS,
    MAX_STATUS_CHARACTERS,
    BounceKind,
    ReportedKind,
)

MAX_EVENTS = 1_000
MAX_MAILS = 100
KINDS = frozenset(str(kind) for kind in ReportedKind)
ADDRESS_KINDS = (ReportedKind.COMPLAINED, ReportedKind.UNSUBSCRIBED)
"""Kinds that count for the address. The recipient is enough."""
FIELDS: Mapping[str, str] = {
    "messageId": "message_id",
    "emailId": "email_id",
    "recipient": "recipient",
    "sender": "sender",
    "status": "status",
    "detail": "detail",
    "url": "url",
    "userAgent": "user_agent",
    "ip": "ip",
}
"""The texts of an event: their names in JSON, and those of ReportedEvent."""


def _text(description: str, limit: int | None = None, least: int = 0) -> dict[str, Any]:
    limits = {"maxLength": limit} if limit else {}
    return {"type": "string", "description": description} | limits | ({"minLength": least} if least else {})


EVENT: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "id": _text("Identifies the event. A second event with this id is ignored.", MAX_KEY_CHARACTERS, 1),
        "kind": {
            "type": "string",
            "description": f"One of {', '.join(ReportedKind)}. Events of other kinds are ignored.",
        },
        "at": _text("When it happened, with a zone. Without it: now."),
        "messageId": _text("The Message-ID of the email.", MAX_ID_CHARACTERS),
        "emailId": _text("Touchline's id of the email.", MAX_ID_CHARACTERS),
        "recipient": _text("The address of the recipient.", MAX_ADDRESS_CHARACTERS),
        "sender": _text(
            "The address of the sender. Needed if there are no ids, except for a complaint or an unsubscribe.",
            MAX_ADDRESS_CHARACTERS,
        ),
        "bounce": {"enum": [*BounceKind], "description": "Required for BOUNCED, and only allowed there."},
        "status": _text("The enhanced status of a bounce, such as 5.1.1.", MAX_STATUS_CHARACTERS),
        "detail": _text("What the mail server said, or the text of a reply."),
        "url": _text("The link of a click."),
        "userAgent": _text("The program that opened the email or the link."),
        "ip": _text("The IP address from which the email or the link was opened.", MAX_STATUS_CHARACTERS * 4),
    },
    "required": ["id", "kind"],
    "anyOf": [
        {"required": ["messageId"]},
        {"required": ["emailId"]},
        {"required": ["recipient", "sender"]},
        {"required": ["recipient"], "properties": {"kind": {"enum": [*ADDRESS_KINDS]}}},
    ],
    "if": {"properties": {"kind": {"const": "BOUNCED"}}},
    "then": {"required": ["bounce"]},
    "else": {"not": {"required": ["bounce"]}},
    "additionalProperties": False,
}
MAIL: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "id": _text("Identifies the mail. A second mail with this id is ignored.", MAX_KEY_CHARACTERS, 1),
        "receivedAt": _text("When it was received, with a zone. Without it: now."),
        "data": _text("The whole mail with its headers (RFC 5322), in base64."),
    },
    "required": ["id", "data"],
    "additionalProperties": False,
}
SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "events": {"type": "array", "items": EVENT, "maxItems": MAX_EVENTS},
        "mails": {"type": "array", "items": MAIL, "maxItems": MAX_MAILS},
    },
    "additionalProperties": False,
}
