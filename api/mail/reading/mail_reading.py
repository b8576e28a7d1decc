"""The result of reading a mail."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.codes.reasons.mail_reasons import MailReason
from plugins.incoming import BounceKind


class MailKind(StrEnum):
    """What a mail is."""

    REPLY = "REPLY"
    """A person answers."""
    AUTO_REPLY = "AUTO_REPLY"
    """A program answers for a person, such as an absence notice."""
    BOUNCE = "BOUNCE"
    """A mail server did not deliver an email. ``failures`` has each recipient."""
    COMPLAINT = "COMPLAINT"
    """The recipient marked an email as spam, or wants no more of them."""
    OWN = "OWN"
    """We sent this mail."""
    OTHER = "OTHER"
    """Every other mail, such as a newsletter, a report of a delay or a read receipt."""


@dataclass(frozen=True)
class FailedRecipient:
    """A recipient to whom an email was not delivered."""

    address: str
    kind: BounceKind
    status: str
    """Enhanced status (RFC 3463), such as "5.1.1". Empty if the mail has none."""
    diagnostic: str
    """The mail server's text on one line, cut to MAX_DIAGNOSTIC_CHARACTERS."""


@dataclass(frozen=True)
class ReadingReason:
    """Why a mail was read as its kind: a code for programs and a sentence for people."""

    code: MailReason
    sentence: str


@dataclass(frozen=True)
class MailReading:
    """The kind of a mail, with the reason, and the data that was read from it."""

    kind: MailKind
    reason: ReadingReason
    failures: tuple[FailedRecipient, ...] = ()
    """For a bounce: each recipient that failed, once."""
    people: tuple[str, ...] = ()
    """The addresses that the mail is about: who failed, complained or answered, or whose email was delayed."""
    message_ids: tuple[str, ...] = ()
    """Message-IDs of the emails that the mail is about, with angle brackets, the nearest first."""
    message_id: str = ""
    sender: str = ""
    """Address in From, in the sender's spelling. Empty if there is none."""
    recipients: tuple[str, ...] = ()
    """Addresses in To, Cc, Delivered-To, X-Original-To, Envelope-To and similar headers."""
    subject: str = ""
    date: datetime | None = None
    """Time in the header Date, with its zone. None without a readable date."""
    text: str = ""
    """New text of a reply: without quotes and signature, cut to MAX_REPLY_CHARACTERS. Empty for other kinds."""
