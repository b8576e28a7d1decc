"""Complaints: feedback reports (RFC 5965), Microsoft's reports, notifications of Amazon SES."""

import json
import re
from pathlib import Path

import pytest

from api.codes.reasons.mail_reasons import MailReason
from api.mail.reading import MailKind, read_mail
from plugins.incoming import BounceKind
from tests.mail.reading.mails import mail

ORIGINAL = """Received: from a by b; 1
Message-ID: <first@vendor.example>
From: Rep <rep@vendor.example>
To: ann@customer.example
Subject: Lunch

Hi
"""
TEXTS = (Path(__file__).parent / "texts" / "complaints.txt").read_text(encoding="utf-8")
FORMATS = dict(re.findall(r"^=== (.*)\n((?:(?!=== ).*\n?)*)", TEXTS.replace("{original}", ORIGINAL), re.MULTILINE))
FEEDBACK = """--b
Content-Type: text/plain

This is a report.

--b
Content-Type: message/feedback-report

Feedback-Type: {type}
User-Agent: Test/1.0
Version: 1
Original-Rcpt-To: <ann@customer.example>

--b
Content-Type: message/rfc822

Message-ID: <first@vendor.example>
From: rep@vendor.example
To: ann@customer.example
Subject: Lunch

Hi
--b--
"""


def feedback(kind: str) -> bytes:
    header = 'multipart/report; report-type=feedback-report; boundary="b"'
    return mail(From="fbl@provider.example", Subject="FW: Lunch", Content_Type=header, body=FEEDBACK.format(type=kind))


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out", "Abuse", "other", "virus"])
def test_a_feedback_report_is_a_complaint(kind: str) -> None:
    reading = read_mail(feedback(kind))
    assert (reading.kind, reading.people) == (MailKind.COMPLAINT, ("ann@customer.example",))
    assert reading.message_ids == ("<first@vendor.example>",)


def test_a_feedback_report_without_its_parts_is_a_complaint() -> None:
    text = FEEDBACK.format(type="abuse").partition("feedback-report\n\n")[2].partition("--b")[0]
    reading = read_mail(mail(From="fbl@provider.example", Subject="Abuse report", body=f"A report.\n\n{text}"))
    assert (reading.kind, reading.people) == (MailKind.COMPLAINT, ("ann@customer.example",))


def test_a_reply_that_names_a_feedback_type_is_a_reply() -> None:
    data = mail("In-Reply-To: <m@v>", body="What is this?\n\nFeedback-Type: abuse\n")
    assert read_mail(data).kind is MailKind.REPLY


@pytest.mark.parametrize("kind", ["auth-failure", "not-spam", "dmarc"])
def test_other_feedback_is_not_a_complaint(kind: str) -> None:
    reading = read_mail(feedback(kind))
    assert (reading.kind, reading.reason.code) == (MailKind.OTHER, MailReason.NOT_A_COMPLAINT)


def test_a_report_of_microsoft_is_a_complaint() -> None:
    body = (
        "--b\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: ann@customer.example\n"
        "Message-ID: <m@v>\n\nHi\n--b--\n"
    )
    data = mail(
        From="staff@hotmail.com",
        Subject="complaint about message from 192.0.2.1",
        Content_Type='multipart/mixed; boundary="b"',
        body=body,
    )
    reading = read_mail(data)
    assert (reading.kind, reading.people) == (MailKind.COMPLAINT, ("ann@customer.example",))


def notification(kind: str, **about: object) -> bytes:
    mail_object = {"messageId": "ses-id", "commonHeaders": {"messageId": "<first@vendor.example>"}}
    data = {"notificationType": kind, kind.lower(): about, "mail": mail_object}
    return mail(From="no-reply@sns.amazonaws.com", Subject="AWS Notification Message", body=json.dumps(data))


def test_notifications_of_amazon_ses() -> None:
    ann = {"emailAddress": "ann@customer.example"}
    complaint = read_mail(notification("Complaint", complainedRecipients=[ann], complaintFeedbackType="abuse"))
    assert (complaint.kind, complaint.people) == (MailKind.COMPLAINT, ("ann@customer.example",))
    assert complaint.message_ids[0] == "<first@vendor.example>"
    diagnostic = {**ann, "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    [failure] = read_mail(notification("Bounce", bouncedRecipients=[diagnostic])).failures
    assert (failure.address, failure.kind, failure.status) == ("ann@customer.example", BounceKind.HARD, "5.1.1")
    delivery = read_mail(notification("Delivery", recipients=["ann@customer.example"]))
    assert (delivery.kind, delivery.reason.code) == (MailKind.OTHER, MailReason.DELIVERY_CONFIRMED)


def test_a_read_receipt_is_not_a_reply() -> None:
    body = "--b\nContent-Type: message/disposition-notification\n\nDisposition: manual-action; displayed\n--b--\n"
    data = mail("In-Reply-To: <m@v>", Subject="Read: Lunch", Content_Type='multipart/report; boundary="b"', body=body)
    assert read_mail(data).reason.code is MailReason.READ_RECEIPT


def test_a_click_on_unsubscribe_in_apple_mail_is_a_complaint() -> None:
    data = mail("Auto-Submitted: auto-replied", "X-Apple-Unsubscribe: true", Subject="unsubscribe", body="Unsubscribe")
    reading = read_mail(data)
    assert (reading.kind, reading.people) == (MailKind.COMPLAINT, ("ann@customer.example",))


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_each_format_names_who_complained_about_which_email(text: str) -> None:
    reading = read_mail(text.encode())
    assert (reading.kind, reading.people) == (MailKind.COMPLAINT, ("ann@customer.example",))
    assert reading.message_ids == ("<first@vendor.example>",)


def test_a_complaint_that_a_mailbox_forwards_is_about_the_email() -> None:
    inner = feedback("abuse").decode().replace("\r\n", "\n")
    body = f"--o\nContent-Type: text/plain\n\nSee below.\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    data = mail(
        From="abuse@vendor.example", Subject="Fwd: Report", Content_Type="multipart/mixed; boundary=o", body=body
    )
    reading = read_mail(data)
    assert (reading.kind, reading.people) == (MailKind.COMPLAINT, ("ann@customer.example",))
    assert reading.message_ids[0] == "<first@vendor.example>"


@pytest.mark.parametrize("subject", ["Re: Abuse report", "Fwd: Spam complaint", "Re: Lunch"])
def test_a_person_who_writes_about_complaints_replies(subject: str) -> None:
    text = "I marked your message as spam, sorry. Was that a spam complaint?"
    assert read_mail(mail("In-Reply-To: <m@v>", Subject=subject, body=text)).kind is MailKind.REPLY
