"""Read the answers to emails from an incoming mail or event.

The functions are pure: they read no database and no clock.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from api.codes.reasons.incoming import AnswerCode
from api.mail.reading import FailedRecipient, MailKind, MailReading, read_mail
from api.mail.return_address import ReturnAddresses
from api.mail.text_checks import storable_text
from api.mail.unsubscribing.mail_addresses import UnsubscribeAddresses
from api.mail.unsubscribing.mail_requests import email_to_unsubscribe
from api.mail.unsubscribing.plain_requests import asks_to_unsubscribe
from api.states import BounceKind
from api.store.replies.incoming import MAIL, IncomingRow
from plugins.incoming import MAX_ADDRESS_CHARACTERS, MAX_ID_CHARACTERS, ReportedKind

ID_IN_MESSAGE_ID = re.compile(r"<?(snd_[0-9a-z]{1,36})@", re.IGNORECASE)
"""The id of an email, in its Message-ID."""
CORRESPONDENCE = frozenset({MailKind.REPLY, MailKind.AUTO_REPLY, MailKind.OWN, MailKind.OTHER})
MAX_SUBJECT_CHARACTERS = 1_000
MAX_TEXT_CHARACTERS = 20_000
"""Characters of a reply's text that are kept."""


class AnswerKind(StrEnum):
    """The kind of an answer to an email, by a person or a mail server."""

    REPLY = "REPLY"
    OWN = "OWN"
    """Not an answer: the sender wrote to the person from their own mail program."""
    AUTO_REPLY = "AUTO_REPLY"
    BOUNCE = "BOUNCE"
    COMPLAINT = "COMPLAINT"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    UNSUBSCRIBE_MAIL = "UNSUBSCRIBE_MAIL"
    DELIVERED = "DELIVERED"
    OPEN = "OPEN"
    CLICK = "CLICK"


ADDRESS_ANSWERS = frozenset({AnswerKind.COMPLAINT, AnswerKind.UNSUBSCRIBE})


class ReplyText(NamedTuple):
    """A reply: its author and its content."""

    sender: str = ""
    subject: str = ""
    text: str = ""
    message_id: str | None = None
    asks_to_unsubscribe: bool = False
    """Whether the reply only says that its author wants no more emails."""
    content_key: str | None = None
    """Identifies a reply that has no Message-ID, if it has a date."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer to one email, before the email is known. An incoming mail or event has one, several or none."""

    row: IncomingRow
    kind: AnswerKind
    message_ids: tuple[str, ...] = ()
    """Message-IDs of the email, the most likely one first."""
    returned_to: str | None = None
    """The id of the email, from a signed return address."""
    email_id: str | None = None
    """The id of the email, as a provider reports it."""
    addresses: tuple[str, ...] = ()
    """Addresses of the recipient. They identify the email if the mail has no other reference."""
    written_to: tuple[str, ...] = ()
    """Addresses to which a person sent the reply. The email's sender may be one of them."""
    failures: tuple[FailedRecipient, ...] = ()
    reply: ReplyText = field(default_factory=ReplyText)

    @property
    def is_about_address(self) -> bool:
        """Whether it is about the address, and not only the email. It then applies to several emails."""
        return self.kind in ADDRESS_ANSWERS or self.reply.asks_to_unsubscribe


NOT_WRITTEN_BY_REPS = frozenset({MailKind.BOUNCE, MailKind.COMPLAINT, MailKind.AUTO_REPLY})


class OwnMail(NamedTuple):
    """A copy of the email of a task that a rep has sent from their own mailbox."""

    task_id: str | None
    """From a signed address, which only the rep knows. None if the address is that of a one-off email."""
    email_id: str | None
    """The one-off email, if the address is that of one."""
    reply: ReplyText
    """Sender, subject and Message-ID of the mail."""
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadRow:
    """An incoming row that was read: its kind, the reason for it, and its findings."""

    row: IncomingRow
    kind: str
    reason: str
    findings: tuple[Finding, ...]
    ignored: bool = False
    """Whether the row certainly changes nothing."""
    own_mail: OwnMail | None = None
    """The email of a task that a rep has sent. Then there are no findings."""
    otherwise: "ReadRow | None" = None
    """The same mail as an answer. People answer to all addresses of an email, also to that of its copy."""


