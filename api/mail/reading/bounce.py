"""Recognizes bounces, reports of delays and of deliveries, and finds each failed recipient."""

import re
from collections.abc import Collection
from dataclasses import replace

from api.codes.reasons.mail_reasons import MailReason
from api.mail.reading.auto_reply import header_of_answer, words_of_absence
from api.mail.reading.delivery_report import RecipientReport, read_recipient_reports
from api.mail.reading.failure_classification import judge
from api.mail.reading.failure_text import FailureWords, key, received_as, recipients_in_text
from api.mail.reading.headers import Headers
from api.mail.reading.mail_reading import FailedRecipient
from api.mail.reading.message_ids import ids_of_answer
from api.mail.reading.parts import ReceivedMail, split_mail
from api.mail.reading.phrases import FAILED, FAILED_SUBJECT, GAVE_UP, LATE, NO_REPLY, PROGRAM, REJECTED, is_daemon
from api.mail.reading.returned_mail import Report, read_report
from api.mail.reading.subjects import ANSWER_SUBJECT, FORWARD_SUBJECT
from plugins.incoming import BounceKind
from strategies.codes import Message

READ_CHARACTERS = 4_000
"""How much of a report's text is searched for the words of a failure."""
DONE = frozenset({"delivered", "relayed", "expanded"})
MAX_LINES = 5_000
QUOTED_REPLY = re.compile(r"\b[45]\d\d[ -]")
"""A line that quotes another server. The word "deferred" in it is not about this server."""
REPLY_LINE = re.compile(r"^[^\w>]{0,5}[45]\d\d[ -]", re.MULTILINE)
"""A line that begins with the reply of a mail server."""
QUOTE_MARK = re.compile(r"^(?:> ?){1,3}")
LATE_ACTIONS = frozenset({"delayed", "deferred"})


class Failures:
    """What a mail says about deliveries: the failed recipients, or why it is not a bounce."""

    def __init__(
        self, reason: Message, recipients: Collection[FailedRecipient] = (), others: Collection[str] = ()
    ) -> None:
        self.reason = reason
        self.recipients = tuple(recipients)
        self.others = tuple(dict.fromkeys(others))
        """Recipients whose email was delayed or delivered."""


def read_failures(mail: ReceivedMail, report: Report) -> Failures | None:
    """Return what a mail says about deliveries, or None if a mail server did not write it.

    A recipient whose server forwarded the email counts under the address to which it was sent.
    """
    found = _read_failures(mail, report)
    if found is None or not (received := received_as(report.text)):
        return found
    renamed = (replace(each, address=received.get(key(each.address), each.address)) for each in found.recipients)
    distinct = dict[str, FailedRecipient]()
    for each in renamed:
        if distinct.setdefault(key(each.address), each).kind is BounceKind.SOFT:
            distinct[key(each.address)] = each
    return Failures(found.reason, distinct.values(), [received.get(key(each), each) for each in found.others])


def _read_failures(mail: ReceivedMail, report: Report) -> Failures | None:
    if FORWARD_SUBJECT.match(mail.headers.text("subject")):
        return _forwarded(mail, report)
    if _answers_as_people_do(mail.headers, report.text):
        return None
    reports = read_recipient_reports(mail, report.text)
    if reports:
        return _by_report(mail, report, reports)
    phrase = _failure_phrase(mail, report)
    if phrase is None:
        return None
    named = recipients_in_text(report.text, report.returned, _own_addresses(mail, report))
    if report.inner and not named and (inner := _inner(report)) is not None:
        return inner
    addresses = _recipients(mail, report)
    if _is_late(mail.headers.text("subject"), report.text):
        return Failures(MailReason.DELIVERY_DELAYED.message(), others=addresses)
    if not addresses:
        return Failures(MailReason.NO_RECIPIENT.message(phrase=phrase))
    words = FailureWords(report.text, addresses)
    judged = [judge(address, "", "", words) for address in addresses]
    return Failures(MailReason.FAILURE_TEXT.message(phrase=phrase), judged)


def _answers_as_people_do(headers: Headers, text: str) -> bool:
    """Return whether a mail answers another one, and neither its type nor its sender says that a program reports.

    People quote what a mail server wrote, attach its report, and have addresses such as postmaster@example.com. Some
    servers answer from such an address as well, but with a line that begins with the reply of a mail server.
    """
    sender = headers.addresses("from")
    return (
        headers.content_type != "multipart/report"
        and ANSWER_SUBJECT.match(headers.text("subject")) is not None
        and bool(ids_of_answer(headers))
        and bool(sender)
        and not PROGRAM.match(sender[0])
        and "x-failed-recipients" not in headers
        and not (is_daemon(headers) and REPLY_LINE.search(text[:READ_CHARACTERS]))
    )


def _forwarded(mail: ReceivedMail, report: Report) -> Failures | None:
    """Return the failures in a bounce that a person forwards. Only one with the fields of a delivery report counts."""
    text = "\n".join(QUOTE_MARK.sub("", line) for line in report.whole.split("\n")[:MAX_LINES])
    inner = replace(report, text=text)
    reports = read_recipient_reports(mail, text)
    if reports and FAILED_SUBJECT.search(mail.headers.text("subject")[:500]):
        return _by_report(mail, inner, reports)
    return None


