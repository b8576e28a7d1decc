"""Bounces of servers that write no delivery report: who failed, and whether the address is wrong."""

import re
from pathlib import Path

import pytest

from api.codes.reasons.mail_reasons import MailReason
from api.mail.reading import MailKind, read_mail

HEADER = "From: MAILER-DAEMON@mx.example.jp\nTo: shironeko@example.jp\nSubject: {subject}\n\n"
ORIGINAL = """

Received: from a by b; Thu, 29 Apr 2010 23:34:45 +0900
Message-ID: <m1@example.jp>
From: shironeko@example.jp
To: kijitora@example.com
Subject: Nyaan
Date: Thu, 29 Apr 2010 23:34:45 +0900

hi
"""
TEXTS = Path(__file__).with_name("server_texts.txt").read_text(encoding="utf-8")
"""Texts of servers: a line with === and hard, soft or late, and the subject; then the text."""
BOUNCES = re.findall(r"^=== (\w+) (.*)\n((?:(?!===).*\n?)*)", TEXTS, re.MULTILINE)


@pytest.mark.parametrize(("severity", "subject", "text"), BOUNCES)
def test_the_text_names_the_recipient_and_the_cause(severity: str, subject: str, text: str) -> None:
    reading = read_mail((HEADER.format(subject=subject) + text + ORIGINAL).encode())
    if severity == "late":
        assert (reading.kind, reading.reason.code) == (MailKind.OTHER, MailReason.DELIVERY_DELAYED)
    else:
        assert reading.kind is MailKind.BOUNCE
        assert [failure.kind.value.lower() for failure in reading.failures] == [severity]
    assert reading.people == ("kijitora@example.com",)
    assert reading.message_ids == ("<m1@example.jp>",)


def test_all_texts_are_read() -> None:
    assert len(BOUNCES) == TEXTS.count("=== ") == 34


def test_each_recipient_has_its_own_words() -> None:
    text = """Hi. This is the qmail-send program at a.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<ann@example.com>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <ann@example.com>... User unknown

<bob@example.com>:
192.0.2.1 does not like recipient.
Remote host said: 552 5.2.2 <bob@example.com>... Mailbox full
"""
    reading = read_mail((HEADER.format(subject="failure notice") + text).encode())
    assert [(each.address, each.kind.value, each.status) for each in reading.failures] == [
        ("ann@example.com", "HARD", "5.1.1"),
        ("bob@example.com", "SOFT", "5.2.2"),
    ]


def test_a_failed_recipient_in_a_header_counts_first() -> None:
    header = "From: Mailer-Daemon@a.example\nTo: rep@v.example\nX-Failed-Recipients: ann@example.com\n"
    reading = read_mail((header + "Subject: Mail delivery failed\n\nUnrouteable address: other@example.com").encode())
    assert [each.address for each in reading.failures] == ["ann@example.com"]


def test_a_failure_without_a_recipient_is_no_bounce() -> None:
    reading = read_mail((HEADER.format(subject="Mail delivery failed") + "It failed.").encode())
    assert (reading.kind, reading.reason.code) == (MailKind.OTHER, MailReason.NO_RECIPIENT)


def test_a_bounce_that_a_person_forwards_counts_if_it_has_the_fields_of_a_report() -> None:
    text = "Please see:\n\n> Final-Recipient: rfc822; ann@example.com\n> Action: failed\n> Status: 5.1.1\n"
    data = f"From: boss@v.example\nTo: rep@v.example\nSubject: Fwd: Undelivered Mail\n\n{text}".encode()
    assert [each.address for each in read_mail(data).failures] == ["ann@example.com"]
    assert read_mail(data.replace(b"Action", b"Auction").replace(b"Final-", b"Last-")).kind is not MailKind.BOUNCE