ANSWERS_OF_MAILS: Mapping[MailKind, AnswerKind] = {
    MailKind.REPLY: AnswerKind.REPLY,
    MailKind.OWN: AnswerKind.OWN,
    MailKind.AUTO_REPLY: AnswerKind.AUTO_REPLY,
    MailKind.BOUNCE: AnswerKind.BOUNCE,
    MailKind.COMPLAINT: AnswerKind.COMPLAINT,
}
ANSWERS_OF_EVENTS: Mapping[ReportedKind, AnswerKind] = {
    ReportedKind.DELIVERED: AnswerKind.DELIVERED,
    ReportedKind.BOUNCED: AnswerKind.BOUNCE,
    ReportedKind.COMPLAINED: AnswerKind.COMPLAINT,
    ReportedKind.REPLIED: AnswerKind.REPLY,
    ReportedKind.OPENED: AnswerKind.OPEN,
    ReportedKind.CLICKED: AnswerKind.CLICK,
    ReportedKind.UNSUBSCRIBED: AnswerKind.UNSUBSCRIBE,
}


def read_rows(
    rows: Sequence[IncomingRow], returns: ReturnAddresses | None, unsubscribes: UnsubscribeAddresses | None = None
) -> list[ReadRow]:
    """Read incoming mails and events."""
    return [_read_mail(row, returns, unsubscribes) if row.kind == MAIL else _read_event(row, returns) for row in rows]


def _read_mail(row: IncomingRow, returns: ReturnAddresses | None, unsubscribes: UnsubscribeAddresses | None) -> ReadRow:
    reading = read_mail(row.content or b"", row.own_addresses)
    if reading.kind in CORRESPONDENCE and ID_IN_MESSAGE_ID.match(reading.message_id):
        # Its References contain earlier emails, so it would look like a reply to them.
        return ReadRow(row, str(MailKind.OWN), AnswerCode.OWN_COPY.message().sentence, (), ignored=True)
    if (own_mail := _own_mail(reading, returns)) is not None:
        why = AnswerCode.SENT_FROM_OWN_MAILBOX.message().sentence
        otherwise = _read_answer(row, reading, returns, unsubscribes)
        return ReadRow(row, str(MailKind.OWN), why, (), own_mail=own_mail, otherwise=otherwise)
    return _read_answer(row, reading, returns, unsubscribes)


def _read_answer(
    row: IncomingRow, reading: MailReading, returns: ReturnAddresses | None, unsubscribes: UnsubscribeAddresses | None
) -> ReadRow:
    if unsubscribes is not None and (send_id := email_to_unsubscribe(reading, unsubscribes.secrets)) is not None:
        asks = Finding(row, AnswerKind.UNSUBSCRIBE_MAIL, email_id=send_id)
        return ReadRow(row, str(asks.kind), AnswerCode.ASKS_TO_UNSUBSCRIBE.message().sentence, (asks,))
    if _asks_by_words(reading):
        reading = replace(reading, kind=MailKind.REPLY)
        why = AnswerCode.ASKS_WITHOUT_TOKEN.message().sentence
        return ReadRow(row, str(reading.kind), why, tuple(_findings_of_mail(row, reading, returns, asks=True)))
    return ReadRow(
        row,
        str(reading.kind),
        storable_text(reading.reason.sentence),
        tuple(_findings_of_mail(row, reading, returns)),
        ignored=reading.kind not in ANSWERS_OF_MAILS,
    )


def _own_mail(reading: MailReading, returns: ReturnAddresses | None) -> OwnMail | None:
    """Return the task or one-off email of which a mail is a copy, by its signed address.

    None if it is not such a copy.
    """
    if returns is None or reading.kind in NOT_WRITTEN_BY_REPS:
        return None
    for each in reading.recipients:
        task_id, email_id = returns.task_id(each), returns.copied_email_id(each)
        if task_id is not None or email_id is not None:
            return OwnMail(task_id, email_id, _reply_text(reading), reading.recipients)
    return None


