"""What the answers of many mail servers mean, while we transmit and in two kinds of reports."""

import re
from pathlib import Path

import pytest

from api.mail.reading import read_mail
from plugins.bounce_classification import Phase, Verdict, classify, enhanced_status

FILES = sorted((Path(__file__).parent / "texts").glob("rejections_*.txt"))
LINES = [line for file in FILES for line in file.read_text(encoding="utf-8").splitlines()[1:]]
ROWS = [found.groups() for line in LINES if (found := re.match(r"(HARD|SOFT) (RCPT|DATA) ((\d{3})[ -].*)$", line))]
ORIGINAL = (
    "Received: from a by b; 1\nMessage-ID: <m@vendor.example>\nFrom: rep@vendor.example\nTo: ann@customer.example\n"
)
POSTFIX = """Return-Path: <>
From: MAILER-DAEMON@relay.vendor.example
To: rep@vendor.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<ann@customer.example>: host mx.customer.example[192.0.2.7] said: {answer} (in reply to {command} command)

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.vendor.example

Final-Recipient: rfc822; ann@customer.example
Action: failed
Status: {status}
Diagnostic-Code: smtp; {answer}

--b
Content-Type: message/rfc822

{original}
--b--
"""
QMAIL = """Return-Path: <>
From: MAILER-DAEMON@relay.vendor.example
To: rep@vendor.example
Subject: failure notice

Hi. This is the qmail-send program at relay.vendor.example.

<ann@customer.example>:
192.0.2.7 {command}
Remote host said: {answer}
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.

{original}
"""


@pytest.mark.parametrize(("meaning", "command", "answer", "code"), ROWS)
def test_the_meaning_of_an_answer(meaning: str, command: str, answer: str, code: str) -> None:
    is_rcpt = command == "RCPT"
    verdict = classify(answer[4:], phase=Phase.RCPT if is_rcpt else Phase.CONTENT, code=int(code))
    assert (verdict is Verdict.HARD) == (meaning == "HARD")
    status = enhanced_status(answer) or f"{code[0]}.0.0"
    words = {"answer": answer, "status": status, "original": ORIGINAL}
    postfix = POSTFIX.format(command="RCPT TO" if is_rcpt else "end of DATA", **words)
    qmail = QMAIL.format(command="does not like recipient." if is_rcpt else "failed after I sent the message.", **words)
    for report in (postfix, qmail):
        failures = read_mail(report.encode()).failures
        assert [(each.address, each.kind.value) for each in failures] == [("ann@customer.example", meaning)]


def test_all_answers_are_read() -> None:
    assert len(ROWS) == len(LINES) > 450
