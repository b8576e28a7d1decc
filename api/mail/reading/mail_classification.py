"""Reads a mail: says what it is, which emails it is about, and why."""

from collections.abc import Collection
from dataclasses import dataclass

from api.codes.reasons.mail_reasons import MailReason
from api.mail.reading.auto_reply import (
    LIST_HEADERS,
    header_of_answer,
    header_of_list,
    header_of_program,
    says_automatic,
    words_of_absence,
)
from api.mail.reading.bounce import read_failures
from api.mail.reading.failure_text import key
from api.mail.reading.feedback import Feedback, read_feedback
from api.mail.reading.headers import Headers
from api.mail.reading.mail_reading import FailedRecipient, MailKind, MailReading, ReadingReason
from api.mail.reading.message_ids import distinct, ids_of_answer, ids_of_returned, message_ids_in
from api.mail.reading.new_text import body_text, new_text
from api.mail.reading.parts import ReceivedMail, split_mail
from api.mail.reading.phrases import is_daemon
from api.mail.reading.read_receipts import is_read_receipt
from api.mail.reading.refusal_words import words_of_refusal
from api.mail.reading.returned_mail import Report, read_report
from api.mail.reading.ses_notification import SesNotification, read_notification
from api.mail.reading.subjects import ANSWER_SUBJECT, FORWARD_SUBJECT
from strategies.codes import Message

RECIPIENT_FIELDS = (
    "to",
    "cc",
    "bcc",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-apparently-to",
    "apparently-to",
    "x-rcpt-to",
    "resent-to",
)
MAX_RECIPIENTS = 100
MAX_SUBJECT_CHARACTERS = 1_000


@dataclass(frozen=True)
class _Verdict:
    kind: MailKind
    reason: Message
    failures: tuple[FailedRecipient, ...] = ()
    people: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    text: str = ""


def read_mail(data: bytes, own_addresses: Collection[str] = ()) -> MailReading:
    """Return what a mail is, which emails it is about, and why.

    ``data`` is the mail as a mail server keeps it. ``own_addresses`` are the addresses of our users: mails from them
    are copies of what they sent. Every input has a result; the work grows with its size, up to MAX_MAIL_BYTES.
    """
    mail = split_mail(data)
    headers = mail.headers
    report = read_report(mail)
    verdict = _verdict(mail, report, {key(address) for address in own_addresses})
    message_id = next(iter(message_ids_in(headers.get("message-id"))), "")
    about = [*verdict.message_ids, *ids_of_returned(report.returned), *ids_of_answer(headers)]
    if verdict.kind in (MailKind.REPLY, MailKind.AUTO_REPLY, MailKind.OWN):
        about = [*ids_of_answer(headers), *ids_of_returned(report.returned)]
    sender = headers.addresses("from")[-1:]
    people = sender if verdict.kind in (MailKind.REPLY, MailKind.AUTO_REPLY) else verdict.people
    return MailReading(
        kind=verdict.kind,
        reason=ReadingReason(MailReason[verdict.reason.code], verdict.reason.sentence),
        failures=verdict.failures,
        people=people,
        message_ids=distinct(about, message_id),
        message_id=message_id,
        sender=sender[0] if sender else "",
        recipients=headers.addresses(*RECIPIENT_FIELDS)[:MAX_RECIPIENTS],
        subject=" ".join(headers.text("subject").split())[:MAX_SUBJECT_CHARACTERS],
        date=headers.date,
        text=verdict.text,
    )


def _verdict(mail: ReceivedMail, report: Report, own: Collection[str]) -> _Verdict:
    """Return the verdict: by reports with a structure first, then by who wrote the mail, then by its words."""
    headers = mail.headers
    if not headers:
        return _Verdict(MailKind.OTHER, MailReason.UNREADABLE.message())
    if mail.exceeded is not None:
        what, limit = mail.exceeded
        return _Verdict(MailKind.OTHER, MailReason.TOO_COMPLEX.message(what=what, limit=limit))
    feedback = read_feedback(mail, report)
    if feedback is not None:
        return _of_feedback(feedback, feedback.message_ids)
    notification = read_notification(report.text)
    if notification is not None:
        return _of_notification(notification)
    sender = {key(address) for address in headers.addresses("from")}
    if (ours := sender & set(own)) and not mail.headers.content_type.startswith("multipart/report"):
        return _Verdict(MailKind.OWN, MailReason.OWN_ADDRESS.message(address=min(ours)))
    if is_read_receipt(mail, headers.text("subject"), report.text):
        return _Verdict(MailKind.OTHER, MailReason.READ_RECEIPT.message())
    failures = read_failures(mail, report)
    if failures is not None:
        kind = MailKind.BOUNCE if failures.recipients else MailKind.OTHER
        ids = tuple(ids_of_returned((), report.text))
        people = tuple(each.address for each in failures.recipients) or failures.others
        return _Verdict(kind, failures.reason, failures=failures.recipients, people=people, message_ids=ids)
    return _of_correspondence(mail, headers)