def _reply_text(reading: MailReading, *, asks: bool = False) -> ReplyText:
    return ReplyText(
        storable_text(reading.sender, MAX_ADDRESS_CHARACTERS),
        storable_text(reading.subject, MAX_SUBJECT_CHARACTERS),
        storable_text(reading.text, MAX_TEXT_CHARACTERS),
        storable_text(reading.message_id, MAX_ID_CHARACTERS) or None,
        asks,
        _content_key(reading),
    )


def _content_key(reading: MailReading) -> str | None:
    """Return what copies of a mail without a Message-ID have in common. Without a date, two mails can be alike."""
    if reading.message_id or reading.date is None:
        return None
    content = [reading.sender.casefold(), reading.date.isoformat(), reading.subject, reading.text]
    return sha256(json.dumps(content).encode()).hexdigest()


def _asks_by_words(reading: MailReading) -> bool:
    """Say whether a mail asks to unsubscribe without a token, even if a mail program wrote it for the person."""
    if reading.kind not in {MailKind.REPLY, MailKind.AUTO_REPLY, MailKind.OTHER}:
        return False
    return asks_to_unsubscribe(reading.subject, "" if reading.kind is MailKind.AUTO_REPLY else reading.text)


def _findings_of_mail(
    row: IncomingRow, reading: MailReading, returns: ReturnAddresses | None, *, asks: bool = False
) -> Iterable[Finding]:
    kind = ANSWERS_OF_MAILS.get(reading.kind)
    if kind is None:
        return
    returned_to = _returned_to(
        [*reading.recipients, *reading.people, *(each.address for each in reading.failures)], returns
    )
    ids = tuple(each[:MAX_ID_CHARACTERS] for each in reading.message_ids)
    if kind is AnswerKind.BOUNCE and not ids and returned_to is None:
        # Without a reference, each failed recipient may belong to another email.
        for failure in reading.failures:
            yield Finding(row, kind, addresses=(failure.address,), failures=(failure,))
        return
    senders = (reading.sender,) if reading.sender else ()
    addresses = {
        AnswerKind.BOUNCE: tuple(each.address for each in reading.failures),
        AnswerKind.COMPLAINT: tuple(reading.people),
        AnswerKind.OWN: tuple(reading.recipients),
    }.get(kind, senders)
    reply = _reply_text(reading, asks=asks)
    written_to = tuple(reading.recipients) if kind is AnswerKind.REPLY else ()
    yield Finding(row, kind, ids, returned_to, None, addresses, written_to, tuple(reading.failures), reply)


def _read_event(row: IncomingRow, returns: ReturnAddresses | None) -> ReadRow:
    details: Mapping[str, Any] = row.details
    kind = ANSWERS_OF_EVENTS.get(ReportedKind(row.kind))
    if kind is None:
        return ReadRow(row, row.kind, AnswerCode.RESUBSCRIBE_REPORTED.message().sentence, (), ignored=True)
    recipient = details.get("recipient", "")
    failures: tuple[FailedRecipient, ...] = ()
    if kind is AnswerKind.BOUNCE:
        failure = FailedRecipient(
            recipient, BounceKind(details["bounce"]), details.get("status", ""), details.get("detail", "")
        )
        failures = (failure,)
    ids = (details["message_id"],) if "message_id" in details else ()
    addresses = (recipient,) if recipient else ()
    reply = ReplyText(recipient, "", details.get("detail", "")) if kind is AnswerKind.REPLY else ReplyText()
    found = Finding(
        row, kind, ids, _returned_to(addresses, returns), details.get("email_id"), addresses, (), failures, reply
    )
    return ReadRow(row, row.kind, "", (found,))


def _returned_to(addresses: Iterable[str], returns: ReturnAddresses | None) -> str | None:
    if returns is None:
        return None
    return next((found for each in addresses if (found := returns.send_id(each)) is not None), None)
