"""A built email reads back as what went into it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.mail.message.compose import ComposedEmail
from api.mail.message.message import MessageProblem, build_message
from api.mail.message.sent_message import Mailbox, SentMessage
from api.mail.message.wire import quoted_printable
from api.mail.text_checks import header_problem
from tests.cases import how_many

WHEN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LINE = st.text(st.characters(exclude_categories=["Cs"]), max_size=120).filter(lambda text: not header_problem(text))
BODY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=300)


def built(subject: str = "Hi", html: str = "<p>x</p>", text: str = "x", name: str = "", **changes: object) -> bytes:
    given = {
        "send_id": "snd_1", "message_id": "<snd_1@example.com>", "sender_name": name, "to_name": name, "date": WHEN,
        "sender_address": "grace@example.com", "to_address": "ada@example.com", "earlier": None,
        "unsubscribe_url": None, "composed": ComposedEmail(subject, html, text),
    }  # fmt: skip
    return build_message(**{**given, **changes})  # type: ignore[arg-type]


@settings(max_examples=how_many(20, 60))
@given(LINE, BODY, BODY)
def test_subject_and_parts(subject: str, html: str, text: str) -> None:
    sent = SentMessage(built(subject.strip(), html, text))
    assert sent.subject == subject.strip()
    assert quoted_printable(sent.html or "") == quoted_printable(html)
    assert quoted_printable(sent.text or "") == quoted_printable(text)


@settings(max_examples=how_many(20, 60))
@given(LINE)
def test_names(name: str) -> None:
    try:
        sent = SentMessage(built(name=name))
    except MessageProblem:
        return
    shown = name.strip() if name.strip() else ""
    (sender,), (recipient,) = sent.mailboxes("from"), sent.mailboxes("to")
    assert sender == Mailbox(recipient.name, "grace@example.com")
    assert recipient.address == "ada@example.com"
    assert "".join(recipient.name.split()) == "".join(shown.split())


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "Лев Толстой", "Ada 'x' Ünger", "O'Brien, Ada", 'A "B" C', "山田 Ada Smith", "a@b.example"]
)
def test_a_usual_name_keeps_every_character(name: str) -> None:
    assert SentMessage(built(name=name)).mailboxes("from") == [Mailbox(name, "grace@example.com")]


def test_headers_are_in_order_and_unfolded() -> None:
    link = "https://t.example.com/unsubscribe/" + "a" * 80
    sent = SentMessage(built(unsubscribe_url=link, unsubscribe_mailto="mailto:u@example.com"))
    assert [header.name for header in sent.headers] == [
        "From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version",
        "Content-Type",
    ]  # fmt: skip
    assert dict(sent.headers)["List-Unsubscribe"] == f"<{link}>, <mailto:u@example.com>"
    assert sent.mailboxes("reply-to") == []
    unicode_address = SentMessage(built(to_address="jörg@example.com"))
    assert unicode_address.mailboxes("to") == [Mailbox("", "jörg@example.com")]
    assert dict(unicode_address.headers)["To"] == "jörg@example.com"