def _of_feedback(feedback: Feedback, message_ids: tuple[str, ...] = ()) -> _Verdict:
    """Return the verdict on a feedback report."""
    if not feedback.is_complaint:
        reason = MailReason.NOT_A_COMPLAINT.message(feedback=feedback.type)
        return _Verdict(MailKind.OTHER, reason, people=feedback.recipients, message_ids=message_ids)
    reason = MailReason.COMPLAINT_REPORT.message(feedback=feedback.type)
    return _Verdict(MailKind.COMPLAINT, reason, people=feedback.recipients, message_ids=message_ids)


def _of_notification(notification: SesNotification) -> _Verdict:
    """Return the verdict on a notification of Amazon SES."""
    ids = notification.message_ids
    if notification.kind == "complaint":
        return _of_feedback(Feedback(notification.feedback, notification.addresses), ids)
    if notification.kind == "bounce" and notification.recipients:
        return _Verdict(
            MailKind.BOUNCE,
            MailReason.FAILURE_REPORT.message(),
            failures=notification.failures,
            people=notification.addresses,
            message_ids=ids,
        )
    if notification.kind == "delivery":
        return _Verdict(
            MailKind.OTHER, MailReason.DELIVERY_CONFIRMED.message(), people=notification.addresses, message_ids=ids
        )
    program = f"Amazon SES: {notification.kind[:40]}"
    return _Verdict(MailKind.OTHER, MailReason.SYSTEM_MAIL.message(header=program))


def _of_correspondence(mail: ReceivedMail, headers: Headers) -> _Verdict:
    """Return the verdict on a mail that a mail server did not write."""
    subject = headers.text("subject")
    body, cut = body_text(mail)
    text, quotes = new_text(body)
    quotes = quotes or cut
    answers = ANSWER_SUBJECT.match(subject) is not None
    if name := header_of_answer(headers):
        return _Verdict(MailKind.AUTO_REPLY, MailReason.AUTO_HEADER.message(header=name), text=text)
    refers = bool(ids_of_answer(headers))
    if is_daemon(headers) and not (refers and (answers or quotes)):
        return _Verdict(MailKind.OTHER, MailReason.SYSTEM_MAIL.message(header="From"))
    declines = bool(words_of_refusal(text))
    phrase = "" if declines else words_of_absence(subject, text, answers=answers, quotes=quotes)
    if phrase and (refers or not any(name in headers for name in LIST_HEADERS)):
        return _Verdict(MailKind.AUTO_REPLY, MailReason.AUTO_TEXT.message(phrase=phrase[:80]), text=text)
    if (name := header_of_program(headers)) and not (declines and answers and not says_automatic(headers)):
        if refers or answers:
            return _Verdict(MailKind.AUTO_REPLY, MailReason.AUTO_HEADER.message(header=name), text=text)
        return _Verdict(MailKind.OTHER, MailReason.SYSTEM_MAIL.message(header=name))
    if not refers and not answers and (name := header_of_list(headers)):
        return _Verdict(MailKind.OTHER, MailReason.BULK_MAIL.message(header=name))
    evidence = _evidence(headers, refers=refers, answers=answers, quotes=quotes)
    if evidence:
        return _Verdict(MailKind.REPLY, MailReason.ANSWERS_OUR_MAIL.message(evidence=evidence), text=text)
    return _Verdict(MailKind.OTHER, MailReason.NEW_MAIL.message(), text=text)


def _evidence(headers: Headers, *, refers: bool, answers: bool, quotes: bool) -> str:
    """Return how a mail shows that it answers an earlier one, or an empty text."""
    if refers:
        return "it has In-Reply-To or References"
    if answers:
        return "its subject begins like that of an answer"
    if quotes and not FORWARD_SUBJECT.match(headers.text("subject")):
        return "it quotes an earlier mail"
    if any("+" in address.partition("@")[0] for address in headers.addresses(*RECIPIENT_FIELDS)):
        return "it went to an address with a tag (name+tag@domain), such as a return address"
    return ""