def _inner(report: Report) -> Failures | None:
    """Return the failures in the bounce of another server that a report quotes."""
    mail = split_mail(report.inner.encode("utf-8", "replace"))
    found = read_failures(mail, replace(read_report(mail), inner=""))
    return found if found is not None and found.recipients else None


def _is_late(subject: str, text: str) -> bool:
    """Return whether a server reports a delay and keeps trying."""
    text = text[:READ_CHARACTERS]
    own_words = "\n".join(line for line in text.split("\n") if not QUOTED_REPLY.search(line))
    return bool(LATE.search(subject[:500]) or LATE.search(own_words)) and not GAVE_UP.search(text)


def _recipients(mail: ReceivedMail, report: Report) -> list[str]:
    """Return the recipients of a report without fields: as a header names them, else the text, else the returned email.

    A mail to oneself can fail: if nobody else is named, the address that got the bounce counts as well.
    """
    own = _own_addresses(mail, report)
    found = list(mail.headers.addresses("x-failed-recipients")) or recipients_in_text(report.text, report.returned, own)
    sender = {key(address) for address in mail.headers.addresses("from")}
    return found or _returned_to(report, own) or recipients_in_text(report.text, (), sender)


def _by_report(mail: ReceivedMail, report: Report, reports: list[RecipientReport]) -> Failures:
    """Return the failures in a delivery report."""
    failed = [each for each in reports if _is_failed(each, report.text)]
    if not failed:
        others = [each.address for each in reports if each.address]
        if all(each.action in DONE for each in reports):
            return Failures(MailReason.DELIVERY_CONFIRMED.message(), others=others)
        return Failures(MailReason.DELIVERY_DELAYED.message(), others=others)
    fallback = _recipients(mail, report) if any(not each.address for each in failed) else []
    named = [each.address for each in failed if each.address]
    words = FailureWords(report.text, named or fallback[:1])
    judged = dict[str, FailedRecipient]()
    for each in dict.fromkeys(failed):
        address = each.address or next((other for other in fallback if other not in named), "")
        if address:
            found = judge(address, each.status, each.diagnostic, words)
            earlier = judged.get(key(address))
            if earlier is None or earlier.kind is BounceKind.SOFT:
                judged[key(address)] = found
    if not judged:
        return Failures(MailReason.NO_RECIPIENT.message(phrase=failed[0].diagnostic[:80] or failed[0].status))
    return Failures(MailReason.FAILURE_REPORT.message(), judged.values())


def _is_failed(report: RecipientReport, text: str) -> bool:
    """Return whether a recipient failed for good. Without an action, the status says it."""
    if report.action in DONE:
        return False
    if report.action in LATE_ACTIONS:
        text = text[:READ_CHARACTERS]
        return bool(GAVE_UP.search(text)) and not LATE.search(text)
    return report.action.startswith("fail") or not report.status.startswith("2")


def _failure_phrase(mail: ReceivedMail, report: Report) -> str | None:
    """Return the words by which a mail server reports a failure, or None if none did."""
    headers = mail.headers
    subject = headers.text("subject")[:500]
    in_subject = None if ANSWER_SUBJECT.match(subject) else FAILED_SUBJECT.search(subject)
    daemon, sender = is_daemon(headers), headers.addresses("from")
    bare = headers.get("return-path").replace(" ", "").lower() in {"<>", "<mailer-daemon>"}
    program = bare or bool(sender and NO_REPLY.match(sender[0])) or not sender
    if not (daemon or program or in_subject):
        return None
    in_text = FAILED.search(report.text[:READ_CHARACTERS])
    found = in_text or in_subject or LATE.search(subject)
    if found is None and daemon:
        found = LATE.search(report.text[:READ_CHARACTERS])
        if found is None and bare:
            found = REJECTED.search(report.text[:READ_CHARACTERS])
    if found is None:
        return None
    is_failure = (program and (in_subject or report.returned or in_text)) or (
        in_subject and in_text and (report.returned or not ids_of_answer(headers))
    )
    if daemon or (is_failure and not _is_absence_notice(headers, subject, report.text)):
        return found[0].strip()[:80]
    return None


def _is_absence_notice(headers: Headers, subject: str, text: str) -> bool:
    """Return whether a program answers for a person. Such answers can say that the email was not forwarded."""
    if header_of_answer(headers):
        return True
    return bool(words_of_absence(subject, text, answers=False, quotes=False))


def _own_addresses(mail: ReceivedMail, report: Report) -> set[str]:
    """Return the keys of addresses that did not fail: who got the bounce, and who sent the returned email."""
    own = set(mail.headers.addresses("from"))
    for header in report.returned:
        own |= set(header.addresses("from", "sender", "return-path", "reply-to", "errors-to"))
    sent_to = {key(address) for header in report.returned for address in header.addresses("to", "cc")}
    got = {
        key(address) for address in mail.headers.addresses("to", "delivered-to", "x-original-to", "envelope-to", "cc")
    }
    return {key(address) for address in own} - sent_to | (got - sent_to)


def _returned_to(report: Report, own: Collection[str]) -> list[str]:
    """Return the recipients of the returned email."""
    found = [address for header in report.returned for address in header.addresses("to", "cc", "x-original-to")]
    return [address for address in dict.fromkeys(found) if key(address) not in own][:20]
