"""Each kind of mail is told apart."""

import pytest

from api.mail.reading import MailKind, MailReason, read_mail
from plugins.incoming import BounceKind
from tests.mail.reading.mails import mail

REPORT = """--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.example

Original-Recipient: rfc822; ann@customer.example
Final-Recipient: rfc822; lee@inner.customer.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--b
Content-Type: message/rfc822

Message-ID: <first@vendor.example>
From: rep@vendor.example
To: ann@customer.example
Subject: Lunch

Hello
--b--
"""
REPORT_TYPE = 'multipart/report; report-type=delivery-status; boundary="b"'


def report(action: str = "failed", status: str = "5.1.1", diagnostic: str = "550 5.1.1 User unknown") -> bytes:
    body = REPORT.format(action=action, status=status, diagnostic=diagnostic)
    return mail(From="MAILER-DAEMON@mx.customer.example", Content_Type=REPORT_TYPE, body=body)


def test_a_delivery_report_is_a_hard_bounce_of_the_original_recipient() -> None:
    reading = read_mail(report())
    assert reading.kind is MailKind.BOUNCE
    [failure] = reading.failures
    assert (failure.address, failure.kind, failure.status) == ("ann@customer.example", BounceKind.HARD, "5.1.1")
    assert reading.message_ids == ("<first@vendor.example>",)


def test_a_full_mailbox_is_a_soft_bounce() -> None:
    [failure] = read_mail(report(status="5.2.2", diagnostic="552 5.2.2 Mailbox full")).failures
    assert failure.kind is BounceKind.SOFT


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("delayed", MailReason.DELIVERY_DELAYED),
        ("delivered", MailReason.DELIVERY_CONFIRMED),
        ("relayed", MailReason.DELIVERY_CONFIRMED),
        ("expanded", MailReason.DELIVERY_CONFIRMED),
    ],
)
def test_reports_of_other_actions_are_no_bounces(action: str, reason: MailReason) -> None:
    reading = read_mail(report(action=action, status="4.4.1", diagnostic="451 try again"))
    assert (reading.kind, reading.reason.code, reading.failures) == (MailKind.OTHER, reason, ())


def test_an_answer_is_a_reply_with_its_new_text() -> None:
    body = "Yes, gladly.\n\n-- \nAnn Lee\n\nOn Mon, 2 Mar 2026 at 09:00, Rep <rep@vendor.example> wrote:\n> Lunch?\n"
    reading = read_mail(mail("In-Reply-To: <first@vendor.example>", body=body))
    assert (reading.kind, reading.text) == (MailKind.REPLY, "Yes, gladly.")
    assert reading.message_ids == ("<first@vendor.example>",)
    assert (reading.sender, reading.recipients) == ("ann@customer.example", ("rep@vendor.example",))


def test_a_mail_of_our_own_is_own() -> None:
    data = mail("In-Reply-To: <first@vendor.example>", From="Rep <REP@vendor.example>")
    assert read_mail(data, ["rep@vendor.example"]).kind is MailKind.OWN


def test_an_automatic_answer_is_no_reply() -> None:
    data = mail("Auto-Submitted: auto-replied", "In-Reply-To: <first@vendor.example>", body="I am away.")
    assert read_mail(data).kind is MailKind.AUTO_REPLY


@pytest.mark.parametrize(
    ("status", "command", "kind"),
    [
        ("5.0.0", "end of DATA", BounceKind.SOFT),
        ("5.1.1", "end of DATA", BounceKind.HARD),
        ("5.0.0", "RCPT TO", BounceKind.HARD),
        ("5.7.1", "RCPT TO", BounceKind.HARD),
        ("5.7.1", "", BounceKind.SOFT),
        ("5.2.1", "", BounceKind.SOFT),
    ],
)
def test_unknown_counts_by_the_command_that_the_server_rejected(status: str, command: str, kind: BounceKind) -> None:
    suffix = f" (in reply to {command} command)" if command else ""
    [failure] = read_mail(report(status=status, diagnostic=f"550 User unknown{suffix}")).failures
    assert failure.kind is kind


def test_the_status_of_the_server_counts_more_than_that_of_the_report() -> None:
    [failure] = read_mail(report(status="5.1.1", diagnostic="550 5.7.1 IP address blacklisted")).failures
    assert (failure.status, failure.kind) == ("5.7.1", BounceKind.SOFT)
    [failure] = read_mail(
        report(status="5.1.1", diagnostic="550 5.0.0 <ann@customer.example>... unknown user")
    ).failures
    assert (failure.status, failure.kind) == ("5.1.1", BounceKind.HARD)
