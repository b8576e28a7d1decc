"""The data that plugins hand over to Touchline: mails of a mailbox, and events of a provider or a tracking link.

Touchline stores both before it does anything else. The pair of a source and a key identifies a mail or an event: the
second one with the same pair is ignored. So a plugin may hand over the same mail or event again after a crash.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from plugins.instants import storable_instant

MAX_KEY_CHARACTERS = 255
MAX_ID_CHARACTERS = 400
"""The longest Message-ID or id of an email."""
MAX_ADDRESS_CHARACTERS = 320
MAX_STATUS_CHARACTERS = 20
MAX_TEXT_CHARACTERS = 2_000
"""Longer texts of a reported event (detail, URL, user agent) are cut."""
MAX_MAIL_BYTES = 1_000_000
"""The bytes of a mail that Touchline keeps and reads, from its beginning. The rest is dropped."""


class BounceKind(StrEnum):
    """The kind of a bounce: HARD if the address does not exist, SOFT for all other reasons."""

    HARD = "HARD"
    SOFT = "SOFT"


class ReportedKind(StrEnum):
    """The kind of a reported event about an email or an address."""

    DELIVERED = "DELIVERED"
    """The recipient's server accepted the email."""
    BOUNCED = "BOUNCED"
    """The recipient's server rejected the email. ``bounce`` says whether the address is wrong."""
    COMPLAINED = "COMPLAINED"
    """The recipient marked the email as spam."""
    REPLIED = "REPLIED"
    """The recipient replied. ``detail`` may have the text."""
    OPENED = "OPENED"
    CLICKED = "CLICKED"
    """The recipient opened the link ``url``."""
    UNSUBSCRIBED = "UNSUBSCRIBED"
    """The recipient wants no more emails of the workspace."""
    RESUBSCRIBED = "RESUBSCRIBED"
    """The recipient wants emails again."""


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """One mail of a mailbox, as the server has it. ``data`` is in RFC 5322 format."""

    key: str
    """Identifies the mail in its source, such as "INBOX:1700000000:42" (folder, UIDVALIDITY and UID)."""
    data: bytes
    received_at: datetime
    """When the mail server received it. With a time zone. A time outside of 1970 to 2199 becomes the nearest one."""

    def __post_init__(self) -> None:
        """Refuse a key that cannot be stored and a time without a zone; keep the first bytes of a large mail."""
        object.__setattr__(self, "key", _checked_key(self.key))
        object.__setattr__(self, "received_at", storable_instant("received_at", self.received_at))
        if not isinstance(self.data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data is a {type(self.data).__name__}, not bytes")
        object.__setattr__(self, "data", bytes(self.data[:MAX_MAIL_BYTES]))


@dataclass(frozen=True, slots=True)
class ReportedEvent:
    """One event that a provider reports, or that a tracking link records. Give the ids and addresses that are known."""

    key: str
    """Identifies the event in its source, such as the provider's event id."""
    kind: ReportedKind
    at: datetime
    """When it happened. With a time zone. A time outside of 1970 to 2199 becomes the nearest one."""
    message_id: str | None = None
    """The Message-ID of Touchline's email, such as "<snd_…@example.com>". Angle brackets may be missing."""
    email_id: str | None = None
    """Touchline's id of the email, such as "snd_…", if the provider returns it."""
    recipient: str | None = None
    """The address that the event is about."""
    bounce: BounceKind | None = None
    status: str = ""
    """The enhanced status of a bounce, such as "5.1.1"."""
    detail: str = ""
    """What the server said, or the text of a reply."""
    url: str = ""
    user_agent: str = ""
    ip: str = ""
    sender: str | None = None
    """The address of the sender of the email. Without ids, only emails of this sender to the recipient can match.

    COMPLAINED and UNSUBSCRIBED need no sender: then they count for all senders that have written to the recipient.
    """
    machine: bool = False
    """Whether the provider says that a program opened the email or the link, such as a proxy or a scanner."""

    def __post_init__(self) -> None:
        """Refuse ids that cannot be stored and times without a zone; cut texts that are too long."""
        object.__setattr__(self, "key", _checked_key(self.key))
        object.__setattr__(self, "at", storable_instant("at", self.at))
        if not isinstance(self.kind, ReportedKind):
            raise TypeError(f"kind is a {type(self.kind).__name__}, not a ReportedKind")
        if not isinstance(self.bounce, BounceKind | None):
            raise TypeError(f"bounce is a {type(self.bounce).__name__}, not a BounceKind")
        if (self.kind is ReportedKind.BOUNCED) is not (self.bounce is not None):
            raise ValueError("bounce is HARD or SOFT for a BOUNCED event, and None for all others")
        limits = (
            ("message_id", MAX_ID_CHARACTERS),
            ("email_id", MAX_ID_CHARACTERS),
            ("recipient", MAX_ADDRESS_CHARACTERS),
            ("sender", MAX_ADDRESS_CHARACTERS),
            ("status", MAX_STATUS_CHARACTERS),
            ("ip", MAX_STATUS_CHARACTERS * 4),
        )
        for name, limit in limits:
            if (text := getattr(self, name)) is not None:
                object.__setattr__(self, name, _checked_text(name, text, limit))
        for name in ("detail", "url", "user_agent"):
            object.__setattr__(self, name, _storable(_plain(name, getattr(self, name))))

    @property
    def details(self) -> dict[str, Any]:
        """Return the fields beside key, kind and time that have a value, as JSON."""
        names = ("message_id", "email_id", "recipient", "bounce", "status", "detail", "url", "user_agent", "ip")
        found: dict[str, Any] = {name: str(value) for name in names if (value := getattr(self, name))}
        if self.sender:
            found["addresses"] = [self.sender]
        return found | {"machine": True} if self.machine else found


def _checked_key(key: str) -> str:
    if not (plain := _checked_text("key", key, MAX_KEY_CHARACTERS)):
        raise ValueError("key is empty")
    return plain


def _checked_text(name: str, text: str, limit: int) -> str:
    """Return a text without methods of a package, which could raise later. Refuses what cannot be stored."""
    text = _plain(name, text)
    if len(text) > limit:
        raise ValueError(f"{name} has {len(text)} characters; the limit is {limit}")
    if _storable(text) != text:
        raise ValueError(f"{name} has a NUL or a lone surrogate, which cannot be stored")
    return text


def _plain(name: str, text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{name} is a {type(text).__name__}, not a text")
    return str.__str__(text)


def _storable(text: str) -> str:
    """Return the beginning of a text, without NULs and lone surrogates."""
    return text[:MAX_TEXT_CHARACTERS].replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
