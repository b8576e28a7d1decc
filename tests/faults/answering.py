"""What people and mail servers answer: a script by the number of the recipient, and what each answer must do."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import format_datetime

from api.clock import system_clock

REPORT = (
    "From: Mail Delivery System <MAILER-DAEMON@mx.example>\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {date}\r\n"
    "Message-ID: <{key}@mx.example>\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type={kind}; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\n{words}\r\n\r\n--b\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n"
    "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{original}\r\n--b--\r\n"
)
AWAY = {
    "en": ("Automatic reply: ", "I am out of the office until Monday and will answer then."),
    "de": ("Automatische Antwort: ", "Ich bin bis Montag nicht im Büro und antworte danach."),
    "fr": ("Réponse automatique : ", "Je suis absent jusqu'à lundi. Je vous répondrai à mon retour."),
    "es": ("Respuesta automática: ", "Estoy fuera de la oficina hasta el lunes."),
    "it": ("Risposta automatica: ", "Sono fuori ufficio fino a lunedì."),
}
AWAY_HEADERS = {
    "en": {"Auto-Submitted": "auto-replied"},
    "de": {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    "fr": {"Precedence": "auto_reply", "X-Autoreply": "yes"},
    "es": {"X-Autorespond": "respuesta", "Auto-Submitted": "auto-replied (vacation)"},
    "it": {"X-Auto-Response-Suppress": "OOF, AutoReply", "Auto-Submitted": "auto-replied"},
}
BOUNCES = {
    "5.1.1": "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table",
    "5.1.2": "550 5.1.2 Host or domain name not found",
    "5.1.6": "551 5.1.6 Destination mailbox has moved, no forwarding address",
    "5.1.10": "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {to} not found",
    "5.2.2": "552 5.2.2 The email account that you tried to reach is over quota",
    "5.3.4": "552 5.3.4 Message size exceeds fixed limit",
    "4.4.7": "451 4.4.7 Message expired: could not be delivered for four days",
    "5.7.1": "550 5.7.1 Message rejected as spam by content filtering",
    "5.7.26": "550 5.7.26 Unauthenticated email is not accepted due to the domain's DMARC policy",
}
"""The diagnostic of each kind of bounce by its enhanced status. The tenth kind has no structure at all."""
HARD = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.1.10"})
QMAIL = (
    "From: MAILER-DAEMON@qmail.example\r\nTo: {to}\r\nSubject: failure notice\r\nDate: {date}\r\n\r\n"
    "Hi. This is the qmail-send program at qmail.example.\r\nI'm afraid I wasn't able to deliver your message to the "
    "following addresses.\r\nThis is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n<{person}>:\r\n"
    "Sorry, no mailbox here by that name. (#5.1.1)\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and what it does to the person's campaign."""

    name: str
    mail: bytes
    ends: str | None = None
    """The reason with which the campaign ends; None if it continues."""
    copies: int = 1
    """How often the mail arrives."""
    spam: bool = False
    """Whether it arrives in the spam folder; the copies are in the inbox."""


@dataclass(frozen=True, slots=True)
class Received:
    """An email as the recipient's server has it."""

    number: int
    """The number in the recipient's address."""
    person: str
    sender: str
    return_path: str
    message_id: str
    subject: str

    @classmethod
    def of(cls, content: bytes, return_path: str) -> "Received":
        """Read an email of a campaign, whose recipients are p0@example.com, p1@example.com and so on."""
        header = BytesHeaderParser().parsebytes(content)
        found = re.search(r"p(\d+)@example\.com", header["To"])
        assert found is not None, header["To"]
        sender = header["From"].rpartition("<")[2].rstrip(">")
        return cls(int(found[1]), found[0], sender, return_path, header["Message-ID"], header["Subject"])


def answer_to(email: Received) -> Answer | None:
    """Return the answer to an email. Every second person does not answer."""
    scripts: list[Callable[[Received], Answer]] = [
        _reply,
        _reply_from_elsewhere,
        _reply_with_references_only,
        _reply_that_arrives_twice,
        *(lambda received, language=language: _away(received, language) for language in AWAY),
        *(lambda received, status=status: _bounce(received, status) for status in BOUNCES),
        _bounce_without_structure,
        _complaint,
    ]
    if email.number % 2:
        return None
    return scripts[email.number // 2 % len(scripts)](email)


def _reply(email: Received) -> Answer:
    return Answer("reply", _written(email, email.person, "Yes, call me."), "REPLIED")


def _reply_from_elsewhere(email: Received) -> Answer:
    mail = _written(email, f"boss{email.number}@other.example", "My colleague passed this on to me. Call me.")
    return Answer("reply from another address", mail, "REPLIED")


def _reply_with_references_only(email: Received) -> Answer:
    mail = _written(email, email.person, "Interesting.", {"In-Reply-To": ""})
    return Answer("reply without In-Reply-To", mail, "REPLIED")


def _reply_that_arrives_twice(email: Received) -> Answer:
    return Answer("reply, with a copy in spam", _written(email, email.person, "No."), "REPLIED", copies=1, spam=True)


def _away(email: Received, language: str) -> Answer:
    prefix, text = AWAY[language]
    mail = _written(email, email.person, text, {"Subject": prefix + email.subject} | AWAY_HEADERS[language])
    return Answer(f"out of office ({language})", mail)


def _bounce(email: Received, status: str) -> Answer:
    diagnostic = BOUNCES[status].format(to=email.person)
    fields = (
        f"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {email.person}\r\nAction: failed\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n"
    )
    mail = _report(email, "delivery-status", "Undelivered Mail Returned to Sender", diagnostic, fields)
    return Answer(f"bounce {status}", mail, "BOUNCED" if status in HARD else None, copies=2 if status == "5.1.1" else 1)


def _bounce_without_structure(email: Received) -> Answer:
    mail = QMAIL.format(to=email.return_path, date=format_datetime(system_clock()), person=email.person)
    return Answer("bounce without structure", mail.encode(), "BOUNCED")


def _complaint(email: Received) -> Answer:
    fields = f"Feedback-Type: abuse\r\nUser-Agent: Example/1.0\r\nVersion: 1\r\nOriginal-Rcpt-To: <{email.person}>\r\n"
    mail = _report(email, "feedback-report", "Email Feedback Report", "This is an abuse report.", fields)
    return Answer("complaint", mail, "UNSUBSCRIBED")


def _report(email: Received, kind: str, subject: str, words: str, fields: str) -> bytes:
    original = f"From: {email.sender}\r\nTo: {email.person}\r\nMessage-ID: {email.message_id}\r\n"
    return REPORT.format(
        to=email.return_path, subject=subject, date=format_datetime(system_clock()), key=f"report-{email.number}",
        kind=kind, words=words, fields=fields, original=original,
    ).encode()  # fmt: skip


def _written(email: Received, sender: str, text: str, headers: dict[str, str] | None = None) -> bytes:
    """Return what a person, or a program of theirs, writes. An empty header is left out."""
    usual = {
        "From": f"Someone <{sender}>",
        "To": email.sender,
        "Subject": f"Re: {email.subject}",
        "Date": format_datetime(system_clock()),
        "Message-ID": f"<answer-{email.number}@mail.example>",
        "In-Reply-To": email.message_id,
        "References": email.message_id,
    }
    mail = EmailMessage()
    for name, value in (usual | (headers or {})).items():
        if value:
            mail[name] = value
    mail.set_content(f"{text}\n\nOn Monday G wrote:\n> Hi\n")
    return mail.as_bytes()
