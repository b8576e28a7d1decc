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
