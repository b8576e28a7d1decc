"""Mails that answer an email, as mail programs and servers write them, and the job that works on them."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from itertools import count

from api.mail.return_address import ReturnAddresses
from api.models import IncomingEvent, Send
from api.services.jobs.job_kind import JobRuntime
from api.services.replies.answers_job import answer_chunks
from api.services.replies.incoming import receive_events, receive_mails
from plugins import BounceKind, IncomingMail, ReportedEvent, ReportedKind
from tests.services.world import NOW, World

RETURNS = ReturnAddresses("bounces@example.com", "k3J9-secret-of-the-tests-Qm2x7Zp1")
OWN = ("g@example.com",)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_numbers = count(1_000_001)
"""Their texts sort as they do, because rows are stored in the order of their keys."""


def reply(
    message_id: str | None,
    *,
    sender: str = "ada@example.com",
    to: str = "g@example.com",
    text: str = "Yes, let us talk.",
    headers: dict[str, str] | None = None,
    own_id: str | None = None,
) -> bytes:
    """Return a reply, as a mail program writes it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Ada <{sender}>", to, "Re: Hi you"
    mail["Date"] = format_datetime(NOW)
    mail["Message-ID"] = own_id or f"<reply-{next(_numbers)}@mail.example>"
    if message_id:
        mail["In-Reply-To"] = mail["References"] = message_id
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


def auto_reply(message_id: str | None, **values: str) -> bytes:
    """Return an out-of-office notice."""
    headers = {"Auto-Submitted": "auto-replied"}
    return reply(message_id, text="I am away until Monday.", headers=headers, **values)


def bounce(
    message_id: str | None,
    *recipients: str,
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 No such user",
    action: str = "failed",
    to: str = "g@example.com",
) -> bytes:
    """Return a delivery report (RFC 3464)."""
    fields = "".join(
        f"\r\nFinal-Recipient: rfc822; {each}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {diagnostic}\r\n"
        for each in recipients or ("ada@example.com",)
    )
    original = (
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\nSubject: Hi\r\n\r\n"
        if message_id
        else ""
    )
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Date: {format_datetime(NOW)}\r\nMessage-ID: <dsn-{next(_numbers)}@mx.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n{fields}\r\n"
        f"{original}--b--\r\n"
    ).encode()


def complaint(message_id: str, recipient: str = "ada@example.com") -> bytes:
    """Return a feedback report (RFC 5965)."""
    return (
        "From: feedback@isp.example\r\nTo: g@example.com\r\nSubject: Complaint\r\n"
        f"Message-ID: <arf-{next(_numbers)}@isp.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: abuse\r\nUser-Agent: ISP/1\r\nVersion: 1\r\nOriginal-Rcpt-To: {recipient}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\nTo: {recipient}\r\n\r\n--b--\r\n"
    ).encode()


def runtime_of(world: World, now: datetime = NOW, returns: ReturnAddresses | None = RETURNS) -> JobRuntime:
    """Return the runtime with which the job works on incoming mails at a time."""
    return JobRuntime(world.runtime.context, lambda: now, returns)


async def work(world: World, now: datetime = NOW) -> None:
    """Work on all incoming mails and events that are due."""
    async for _ in answer_chunks(runtime_of(world, now)):
        pass


async def receive(world: World, *mails: bytes, at: datetime = NOW, own: tuple[str, ...] = OWN) -> list[IncomingEvent]:
    """Receive mails at a time, work on them, and return their rows."""
    incoming = [IncomingMail(f"mail-{next(_numbers)}", data, at) for data in mails]
    await receive_mails("imap:TEST", incoming, at, own)
    await work(world, at)
    return await IncomingEvent.filter(key__in=[each.key for each in incoming]).order_by("id")


def event(kind: ReportedKind, at: datetime = NOW, *, bounce: BounceKind | None = None, **values: str) -> ReportedEvent:
    """Return a reported event with a key of its own."""
    return ReportedEvent(f"event-{next(_numbers)}", kind, at, bounce=bounce, **values)


async def report(world: World, *events: ReportedEvent, at: datetime = NOW) -> list[IncomingEvent]:
    """Receive reported events at a time, work on them, and return their rows."""
    await receive_events("webhook:test", events, at)
    await work(world, at)
    return await IncomingEvent.filter(key__in=[each.key for each in events]).order_by("id")


async def sent_email(world: World, number: int = 0) -> Send:
    """Return the first email of a person, by their number."""
    return await Send.get(enrollment_id=world.enrollments[number].id, step__number=1)
