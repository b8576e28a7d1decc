"""Answers of people are replies, and answers of programs are not, in many languages."""

from pathlib import Path

import pytest

from api.mail.reading import MailKind, read_mail
from tests.mail.reading.mails import mail

TEXTS = Path(__file__).with_name("texts")
REFERS = "In-Reply-To: <first@vendor.example>"
QUOTE = "\n\nOn Mon, Mar 2, 2026 at 9:00 AM Rep <rep@vendor.example> wrote:\n> Lunch on Thursday?\n> -- \n> Rep\n"


def rows(name: str) -> list[list[str]]:
    lines = (TEXTS / name).read_text(encoding="utf-8").splitlines()[1:]
    return [line.replace("\\n", "\n").split("|") for line in lines]


@pytest.mark.parametrize(("subject", "text"), rows("replies.txt"))
@pytest.mark.parametrize("quote", ["", QUOTE], ids=["alone", "quoting"])
def test_a_person_replies(subject: str, text: str, quote: str) -> None:
    reading = read_mail(mail(REFERS, Subject=subject, body=text + quote))
    assert (reading.kind, reading.message_ids) == (MailKind.REPLY, ("<first@vendor.example>",))


@pytest.mark.parametrize(("header", "subject", "text"), rows("automatic_answers.txt"))
@pytest.mark.parametrize("refers", [(REFERS,), ()], ids=["with In-Reply-To", "without"])
def test_a_program_replies(header: str, subject: str, text: str, refers: tuple[str, ...]) -> None:
    data = mail(*refers, *([header] if header else ()), Subject=subject, body=text)
    assert read_mail(data).kind is MailKind.AUTO_REPLY


def test_a_ticket_number_alone_does_not_make_an_automatic_answer() -> None:
    text = "Your request 1234 has been received by our board. Can we talk on Monday?"
    assert read_mail(mail(REFERS, Subject="Re: Lunch", body=text)).kind is MailKind.REPLY


REPORT = "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; bob@customer.example\nAction: failed\nStatus: 5.1.1\n"
FAILED = "Your mail to Bob could not be delivered: mailbox is full. Use bob.b@customer.example instead."


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (("From: postmaster@customer.example",), FAILED + QUOTE),
        (("From: shop-owner@customer.example",), FAILED + QUOTE),
        (('From: "Mail Administrator" <ann@customer.example>',), FAILED),
        (("Return-Path: <>",), "No thanks."),
        (("Return-Path: <>",), f"{FAILED} We have no interest.{QUOTE}"),
        (("Precedence: bulk",), "Not interested." + QUOTE),
        ((), f"Our log says:\n\n{REPORT}\nIs the address right?"),
        (
            ("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"'),
            "--b\nContent-Type: text/plain\n\nSee what I got.\n--b\nContent-Type: message/delivery-status\n\n"
            f"{REPORT}\n--b--\n",
        ),
    ],
    ids=["postmaster", "owner", "name", "no path", "no path, failure", "bulk", "pasted report", "attached report"],
)
def test_an_answer_of_a_person_about_a_failure_is_a_reply(headers: tuple[str, ...], body: str) -> None:
    fields = {"From": ""} if headers and headers[0].startswith("From") else {}
    assert read_mail(mail(REFERS, *headers, Subject="Re: Lunch", body=body, **fields)).kind is MailKind.REPLY


@pytest.mark.parametrize("refers", [(REFERS,), ()], ids=["with In-Reply-To", "without"])
def test_a_mail_server_that_answers_with_its_reply_reports_a_failure(refers: tuple[str, ...]) -> None:
    text = "Error: Invalid user address\n\n550 - Requested action not taken\n\nRCPT TO: bob@customer.example\n"
    data = mail(*refers, From="post_master@customer.example", Subject="Re:Lunch", body=text)
    assert [each.address for each in read_mail(data).failures] == ["bob@customer.example"]


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Delivered: Lunch", "Your message has been delivered to the following recipients:\n\nann@customer.example"),
        ("Relayed: Lunch", "Delivery to these recipients is complete, but no notification was sent."),
        ("Message quarantined: Lunch", "Your message waits for a decision."),
    ],
)
def test_a_mail_server_does_not_reply(subject: str, text: str) -> None:
    data = mail(REFERS, From="postmaster@customer.example", Subject=subject, body=text)
    assert read_mail(data).kind is MailKind.OTHER


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Read: Lunch", "Your message\n\n   To: Ann\n   Subject: Lunch\n\n was read on Monday, March 2, 2026."),
        ("Not read: Lunch", "Your message\n\n   To: Ann\n\n was deleted without being read on Monday."),
        ("Gelesen: Lunch", "Ihre Nachricht\n\n An: Ann\n Betreff: Lunch\n\nwurde am Montag, 2. März 2026 gelesen."),
        ("Lu : Lunch", "Votre message\n\n À : Ann\n\na été lu le lundi 2 mars 2026."),
        ("Leído: Lunch", "El mensaje\n\n Para: Ann\n\nse leyó el lunes."),
        ("Return Receipt (displayed) - Lunch", "This is a Return Receipt for the mail that you sent to Ann."),
        ("Empfangsbestätigung (angezeigt) - Lunch", "Dies ist eine Empfangsbestätigung für Ihre Nachricht."),
    ],
)
def test_a_read_receipt_without_its_type_is_no_reply(subject: str, text: str) -> None:
    assert read_mail(mail(REFERS, Subject=subject, body=text)).reason.code == "READ_RECEIPT"
    assert read_mail(mail(REFERS, Subject=subject, body="I read it, and I like it.")).kind is MailKind.REPLY
