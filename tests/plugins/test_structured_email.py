"""The parts of an email that channels get agree with the bytes that are sent."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from api.mail.message.attachments import AttachedFile, end_of_mixed, part_head, start_of_mixed
from api.mail.message.compose import ComposedEmail, EarlierEmail, EmailContent
from plugins import EmailAddress, EmailAttachment, Outgoing
from tests.cases import how_many
from tests.mail.message.test_message import MOMENT, made
from tests.mail.message.test_wire import BODIES, NASTY, lines

WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)
NAMES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
TEXTS = st.lists(st.one_of(BODIES, NASTY), max_size=4).map("".join)
FILES = st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=2)


@settings(max_examples=how_many(10, 25))
@given(NAMES, NAMES, NAMES, TEXTS, TEXTS, FILES)
def test_the_parts_are_those_of_the_bytes(
    sender: str, person: str, subject: str, text: str, html: str, files: list[tuple[str, bytes]]
) -> None:
    first = EarlierEmail(EmailContent("Hello", "<p>One</p>", None), "<snd_0@example.com>", MOMENT, None)
    copies = ("bea@example.com", "zoë@example.com")
    message = made(ComposedEmail(subject, html, text), sender_name=sender, to_name=person, earlier=first, cc=copies)
    if files:
        parts = [start_of_mixed(message, "snd_1")]
        for name, content in files:
            parts += [part_head(AttachedFile(name, "text/html"), "snd_1"), base64.encodebytes(content)]
        message = b"".join([*parts, end_of_mixed("snd_1")])
    outgoing = Outgoing("snd_1", "grace@example.com", "ada@example.com", message)
    email = outgoing.email
    assert email is outgoing.email
    assert email.sender == EmailAddress("grace@example.com", sender)
    assert email.to == (EmailAddress("ada@example.com", person),)
    assert email.cc == tuple(map(EmailAddress, copies))
    assert email.subject == subject
    assert (email.text, email.html) == (lines(text), lines(html))
    assert email.attachments == tuple(EmailAttachment(name, "text/html", content) for name, content in files)
    headers = dict(email.headers)
    assert set(headers) == {"Date", "Message-ID", "In-Reply-To", "References", "List-Unsubscribe"}
    assert headers["References"] == "<snd_0@example.com>"


def test_a_message_without_parts_has_empty_ones() -> None:
    email = Outgoing("snd_1", "", "", b"Subject: Hi\r\n\r\nHello\r\n").email
    assert (email.sender, email.to, email.subject, email.text, email.html) == (
        EmailAddress(""),
        (),
        "Hi",
        "Hello\n",
        "",
    )
