"""Reads the notifications of Amazon SES that Amazon SNS sends by email, as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.mail.reading.failure_classification import judge
from api.mail.reading.failure_text import FailureWords
from api.mail.reading.mail_reading import FailedRecipient

FIRST_CHARACTERS = 200


@dataclass(frozen=True)
class SesNotification:
    """A notification. ``kind`` is "bounce", "complaint", "delivery" or another word of Amazon SES in lower case."""

    kind: str
    recipients: tuple[Mapping[str, Any], ...]
    """JSON objects with emailAddress and, for bounces, status and diagnosticCode."""
    feedback: str
    message_ids: tuple[str, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(str(each["emailAddress"])[:320] for each in self.recipients)

    @property
    def failures(self) -> tuple[FailedRecipient, ...]:
        """Return the recipients of a bounce."""
        words = FailureWords("", self.addresses)
        return tuple(
            judge(str(each["emailAddress"])[:320], _text(each, "status"), _text(each, "diagnosticCode"), words)
            for each in self.recipients
        )


def read_notification(text: str) -> SesNotification | None:
    """Return the notification in a text, or None if there is none."""
    text = text.lstrip()
    if not text.startswith("{") or "Type" not in text[:FIRST_CHARACTERS]:
        return None
    try:
        data, _ = json.JSONDecoder(strict=False).raw_decode(text.replace("!\n ", ""))
    except (ValueError, RecursionError):
        return None
    if isinstance(data.get("Message"), str):
        return read_notification(data["Message"])
    kind = str(data.get("notificationType") or data.get("eventType") or "").lower()
    about = data.get(kind)
    if not kind or not isinstance(about, dict):
        return None
    listed = about.get("bouncedRecipients") or about.get("complainedRecipients") or _named(about.get("recipients"))
    return SesNotification(
        kind=kind,
        recipients=tuple(filter(_has_address, listed)) if isinstance(listed, list) else (),
        feedback=str(about.get("complaintFeedbackType") or "abuse")[:40].lower(),
        message_ids=_message_ids(data.get("mail")),
    )


def _named(addresses: object) -> list[dict[str, str]]:
    """Return the recipients of a delivery, which have only an address."""
    if not isinstance(addresses, list):
        return []
    return [{"emailAddress": each} for each in addresses if isinstance(each, str)]


def _has_address(recipient: object) -> bool:
    return isinstance(recipient, dict) and isinstance(recipient.get("emailAddress"), str)


def _text(recipient: Mapping[str, Any], name: str) -> str:
    """Return a text of a JSON object, without the type of a diagnostic code."""
    value = recipient.get(name)
    return value.removeprefix("smtp;").strip() if isinstance(value, str) else ""


def _message_ids(mail: object) -> tuple[str, ...]:
    if not isinstance(mail, dict):
        return ()
    headers = mail.get("commonHeaders")
    ids = [headers.get("messageId") if isinstance(headers, dict) else None, mail.get("messageId")]
    return tuple(each if each.startswith("<") else f"<{each}>" for each in ids if isinstance(each, str) and each)
