"""Makes the mails with which people and mail servers answer an email, for sandboxes. Pure: no database, no clock.

They are whole mails as mail programs and servers write them, so that a sandbox reads them as it would read real ones: a
reply, an automatic reply (RFC 3834), a delivery report (RFC 3464) and a feedback report (RFC 5965).
"""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from plugins.incoming import BounceKind

REPORTING_HOST = "mx.simulation.invalid"
"""The host of the mail server that a sandbox simulates. No such host exists (RFC 2606)."""
STATUSES = {BounceKind.HARD: "5.1.1", BounceKind.SOFT: "5.2.2"}
"""The enhanced status of a report whose mail server says none."""
DIAGNOSTICS = {
    BounceKind.HARD: "550 5.1.1 <{recipient}>: no such user here",
    BounceKind.SOFT: "552 5.2.2 <{recipient}>: the mailbox is full",
}


@dataclass(frozen=True, slots=True)
class AnsweredEmail:
    """The email that is answered."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    return_to: str
    """The envelope sender, to which mail servers return the email."""
    sent_at: datetime


def reply(email: AnsweredEmail, *, message_id: str, at: datetime, sender: str, text: str) -> bytes:
    """Return the reply of a person, who quotes the email below the text."""
    mail = _answer(email, message_id=message_id, at=at, sender=sender)
    mail["Subject"] = email.subject if email.subject.lower().startswith("re:") else f"Re: {email.subject}"
    written = f"{email.sent_at:%a, %d %b %Y at %H:%M}"
    mail.set_content(f"{text}\n\nOn {written}, {email.sender} wrote:\n> {email.subject}\n")
    return mail.as_bytes()


def auto_reply(email: AnsweredEmail, *, message_id: str, at: datetime, sender: str, text: str) -> bytes:
    """Return an automatic reply, such as an out-of-office notice."""
    mail = _answer(email, message_id=message_id, at=at, sender=sender)
    mail["Subject"] = f"Automatic reply: {email.subject}"
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(text + "\n")
    return mail.as_bytes()


def delivery_report(email: AnsweredEmail, *, message_id: str, at: datetime, status: str, diagnostic: str) -> bytes:
    """Return the report of a mail server that could not deliver the email. ``diagnostic`` is one line."""
    fields = (
        f"Reporting-MTA: dns; {REPORTING_HOST}\nArrival-Date: {format_datetime(email.sent_at)}\n\n"
        f"Final-Recipient: rfc822; {email.recipient}\nAction: failed\nStatus: {status}\n"
        f"Remote-MTA: dns; {REPORTING_HOST}\nDiagnostic-Code: smtp; {diagnostic}\n"
    )
    text = f"Your email could not be delivered to <{email.recipient}>.\n\n{diagnostic}\n"
    head = (
        f"From: Mail Delivery System <MAILER-DAEMON@{REPORTING_HOST}>\nSubject: Undelivered Mail Returned to Sender\n"
    )
    head += "Auto-Submitted: auto-replied\n"
    return _report(email, head, message_id, at, "delivery-status", text, fields)


def feedback_report(email: AnsweredEmail, *, message_id: str, at: datetime) -> bytes:
    """Return the report of a provider whose user marked the email as spam."""
    fields = (
        f"Feedback-Type: abuse\nUser-Agent: {REPORTING_HOST}/1.0\nVersion: 1\n"
        f"Original-Mail-From: <{email.return_to}>\nOriginal-Rcpt-To: <{email.recipient}>\n"
        f"Arrival-Date: {format_datetime(email.sent_at)}\nReporting-MTA: dns; {REPORTING_HOST}\n"
    )
    text = f"A user marked this email as spam: {email.recipient}\n"
    head = f"From: Feedback <feedback@{REPORTING_HOST}>\nSubject: FW: {email.subject}\n"
    return _report(email, head, message_id, at, "feedback-report", text, fields)


def _answer(email: AnsweredEmail, *, message_id: str, at: datetime, sender: str) -> EmailMessage:
    is_plain = (sender + email.sender).isascii()
    mail = EmailMessage(policy=SMTP if is_plain else SMTPUTF8)
    mail["From"] = sender
    mail["To"] = email.sender
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id
    mail["In-Reply-To"] = email.message_id
    mail["References"] = email.message_id
    return mail


def _report(email: AnsweredEmail, head: str, message_id: str, at: datetime, kind: str, text: str, fields: str) -> bytes:
    """Return a report with its three parts: text, fields, and the headers of the email (RFC 6522)."""
    boundary = f"report-{message_id.strip('<>').partition('@')[0]}"
    returned = (
        f"Message-ID: {email.message_id}\nFrom: {email.sender}\nTo: {email.recipient}\nSubject: {email.subject}\n"
        f"Date: {format_datetime(email.sent_at)}\n"
    )
    mail = (
        f"{head}To: {email.return_to}\nDate: {format_datetime(at)}\nMessage-ID: {message_id}\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="{boundary}"\n\n'
        f"--{boundary}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
        f"--{boundary}\nContent-Type: message/{kind}\n\n{fields}\n"
        f"--{boundary}\nContent-Type: text/rfc822-headers\n\n{returned}\n"
        f"--{boundary}--\n"
    )
    return mail.replace("\n", "\r\n").encode("utf-8")
