"""Recognizes bounces, reports of delays and of deliveries, and finds each failed recipient."""

from collections.abc import Collection
from dataclasses import replace

from api.codes.mail_reasons import MailReason
from api.mail.reading.delivery_report import RecipientReport, read_recipient_reports
from api.mail.reading.failure_text import key, recipients_in_text
from api.mail.reading.headers import Headers
from api.mail.reading.judging import judge
from api.mail.reading.mail_reading import FailedRecipient
from api.mail.reading.parts import ReceivedMail, split_mail
from api.mail.reading.phrases import FAILED, FAILED_SUBJECT, GAVE_UP, LATE, NO_REPLY, is_daemon
from api.mail.reading.returned_mail import Report, read_report
from plugins.incoming import BounceKind
from strategies.codes import Message

READ_CHARACTERS = 4_000
"""How much of a report's text is searched for the words of a failure."""
DONE = frozenset({"delivered", "relayed", "expanded"})
LATE_ACTIONS = frozenset({"delayed", "deferred"})


class Failures:
    """What a mail says about deliveries: the failed recipients, or why it is not a bounce."""

    def __init__(self, reason: Message, recipients: Collection[FailedRecipient] = ()) -> None:
        self.reason = reason
        self.recipients = tuple(recipients)


def read_failures(mail: ReceivedMail, report: Report) -> Failures | None:
    """Return what a mail says about deliveries, or None if a mail server did not write it."""
    own = _own_addresses(mail, report)
    reports = read_recipient_reports(mail, report.text)
    if reports:
        return _by_report(mail, report, reports, own)
    phrase = _failure_phrase(mail, report)
    if phrase is None:
        return None
    subject = mail.headers.text("subject")[:500]
    if (LATE.search(subject) or LATE.search(report.text[:READ_CHARACTERS])) and not GAVE_UP.search(
        report.text[:READ_CHARACTERS]
    ):
        return Failures(MailReason.DELIVERY_DELAYED.message())
    addresses = _failed_header(mail.headers) or recipients_in_text(report.text, report.returned, own)
    addresses = addresses or ([] if report.inner else _returned_to(report, own))
    if not addresses and report.inner:
        inner = split_mail(report.inner.encode("utf-8", "replace"))
        return read_failures(inner, replace(read_report(inner), inner=""))
    if not addresses:
        return Failures(MailReason.NO_RECIPIENT.message(phrase=phrase))
    judged = [judge(address, "", "", report.text, addresses) for address in addresses]
    return Failures(MailReason.FAILURE_TEXT.message(phrase=phrase), judged)


def _by_report(mail: ReceivedMail, report: Report, reports: list[RecipientReport], own: Collection[str]) -> Failures:
    """Return the failures in a delivery report."""
    failed = [each for each in reports if _is_failed(each, report.text)]
    if not failed:
        done = all(each.action in DONE for each in reports)
        return Failures(MailReason.DELIVERY_CONFIRMED.message() if done else MailReason.DELIVERY_DELAYED.message())
    in_text = recipients_in_text(report.text, report.returned, own)
    fallback = _failed_header(mail.headers) or in_text or _returned_to(report, own)
    named = [each.address for each in failed if each.address]
    judged = dict[str, FailedRecipient]()
    for each in failed:
        address = each.address or next((other for other in fallback if other not in named), "")
        if address:
            found = judge(address, each.status, each.diagnostic, report.text, named or [address])
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
        return bool(GAVE_UP.search(text[:READ_CHARACTERS])) and not LATE.search(text[:READ_CHARACTERS])
    return report.action.startswith("fail") or not report.status.startswith("2")


def _failure_phrase(mail: ReceivedMail, report: Report) -> str | None:
    """Return the words by which a mail server reports a failure, or None if none did."""
    headers = mail.headers
    subject = headers.text("subject")[:500]
    answers = subject.lstrip().lower().startswith(("re:", "aw:", "fw:", "fwd:", "wg:", "sv:", "tr:"))
    in_subject = None if answers else FAILED_SUBJECT.search(subject)
    in_text = FAILED.search(report.text[:READ_CHARACTERS])
    found = in_text or in_subject
    if found is None:
        return None
    sender = headers.addresses("from")
    daemon = is_daemon(headers)
    bare = headers.get("return-path").replace(" ", "").lower() in {"<>", "<mailer-daemon>"}
    program = bare or bool(sender and NO_REPLY.match(sender[0])) or not sender
    if (
        daemon
        or (program and (in_subject or report.returned or in_text))
        or (in_subject and in_text and report.returned)
    ):
        return found[0].strip()[:80]
    return None


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


def _failed_header(headers: Headers) -> list[str]:
    return list(headers.addresses("x-failed-recipients"))


def _returned_to(report: Report, own: Collection[str]) -> list[str]:
    """Return the recipients of the returned email."""
    found = [address for header in report.returned for address in header.addresses("to", "cc", "x-original-to")]
    return [address for address in dict.fromkeys(found) if key(address) not in own][:20]
